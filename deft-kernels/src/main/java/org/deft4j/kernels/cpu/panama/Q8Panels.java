package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.intAt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.Halves;

/**
 * The layout of Q8_0 panels, {@code [32 / S][k / 32][9][S]}: for each block of 32 input features S
 * float32 scales, then eight times S ints of four bytes, S being two vectors. What a loop reads is
 * one stream: with the scales in a stream of their own, memory's latency showed at the beginning of
 * each panel.
 *
 * <p>An int holds bytes q0 to q3 as {@code q3 * 2^24 + (q2 * 2^16 + q1 * 2^8 + q0 mod 2^24)}, the
 * lower three with their signs. Shifted left by 24, 16 and 8 and taken as signed, it is 2^24 times
 * q0, q1 + q0 / 2^8 and q2 + q1 / 2^8 + q0 / 2^16, all exact in float32 and had with one
 * instruction each where a byte alone takes two. {@link #prepare} changes the activations so that
 * the products come out the same; the scales make up for 2^24. Bytes of -128, which quantizers do
 * not write, would overflow: such weights are kept in float32.
 */
final class Q8Panels {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Q8Panels() {}

  static int panelInts(int cols) {
    return Math.multiplyExact(cols, 9);
  }

  /** Where int {@code q} of row {@code r} of a panel is. */
  static int wordAt(int at, int q, int r, int cols) {
    return scaleAt(at, q / 8, r, cols) + (1 + q % 8) * Tiles.COLS;
  }

  /** Where the scale of block {@code b} of row {@code r} is. */
  static int scaleAt(int at, int b, int r, int cols) {
    int s = Tiles.COLS;
    return at + r / s * s * (cols / 32 * 9) + b * 9 * s + r % s;
  }

  /** Whether some byte of the row is -128. */
  static boolean hasLeastByte(Weights w, int row) {
    long at = row * w.type().rowBytes(w.cols());
    boolean bad = false;
    for (int b = 0; b < w.cols() / 32; b++, at += 34) {
      for (int i = 0; i < 32; i++) {
        bad |= w.data().get(ValueLayout.JAVA_BYTE, at + 2 + i) == Byte.MIN_VALUE;
      }
    }
    return bad;
  }

  static void pack(Weights w, int row, int n, int[] to, int at) {
    int cols = w.cols();
    MemorySegment from = w.data();
    for (int r = 0; r < n; r++) {
      long src = (row + r) * w.type().rowBytes(cols);
      for (int b = 0; b < cols / 32; b++, src += 34) {
        float scale = Halves.fromF16(from.get(SHORT, src));
        to[scaleAt(at, b, r, cols)] = Float.floatToRawIntBits(scale * 0x1p-24f);
        for (int q = 0; q < 8; q++) {
          int v = from.get(INT, src + 2 + 4L * q);
          int low = ((byte) (v >> 16) << 16) + ((byte) (v >> 8) << 8) + (byte) v;
          to[wordAt(at, b * 8 + q, r, cols)] = v & 0xFF000000 | low & 0x00FFFFFF;
        }
      }
    }
  }

  static void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
    for (int k = 0; k < cols; k += 4) {
      float scale = Float.intBitsToFloat(intAt(s, scaleAt(0, k / 32, r, cols))) * 0x1p24f;
      int v = intAt(s, wordAt(0, k / 4, r, cols));
      dst[offset + k] = scale * (byte) v;
      dst[offset + k + 1] = scale * (byte) (v + 0x80 >> 8);
      dst[offset + k + 2] = scale * (byte) (v + 0x8080 >> 16);
      dst[offset + k + 3] = scale * (v >> 24);
    }
  }

  /** Activations that make up for what the lower bytes of a word add to those above. */
  static void prepare(float[] x, int from, int n, float[] to, int at, int step) {
    for (int k = 0; k < n; k += 4) {
      float x1 = x[from + k + 1];
      float x2 = x[from + k + 2];
      int t = at + k * step;
      to[t] = x[from + k] - x1 * 0x1p-8f;
      to[t + step] = x1 - x2 * 0x1p-8f;
      to[t + 2 * step] = x2;
      to[t + 3 * step] = x[from + k + 3];
    }
  }
}
