package org.deft4j.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Weights in host memory, {@code [rows][cols]} row-major, as they lie in a model file.
 *
 * @param type how a value is stored
 * @param rows output features
 * @param cols input features, a multiple of {@link WeightType#blockSize()}
 * @param data exactly {@code rows * type.rowBytes(cols)} bytes, of any alignment, in memory that
 *     every thread may read (a heap array, a mapped file of a shared arena)
 */
public record Weights(WeightType type, int rows, int cols, MemorySegment data) {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * Checks the shape against the size.
   *
   * @throws IllegalArgumentException if they differ
   */
  public Weights {
    if (rows < 1) {
      throw new IllegalArgumentException("rows " + rows + " < 1");
    }
    long bytes = Math.multiplyExact(type.rowBytes(cols), (long) rows);
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          type + " [" + rows + "][" + cols + "] takes " + bytes + " bytes, not " + data.byteSize());
    }
  }

  /** Weights of type {@link WeightType#F32} from an array. */
  public static Weights of(int rows, int cols, float[] values) {
    return new Weights(WeightType.F32, rows, cols, MemorySegment.ofArray(values.clone()));
  }

  /** Writes row {@code row} as float32 to {@code dst[offset...]}, exactly. */
  public void decodeRow(int row, float[] dst, int offset) {
    long at = Objects.checkIndex(row, rows) * type.rowBytes(cols);
    switch (type) {
      case F32 -> {
        for (int i = 0; i < cols; i++) {
          dst[offset + i] = Float.intBitsToFloat(data.get(INT, at + 4L * i));
        }
      }
      case F16 -> {
        for (int i = 0; i < cols; i++) {
          dst[offset + i] = Float.float16ToFloat(data.get(SHORT, at + 2L * i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < cols; i++) {
          dst[offset + i] = Float.intBitsToFloat(data.get(SHORT, at + 2L * i) << 16);
        }
      }
      default -> {
        QuantizedRow quants = new QuantizedRow(type, cols);
        quants.read(data, at);
        quants.decode(dst, offset);
      }
    }
  }
}
