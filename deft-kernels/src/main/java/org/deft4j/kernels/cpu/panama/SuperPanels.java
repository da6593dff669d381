package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.PANEL;
import static org.deft4j.kernels.cpu.panama.Lanes.intAt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.deft4j.kernels.QuantizedRow;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;

/**
 * The layout of Q4_K and Q6_K panels, hardly larger than the file: 4.625 and 6.5625 bits a weight,
 * so that a product of one row, which memory bounds, is as fast as the file's size allows.
 *
 * <p>{@code [PANEL / S][cols / 256][words][L]} ints, S = 2 L rows: lane i of a word holds row i of
 * the S in its low half, row L + i in its high half. A block of 256 input features is
 *
 * <ul>
 *   <li>Q4_K: 64 words of four quants each, two words of binary16 scale and minimum (one for the
 *       low halves' rows, one for the high halves'), four words of 6-bit scales and four of minima:
 *       a byte each for groups 2i and 2i + 1 of 32, low rows before high ones
 *   <li>Q6_K: 32 times three words of eight quants (two at bits 0 and 6 of each; of the last two,
 *       the low four bits at bit 12 of the first and second word, the high ones at bits 12 and 14
 *       of the third), a word of binary16 scales, eight words of signed scales of groups of 16
 * </ul>
 *
 * <p>Scales follow the quants because processors prefetch what ascends: a loop that took them first
 * and went back ran at half the speed from memory.
 */
final class SuperPanels {
  /** Ints of scratch that {@link SuperProducts#expand4} needs. */
  static final int SCRATCH = 4 * 16 * Lanes.L;

  /** Input features that share a binary16 scale. */
  static final int BLOCK = 256;

  /** Where the words behind the quants begin. */
  static final int QUANTS4 = 64;

  static final int QUANTS6 = 96;
  static final int WORDS4 = QUANTS4 + 10;
  static final int WORDS6 = QUANTS6 + 9;

  /** Rows side by side in a word. */
  static final int ROWS = 2 * L;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private SuperPanels() {}

  static int words(boolean six) {
    return six ? WORDS6 : WORDS4;
  }

  static int panelInts(boolean six, int cols) {
    return Math.multiplyExact(cols / BLOCK, words(six) * PANEL / 2);
  }

  /** Where word 0 of block {@code b} of row {@code r} is; its lane is the row's. */
  private static int block(boolean six, int at, int b, int r, int cols) {
    return at + (r / ROWS * (cols / BLOCK) + b) * words(six) * L + r % L;
  }

  /** Whether some scale of the row is no finite number. */
  static boolean hasSpecials(Weights w, int row) {
    boolean six = w.type() == WeightType.Q6_K;
    long at = row * w.type().rowBytes(w.cols());
    boolean bad = false;
    for (int b = 0; b < w.cols() / BLOCK; b++, at += w.type().blockBytes()) {
      bad |= special(w.data().get(SHORT, six ? at + 208 : at));
      bad |= !six && special(w.data().get(SHORT, at + 2));
    }
    return bad;
  }

  private static boolean special(short half) {
    return (half & 0x7C00) == 0x7C00;
  }

  static void pack(boolean six, Weights w, int row, int n, int[] to, int at) {
    int cols = w.cols();
    MemorySegment data = w.data();
    QuantizedRow quants = new QuantizedRow(w.type(), cols);
    for (int r = 0; r < n; r++) {
      long from = (row + r) * w.type().rowBytes(cols);
      quants.read(data, from);
      int high = r % ROWS / L;
      for (int b = 0; b < cols / BLOCK; b++, from += w.type().blockBytes()) {
        int o = block(six, at, b, r, cols);
        if (six) {
          packQuants6(quants.quants(), b * BLOCK, to, o, high * 16);
          to[o + QUANTS6 * L] |= (data.get(SHORT, from + 208) & 0xFFFF) << high * 16;
          for (int g = 0; g < 16; g++) {
            int scale = data.get(ValueLayout.JAVA_BYTE, from + 192 + g) & 255;
            to[o + (QUANTS6 + 1 + g / 2) * L] |= scale << scaleShift(g, high);
          }
        } else {
          packQuants4(quants.quants(), b * BLOCK, to, o, high * 16);
          to[o + (QUANTS4 + high) * L] =
              data.get(SHORT, from) & 0xFFFF | data.get(SHORT, from + 2) << 16;
          for (int g = 0; g < 8; g++) {
            int s = scaleShift(g, high);
            int t = o + (QUANTS4 + 2 + g / 2) * L;
            to[t] |= QuantizedRow.groupScale(data, from, g) << s;
            to[t + 4 * L] |= QuantizedRow.groupMin(data, from, g) << s;
          }
        }
      }
    }
  }

  private static int scaleShift(int group, int high) {
    return group % 2 * 16 + high * 8;
  }

  private static void packQuants4(byte[] q, int k, int[] to, int at, int shift) {
    for (int i = 0; i < QUANTS4; i++) {
      int t = k + i * 4;
      int v = q[t] & 15 | (q[t + 1] & 15) << 4 | (q[t + 2] & 15) << 8 | (q[t + 3] & 15) << 12;
      to[at + i * L] |= v << shift;
    }
  }

  private static void packQuants6(byte[] q, int k, int[] to, int at, int shift) {
    for (int i = 0; i < QUANTS6; i += 3) {
      int t = k + i / 3 * 8;
      int ends = q[t + 6] >> 4 & 3 | (q[t + 7] >> 4 & 3) << 2;
      to[at + i * L] |= (q[t] & 63 | (q[t + 1] & 63) << 6 | (q[t + 6] & 15) << 12) << shift;
      to[at + (i + 1) * L] |=
          (q[t + 2] & 63 | (q[t + 3] & 63) << 6 | (q[t + 7] & 15) << 12) << shift;
      to[at + (i + 2) * L] |= (q[t + 4] & 63 | (q[t + 5] & 63) << 6 | ends << 12) << shift;
    }
  }

  static void decode(boolean six, MemorySegment s, int r, int cols, float[] dst, int offset) {
    int high = r % ROWS / L;
    for (int k = 0; k < cols; k++) {
      int o = block(six, 0, k / BLOCK, r, cols);
      if (six) {
        int g = k % BLOCK / 16;
        float d = Float.float16ToFloat((short) (intAt(s, o + QUANTS6 * L) >> high * 16));
        byte scale = (byte) (intAt(s, o + (QUANTS6 + 1 + g / 2) * L) >> scaleShift(g, high));
        dst[offset + k] = d * scale * (quant6(s, o + k % BLOCK / 8 * 3 * L, k % 8, high) - 32);
      } else {
        int g = k % BLOCK / 32;
        int halves = intAt(s, o + (QUANTS4 + high) * L);
        int t = o + (QUANTS4 + 2 + g / 2) * L;
        int shift = scaleShift(g, high);
        int q = intAt(s, o + k % BLOCK / 4 * L) >>> high * 16 + k % 4 * 4 & 15;
        float min =
            Float.float16ToFloat((short) (halves >> 16)) * (intAt(s, t + 4 * L) >> shift & 63);
        dst[offset + k] =
            Float.float16ToFloat((short) halves) * (intAt(s, t) >> shift & 63) * q - min;
      }
    }
  }

  private static int quant6(MemorySegment s, int at, int k, int high) {
    int shift = high * 16;
    if (k < 6) {
      return intAt(s, at + k / 2 * L) >>> shift + k % 2 * 6 & 63;
    }
    int low = intAt(s, at + (k - 6) * L) >>> shift + 12 & 15;
    return low | (intAt(s, at + 2 * L) >>> shift + 12 + (k - 6) * 2 & 3) << 4;
  }
}
