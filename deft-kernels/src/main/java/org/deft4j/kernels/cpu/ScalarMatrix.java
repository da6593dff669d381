package org.deft4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.deft4j.kernels.Weights;

/** Weights as they lie in the host memory that was given. */
final class ScalarMatrix extends CpuMatrix {
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Weights[] parts;

  ScalarMatrix(Weights[] parts) {
    super(parts);
    this.parts = parts;
  }

  @Override
  public long bytes() {
    return rows() * type().rowBytes(cols());
  }

  @Override
  public void decodeRow(int row, float[] dst, int offset) {
    int r = row;
    for (Weights p : parts) {
      if (r < p.rows()) {
        decode(p, r, dst, offset);
        return;
      }
      r -= p.rows();
    }
    throw new IndexOutOfBoundsException("row " + row);
  }

  /** Writes row {@code row} of some weights as float32. */
  static void decode(Weights w, int row, float[] dst, int offset) {
    int cols = w.cols();
    long at = row * w.type().rowBytes(cols);
    MemorySegment data = w.data();
    switch (w.type()) {
      case F32 -> {
        for (int i = 0; i < cols; i++) {
          dst[offset + i] = Float.intBitsToFloat(data.get(INT, at + 4L * i));
        }
      }
      case F16 -> {
        for (int i = 0; i < cols; i++) {
          dst[offset + i] = Halves.fromF16(data.get(SHORT, at + 2L * i));
        }
      }
      case BF16 -> {
        for (int i = 0; i < cols; i++) {
          dst[offset + i] = Halves.fromBf16(data.get(SHORT, at + 2L * i));
        }
      }
      case Q8_0 -> {
        for (int b = 0; b < cols / 32; b++, at += 34) {
          float scale = Halves.fromF16(data.get(SHORT, at));
          for (int i = 0; i < 32; i++) {
            dst[offset + b * 32 + i] = scale * data.get(ValueLayout.JAVA_BYTE, at + 2 + i);
          }
        }
      }
    }
  }

  @Override
  public void close() {
    // The host memory is the caller's.
  }
}
