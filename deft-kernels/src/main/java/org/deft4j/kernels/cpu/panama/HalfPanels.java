package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.intAt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.deft4j.kernels.Weights;

/** The layout of binary16 and bfloat16 panels: {@code [k / 2][32][2]}, the even k low. */
final class HalfPanels {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private HalfPanels() {}

  static int panelInts(int cols) {
    return Math.multiplyExact((cols + 1) / 2, 32);
  }

  /** Whether some binary16 of the row is infinite or no number. */
  static boolean hasSpecials(Weights w, int row) {
    long at = row * w.type().rowBytes(w.cols());
    boolean bad = false;
    for (int i = 0; i < w.cols(); i++) {
      bad |= (w.data().get(SHORT, at + i * 2L) & 0x7C00) == 0x7C00;
    }
    return bad;
  }

  static void pack(Weights w, int row, int n, int[] to, int at) {
    int cols = w.cols();
    for (int r = 0; r < n; r++) {
      long src = (long) (row + r) * cols * 2;
      for (int k = 0; k < cols; k++) {
        int bits = w.data().get(SHORT, src + k * 2L) & 0xFFFF;
        to[at + k / 2 * 32 + r] |= bits << k % 2 * 16;
      }
    }
  }

  /** The 16 bits of input feature {@code k} of row {@code r}. */
  static short bits(MemorySegment s, int k, int r) {
    return (short) (intAt(s, k / 2 * 32 + r) >> k % 2 * 16);
  }
}
