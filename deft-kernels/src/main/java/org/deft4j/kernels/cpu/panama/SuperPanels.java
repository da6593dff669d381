package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.PANEL;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;
import static org.deft4j.kernels.cpu.panama.Lanes.loadInts;
import static org.deft4j.kernels.cpu.panama.Lanes.toFloat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.deft4j.kernels.QuantizedRow;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;

/**
 * Panels of Q4_K and Q6_K that are hardly larger than the file: 4.625 and 6.625 bits a weight, so
 * that a product of one row, which memory bounds, is as fast as the file's size allows.
 *
 * <p>{@code [32 / L][cols / 256][words][L]}: a block of 256 input features is a word of one or two
 * binary16 scales, four words of four bytes each (Q4_K: scale and minimum of groups 2i and 2i + 1
 * of 32; Q6_K: scales of groups 4i to 4i + 3 of 16), for Q6_K sixteen words of two high bits, then
 * 32 words of eight low nibbles. What a loop reads is one stream.
 *
 * <p>As in {@link GroupedPanels} a nibble is masked out where it stands, 2^(4i) times its value,
 * and the activations are divided by that power. The high bits of Q6_K lie where, rotated, they
 * stand above the nibble that they belong to.
 *
 * <p>The scales of a block are unpacked into scratch first, and its minima multiplied by the sums
 * of the groups' activations there: in the loop over quants they would be unpacked for each word.
 */
final class SuperPanels {
  /** Floats of scratch that a call needs. */
  static final int SCRATCH = 2 * 16 * PANEL;

  private static final int BLOCK = 256;
  private static final int LOWS = 32;
  private static final int HEADER = 5;
  private static final int WORDS4 = HEADER + LOWS;
  private static final int WORDS6 = HEADER + 16 + LOWS;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private SuperPanels() {}

  private static int words(boolean six) {
    return six ? WORDS6 : WORDS4;
  }

  private static int group(boolean six) {
    return six ? 16 : 32;
  }

  static int panelInts(boolean six, int cols) {
    return Math.multiplyExact(cols / BLOCK, words(six) * PANEL);
  }

  /** Where word 0 of block {@code b} of row {@code r} is. */
  private static int block(boolean six, int at, int b, int r, int cols) {
    return at + (r / L * (cols / BLOCK) + b) * words(six) * L + r % L;
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
      for (int b = 0; b < cols / BLOCK; b++, from += w.type().blockBytes()) {
        int o = block(six, at, b, r, cols);
        if (six) {
          to[o] = data.get(SHORT, from + 208) & 0xFFFF;
          for (int g = 0; g < 16; g++) {
            int scale = data.get(ValueLayout.JAVA_BYTE, from + 192 + g) & 255;
            to[o + (1 + g / 4) * L] |= scale << g % 4 * 8;
          }
          packHighs(quants.quants(), b * BLOCK, to, o + HEADER * L);
        } else {
          to[o] = data.get(SHORT, from) & 0xFFFF | data.get(SHORT, from + 2) << 16;
          for (int g = 0; g < 8; g++) {
            int pair =
                QuantizedRow.groupScale(data, from, g) | QuantizedRow.groupMin(data, from, g) << 8;
            to[o + (1 + g / 2) * L] |= pair << g % 2 * 16;
          }
        }
        packLows(quants.quants(), b * BLOCK, to, o + (words(six) - LOWS) * L);
      }
    }
  }

  private static void packLows(byte[] q, int k, int[] to, int at) {
    for (int i = 0; i < LOWS; i++) {
      int v = 0;
      for (int j = 0; j < 8; j++) {
        v |= (q[k + i * 8 + j] & 15) << j * 4;
      }
      to[at + i * L] = v;
    }
  }

  private static void packHighs(byte[] q, int k, int[] to, int at) {
    for (int i = 0; i < LOWS; i++) {
      int v = 0;
      for (int j = 0; j < 8; j++) {
        v |= (q[k + i * 8 + j] >> 4 & 3) << highBit(i, j);
      }
      to[at + i / 2 * L] |= v;
    }
  }

  /** Where the high bits of nibble {@code j} of word {@code i} stand; {@link #high} undoes it. */
  private static int highBit(int i, int j) {
    return (4 * j + 4) % 32 + 2 * (i % 2);
  }

  static void decode(boolean six, int[] s, int at, int r, int cols, float[] dst, int offset) {
    for (int k = 0; k < cols; k++) {
      int o = block(six, at, k / BLOCK, r, cols);
      int i = k % BLOCK / 8;
      int q = s[o + (words(six) - LOWS + i) * L] >>> k % 8 * 4 & 15;
      float d = Float.float16ToFloat((short) s[o]);
      if (six) {
        int g = k % BLOCK / 16;
        q |= (s[o + (HEADER + i / 2) * L] >>> highBit(i, k % 8) & 3) << 4;
        dst[offset + k] = d * (byte) (s[o + (1 + g / 4) * L] >> g % 4 * 8) * (q - 32);
      } else {
        int g = k % BLOCK / 32;
        int pair = s[o + (1 + g / 2) * L] >>> g % 2 * 16;
        float min = Float.float16ToFloat((short) (s[o] >> 16)) * (pair >> 8 & 255);
        dst[offset + k] = d * (pair & 255) * q - min;
      }
    }
  }

  /** Activations for the expansions: words are taken in halves of four nibbles. */
  static void prepare(float[] x, int from, int n, float[] to, int at, int step) {
    for (int k = 0; k < n; k += 4) {
      int t = at + k * step;
      to[t] = x[from + k];
      to[t + step] = x[from + k + 1] * 0x1p-4f;
      to[t + 2 * step] = x[from + k + 2] * 0x1p-8f;
      to[t + 3 * step] = x[from + k + 3] * 0x1p-12f;
    }
  }

  /** One row as products take it, and behind it what its groups' minima are multiplied by. */
  static void prepareRow(boolean six, float[] x, int cols, float[] to) {
    if (six) {
      prepare(x, 0, cols, to, 0, 1);
    } else {
      GroupedPanels.prepare(4, x, 0, cols, to, 0, 1);
    }
    int group = group(six);
    for (int g = 0; g < cols / group; g++) {
      float sum = 0;
      for (int k = 0; k < group; k++) {
        sum += x[g * group + k];
      }
      to[cols + g] = six ? -32 * sum : -sum;
    }
  }

  static int preparedLength(boolean six, int cols) {
    return cols + cols / group(six);
  }

  /**
   * One prepared row times panel {@code a} of Q4_K and, unless negative, panel {@code b}; scratch
   * lies at {@code acc[2 * PANEL...]}.
   */
  static void multiply4(int[] s, int a, int b, int cols, float[] x, int xAt, float[] acc) {
    int scratch = 2 * PANEL;
    int o = a;
    for (int j = 0; j < (b < 0 ? PANEL : 2 * PANEL); j += L) {
      o = j == PANEL ? b : o;
      FloatVector.zero(Lanes.F).intoArray(acc, j);
      for (int k = 0; k < cols; k += BLOCK) {
        int group = xAt + cols + k / 32;
        FloatVector sum = load(acc, j);
        IntVector halves = loadInts(s, o);
        FloatVector d = Expansions.f16Low(halves).mul(0x1p112f);
        FloatVector m = Expansions.f16High(halves).mul(0x1p112f);
        for (int g = 0; g < 8; g += 2) {
          IntVector v = loadInts(s, o + (1 + (g >> 1)) * L);
          toFloat(v.and(255)).mul(d).intoArray(acc, scratch + g * L);
          octet(v, 16).mul(d).intoArray(acc, scratch + g * L + L);
          sum = octet(v, 8).mul(m).fma(all(x[group + g]), sum);
          sum = octet(v, 24).mul(m).fma(all(x[group + g + 1]), sum);
        }
        sum.intoArray(acc, j);
        quants4(s, o + HEADER * L, x, xAt + k, acc, j, scratch);
        o += WORDS4 * L;
      }
    }
  }

  /** The same for Q6_K. */
  static void multiply6(int[] s, int a, int b, int cols, float[] x, int xAt, float[] acc) {
    int scratch = 2 * PANEL;
    int o = a;
    for (int j = 0; j < (b < 0 ? PANEL : 2 * PANEL); j += L) {
      o = j == PANEL ? b : o;
      FloatVector.zero(Lanes.F).intoArray(acc, j);
      for (int k = 0; k < cols; k += BLOCK) {
        int group = xAt + cols + k / 16;
        FloatVector sum = load(acc, j);
        FloatVector d = Expansions.f16Low(loadInts(s, o)).mul(0x1p112f);
        for (int g = 0; g < 16; g += 2) {
          IntVector v = IntVector.fromArray(Lanes.I, s, o + (1 + (g >> 2)) * L);
          FloatVector scale = signed(v, 24 - 8 * (g & 2)).mul(d);
          scale.intoArray(acc, scratch + g * L);
          sum = scale.fma(FloatVector.broadcast(Lanes.F, x[group + g]), sum);
          scale = signed(v, 16 - 8 * (g & 2)).mul(d);
          scale.intoArray(acc, scratch + g * L + L);
          sum = scale.fma(FloatVector.broadcast(Lanes.F, x[group + g + 1]), sum);
        }
        sum.intoArray(acc, j);
        quants6(s, o + HEADER * L, x, xAt + k, acc, j, scratch);
        o += WORDS6 * L;
      }
    }
  }

  // The four loops over quants are spelled out, masks and conversions too. That makes them longer
  // than 325 bytes of bytecode, so that C2 compiles each by itself (see Tiles). And masks are
  // literals: C2 keeps their broadcasts in registers, while it loads constants of a class anew for
  // each word (31 against 51 * 10^9 weights/s a thread).

  private static void quants4(int[] s, int o, float[] x, int xAt, float[] acc, int t, int scratch) {
    FloatVector sum = load(acc, t);
    for (int q = 0; q < LOWS; q++) {
      IntVector v = IntVector.fromArray(Lanes.I, s, o + q * L);
      int i = xAt + q * 8;
      FloatVector f = (FloatVector) v.and(0xF).convert(VectorOperators.I2F, 0);
      FloatVector p = FloatVector.broadcast(Lanes.F, x[i]).mul(f);
      f = (FloatVector) v.and(0xF0).convert(VectorOperators.I2F, 0);
      FloatVector r = FloatVector.broadcast(Lanes.F, x[i + 1]).mul(f);
      f = (FloatVector) v.and(0xF00).convert(VectorOperators.I2F, 0);
      p = FloatVector.broadcast(Lanes.F, x[i + 2]).fma(f, p);
      f = (FloatVector) v.and(0xF000).convert(VectorOperators.I2F, 0);
      r = FloatVector.broadcast(Lanes.F, x[i + 3]).fma(f, r);
      f = (FloatVector) v.and(0xF0000).convert(VectorOperators.I2F, 0);
      p = FloatVector.broadcast(Lanes.F, x[i + 4]).fma(f, p);
      f = (FloatVector) v.and(0xF00000).convert(VectorOperators.I2F, 0);
      r = FloatVector.broadcast(Lanes.F, x[i + 5]).fma(f, r);
      f = (FloatVector) v.and(0xF000000).convert(VectorOperators.I2F, 0);
      p = FloatVector.broadcast(Lanes.F, x[i + 6]).fma(f, p);
      f = (FloatVector) v.lanewise(VectorOperators.LSHR, 28).convert(VectorOperators.I2F, 0);
      r = FloatVector.broadcast(Lanes.F, x[i + 7]).fma(f, r);
      sum = p.add(r).fma(FloatVector.fromArray(Lanes.F, acc, scratch + (q >> 2) * L), sum);
    }
    sum.intoArray(acc, t);
  }

  private static void quants6(int[] s, int o, float[] x, int xAt, float[] acc, int t, int scratch) {
    FloatVector sum = load(acc, t);
    for (int q = 0; q < 2 * LOWS; q++) {
      IntVector v = IntVector.fromArray(Lanes.I, s, o + (16 + (q >> 1)) * L);
      IntVector h = IntVector.fromArray(Lanes.I, s, o + (q >> 2) * L);
      v = v.lanewise(VectorOperators.LSHR, (q & 1) * 16);
      h = h.lanewise(VectorOperators.ROR, (q & 1) * 16 + (q & 2));
      int i = xAt + q * 4;
      FloatVector f = (FloatVector) v.and(0xF).or(h.and(0x30)).convert(VectorOperators.I2F, 0);
      FloatVector p = FloatVector.broadcast(Lanes.F, x[i]).mul(f);
      f = (FloatVector) v.and(0xF0).or(h.and(0x300)).convert(VectorOperators.I2F, 0);
      FloatVector r = FloatVector.broadcast(Lanes.F, x[i + 1]).mul(f);
      f = (FloatVector) v.and(0xF00).or(h.and(0x3000)).convert(VectorOperators.I2F, 0);
      p = FloatVector.broadcast(Lanes.F, x[i + 2]).fma(f, p);
      f = (FloatVector) v.and(0xF000).or(h.and(0x30000)).convert(VectorOperators.I2F, 0);
      r = FloatVector.broadcast(Lanes.F, x[i + 3]).fma(f, r);
      sum = p.add(r).fma(FloatVector.fromArray(Lanes.F, acc, scratch + (q >> 2) * L), sum);
    }
    sum.intoArray(acc, t);
  }

  private static FloatVector octet(IntVector v, int shift) {
    return toFloat(v.lanewise(VectorOperators.LSHR, shift).and(255));
  }

  private static FloatVector signed(IntVector v, int left) {
    return toFloat(v.lanewise(VectorOperators.LSHL, left).lanewise(VectorOperators.ASHR, 24));
  }

  /**
   * Values of Q4_K times the powers of two that {@link #prepare} divides by, for {@code kn} input
   * features from {@code k0} on within one block, multiples of 32.
   */
  static void expand4(int[] s, int at, int k0, int kn, int cols, int[] to) {
    int scratch = to.length - SCRATCH;
    for (int j = 0; j < PANEL; j += L) {
      int o = block(false, at, k0 / BLOCK, j, cols);
      IntVector halves = loadInts(s, o);
      FloatVector d = Expansions.f16Low(halves).mul(0x1p112f);
      FloatVector min = Expansions.f16High(halves).mul(-0x1p112f);
      for (int g = 0; g < 8; g += 2) {
        IntVector v = loadInts(s, o + (1 + (g >> 1)) * L);
        int f = scratch + g * 2 * L;
        put(toFloat(v.and(255)).mul(d), to, f);
        put(octet(v, 8).mul(min), to, f + L);
        put(octet(v, 16).mul(d), to, f + 2 * L);
        put(octet(v, 24).mul(min), to, f + 3 * L);
      }
      expandQuants4(s, o + HEADER * L, k0 % BLOCK / 4, kn / 4, to, j, scratch);
    }
  }

  /** The same for Q6_K. */
  static void expand6(int[] s, int at, int k0, int kn, int cols, int[] to) {
    int scratch = to.length - SCRATCH;
    for (int j = 0; j < PANEL; j += L) {
      int o = block(true, at, k0 / BLOCK, j, cols);
      FloatVector d = Expansions.f16Low(loadInts(s, o)).mul(0x1p112f);
      for (int g = 0; g < 16; g++) {
        IntVector v = loadInts(s, o + (1 + (g >> 2)) * L);
        FloatVector scale = signed(v, 24 - 8 * (g & 3)).mul(d);
        put(scale, to, scratch + g * 2 * L);
        put(scale.mul(-32f), to, scratch + g * 2 * L + L);
      }
      expandQuants6(s, o + HEADER * L, k0 % BLOCK / 4, kn / 4, to, j, scratch);
    }
  }

  private static void expandQuants4(
      int[] s, int o, int first, int n, int[] to, int j, int scratch) {
    for (int q = first; q < first + n; q++) {
      IntVector v = IntVector.fromArray(Lanes.I, s, o + (q >> 1) * L);
      v = v.lanewise(VectorOperators.LSHR, (q & 1) * 16);
      int g = scratch + (q >> 3) * 2 * L;
      FloatVector scale = IntVector.fromArray(Lanes.I, to, g).reinterpretAsFloats();
      FloatVector m = IntVector.fromArray(Lanes.I, to, g + L).reinterpretAsFloats();
      int t = (q - first) * 4 * PANEL + j;
      FloatVector f =
          (FloatVector) v.lanewise(VectorOperators.AND, 0xF).convert(VectorOperators.I2F, 0);
      f.fma(scale, m).reinterpretAsInts().intoArray(to, t);
      f = (FloatVector) v.lanewise(VectorOperators.AND, 0xF0).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p4f)))
          .reinterpretAsInts()
          .intoArray(to, t + PANEL);
      f = (FloatVector) v.lanewise(VectorOperators.AND, 0xF00).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p8f)))
          .reinterpretAsInts()
          .intoArray(to, t + 2 * PANEL);
      f = (FloatVector) v.lanewise(VectorOperators.AND, 0xF000).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p12f)))
          .reinterpretAsInts()
          .intoArray(to, t + 3 * PANEL);
    }
  }

  private static void expandQuants6(
      int[] s, int o, int first, int n, int[] to, int j, int scratch) {
    for (int q = first; q < first + n; q++) {
      IntVector v = IntVector.fromArray(Lanes.I, s, o + (16 + (q >> 1)) * L);
      IntVector h = IntVector.fromArray(Lanes.I, s, o + (q >> 2) * L);
      v = v.lanewise(VectorOperators.LSHR, (q & 1) * 16);
      h = h.lanewise(VectorOperators.ROR, (q & 1) * 16 + (q & 2));
      int g = scratch + (q >> 2) * 2 * L;
      FloatVector scale = IntVector.fromArray(Lanes.I, to, g).reinterpretAsFloats();
      FloatVector m = IntVector.fromArray(Lanes.I, to, g + L).reinterpretAsFloats();
      int t = (q - first) * 4 * PANEL + j;
      FloatVector f = (FloatVector) v.and(0xF).or(h.and(0x30)).convert(VectorOperators.I2F, 0);
      f.fma(scale, m).reinterpretAsInts().intoArray(to, t);
      f = (FloatVector) v.and(0xF0).or(h.and(0x300)).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(0x1p4f)).reinterpretAsInts().intoArray(to, t + PANEL);
      f = (FloatVector) v.and(0xF00).or(h.and(0x3000)).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(0x1p8f)).reinterpretAsInts().intoArray(to, t + 2 * PANEL);
      f = (FloatVector) v.and(0xF000).or(h.and(0x30000)).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(0x1p12f)).reinterpretAsInts().intoArray(to, t + 3 * PANEL);
    }
  }

  private static void put(FloatVector v, int[] to, int at) {
    v.reinterpretAsInts().intoArray(to, at);
  }
}
