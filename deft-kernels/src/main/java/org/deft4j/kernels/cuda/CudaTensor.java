package org.deft4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.deft4j.kernels.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Activations on the device, in float32 or 16 bits. A row takes {@link #stride} values, a multiple
 * of eight; those past the columns stay zero.
 */
final class CudaTensor implements Tensor {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final DeviceMemory memory;
  private final DeviceBuffer buffer;
  private final int rows;
  private final int cols;
  private final DType type;
  private long version;
  private @Nullable CarriedNorm carried;
  private @Nullable DeviceBuffer squares;

  CudaTensor(CudaDevice device, int rows, int cols, DType type) {
    if (rows < 1 || cols < 1) {
      throw new IllegalArgumentException("tensor of [" + rows + "][" + cols + "]");
    }
    memory = device.memory();
    this.rows = rows;
    this.cols = cols;
    this.type = type;
    long bytes = (long) rows * stride(cols) * type.bytes();
    buffer = memory.cleared(bytes, "activations");
  }

  /** Values from a row to the next. */
  static int stride(int cols) {
    return (cols + 7) & -8;
  }

  int stride() {
    return stride(cols);
  }

  DType type() {
    return type;
  }

  /**
   * What it holds.
   *
   * @throws IllegalStateException if a norm of it is not finished
   */
  DeviceBuffer buffer() {
    if (carried != null) {
      throw new IllegalStateException(
          "rows whose norm is left to a product may be read by products only");
    }
    return buffer;
  }

  /** Values whose rows still have to be scaled. */
  DeviceBuffer unscaled() {
    return buffer;
  }

  /** The norm that its rows still have to be scaled for; null if they are as they should be. */
  @Nullable CarriedNorm carried() {
    return carried;
  }

  /** Room for the sums of squares of a norm that it carries, once taken kept. */
  DeviceBuffer squares(int bytes) {
    DeviceBuffer s = squares;
    if (s == null || s.bytes() < bytes) {
      s = memory.allocate(bytes, "sums of squares");
      if (squares != null) {
        squares.close();
      }
      squares = s;
    }
    return s;
  }

  /** Tells that its new contents still have to be scaled. */
  void carry(CarriedNorm norm) {
    changed();
    carried = norm;
  }

  /** Grows whenever the contents change. */
  long version() {
    return version;
  }

  /** To be called by whoever changes what it holds, rather than replacing it. */
  CudaTensor updated() {
    buffer();
    return changed();
  }

  /** To be called by whoever replaces the contents. */
  CudaTensor changed() {
    version++;
    carried = null;
    return this;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int cols() {
    return cols;
  }

  @Override
  public void write(int row, int n, float[] src, int offset) {
    check(row, n, src.length, offset);
    DeviceBuffer buffer = n == rows ? this.buffer : buffer();
    int stride = stride();
    long rowBytes = (long) stride * type.bytes();
    MemorySegment data = MemorySegment.ofArray(new byte[Math.toIntExact(n * rowBytes)]);
    for (int r = 0; r < n; r++) {
      for (int c = 0; c < cols; c++) {
        float x = src[offset + r * cols + c];
        if (type == DType.F32) {
          data.set(FLOAT, r * rowBytes + 4L * c, x);
        } else {
          data.set(SHORT, r * rowBytes + 2L * c, type.encode(x));
        }
      }
    }
    memory.upload(buffer, row * rowBytes, data);
    changed();
  }

  @Override
  public void read(int row, int n, float[] dst, int offset) {
    check(row, n, dst.length, offset);
    DeviceBuffer buffer = buffer();
    int stride = stride();
    long rowBytes = (long) stride * type.bytes();
    if (type == DType.F32 && stride == cols) {
      MemorySegment to = MemorySegment.ofArray(dst).asSlice(4L * offset, 4L * n * cols);
      memory.download(buffer, row * rowBytes, to);
      return;
    }
    MemorySegment data = MemorySegment.ofArray(new byte[Math.toIntExact(n * rowBytes)]);
    memory.download(buffer, row * rowBytes, data);
    for (int r = 0; r < n; r++) {
      for (int c = 0; c < cols; c++) {
        dst[offset + r * cols + c] =
            type == DType.F32
                ? data.get(FLOAT, r * rowBytes + 4L * c)
                : type.decode(data.get(SHORT, r * rowBytes + 2L * c));
      }
    }
  }

  private void check(int row, int n, int length, int offset) {
    if (row < 0 || n < 0 || n > rows - row || offset < 0 || (long) n * cols > length - offset) {
      throw new IndexOutOfBoundsException(
          n + " rows from " + row + " of " + rows + ", at " + offset + " of " + length + " values");
    }
  }

  @Override
  public void close() {
    if (squares != null) {
      squares.close();
    }
    buffer.close();
  }
}
