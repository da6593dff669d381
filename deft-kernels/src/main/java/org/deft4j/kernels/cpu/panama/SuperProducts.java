package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.PANEL;
import static org.deft4j.kernels.cpu.panama.Lanes.load;
import static org.deft4j.kernels.cpu.panama.Lanes.loadInts;
import static org.deft4j.kernels.cpu.panama.Lanes.toFloat;
import static org.deft4j.kernels.cpu.panama.SuperPanels.BLOCK;
import static org.deft4j.kernels.cpu.panama.SuperPanels.QUANTS4;
import static org.deft4j.kernels.cpu.panama.SuperPanels.QUANTS6;
import static org.deft4j.kernels.cpu.panama.SuperPanels.ROWS;
import static org.deft4j.kernels.cpu.panama.SuperPanels.WORDS4;
import static org.deft4j.kernels.cpu.panama.SuperPanels.WORDS6;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Products of {@link SuperPanels} with float32 activations. A block's products are summed by group
 * first, unscaled, then times the groups' scales and, for all of the block, its own.
 *
 * <p>A quant is masked out where it stands, a power of two times its value, and the activations are
 * divided by that power, which is exact.
 *
 * <p>Loops over quants are spelled out, masks and conversions too. That makes them longer than 325
 * bytes of bytecode, so that C2 compiles each by itself (see Tiles). And masks are literals: C2
 * keeps their broadcasts in registers, while it loads constants of a class anew for each word.
 */
final class SuperProducts {
  /** Activations of a block as {@link #prepareRow} leaves them: those of Q6_K have their sums. */
  private static final int INPUTS4 = BLOCK;

  private static final int INPUTS6 = BLOCK / 8 * 11;

  /** What a block's groups are multiplied by: of Q4_K eight for scales, eight for minima. */
  static final int FACTORS = 16;

  /** Floats of scratch a row: the sums of a block. */
  static final int SUMS = 32 * ROWS;

  private static final float HALF_UNIT = 0x1p56f;

  private SuperProducts() {}

  static int inputs(boolean six) {
    return six ? INPUTS6 : INPUTS4;
  }

  static int preparedLength(boolean six, int cols) {
    return cols / BLOCK * (inputs(six) + FACTORS);
  }

  /** One row as products take it: the inputs of all blocks, then their factors. */
  static void prepareRow(boolean six, float[] x, int cols, float[] to) {
    int factors = cols / BLOCK * inputs(six);
    for (int b = 0; b < cols / BLOCK; b++) {
      int f = factors + b * FACTORS;
      if (six) {
        Arrays.fill(to, f, f + FACTORS, factor6(1));
        prepare6(x, b * BLOCK, to, b * INPUTS6);
      } else {
        prepare(false, x, b * BLOCK, BLOCK, to, b * INPUTS4, 1);
        for (int g = 0; g < 8; g++) {
          float sum = 0;
          for (int k = 0; k < 32; k++) {
            sum += x[b * BLOCK + g * 32 + k];
          }
          to[f + g] = factor4(g, 1);
          to[f + 8 + g] = factor4(g, -sum);
        }
      }
    }
  }

  /** What {@link #finish4} takes for {@code x}, by which group g is to be multiplied. */
  static float factor4(int g, float x) {
    return g % 2 == 0 ? x * HALF_UNIT : x * (HALF_UNIT * 0x1p-16f);
  }

  /** The same for {@link #finish6}. */
  static float factor6(float x) {
    return x * (HALF_UNIT * 0x1p-24f);
  }

  private static void prepare6(float[] x, int from, float[] to, int at) {
    for (int k = 0; k < BLOCK; k += 8, at += 11) {
      int i = from + k;
      to[at] = x[i];
      to[at + 1] = x[i + 1] * 0x1p-6f;
      to[at + 2] = x[i + 6] * 0x1p-12f;
      to[at + 3] = x[i + 2];
      to[at + 4] = x[i + 3] * 0x1p-6f;
      to[at + 5] = x[i + 7] * 0x1p-12f;
      to[at + 6] = x[i + 4];
      to[at + 7] = x[i + 5] * 0x1p-6f;
      to[at + 8] = x[i + 6] * 0x1p-8f;
      to[at + 9] = x[i + 7] * 0x1p-10f;
      float sum = 0;
      for (int j = 0; j < 8; j++) {
        sum += x[i + j];
      }
      to[at + 10] = -32 * sum;
    }
  }

  /** Activations for the expansions. */
  static void prepare(boolean six, float[] x, int from, int n, float[] to, int at, int step) {
    for (int k = 0; k < n; k += 4) {
      int i = from + k;
      int t = at + k * step;
      to[t] = x[i];
      if (six) {
        boolean ends = k % 8 == 4;
        to[t + step] = x[i + 1] * 0x1p-6f;
        to[t + 2 * step] = ends ? x[i + 2] * 0x1p-12f : x[i + 2];
        to[t + 3 * step] = ends ? x[i + 3] * 0x1p-12f : x[i + 3] * 0x1p-6f;
      } else {
        to[t + step] = x[i + 1] * 0x1p-4f;
        to[t + 2 * step] = x[i + 2] * 0x1p-8f;
        to[t + 3 * step] = x[i + 3] * 0x1p-12f;
      }
    }
  }

  /**
   * One prepared row times a panel into {@code acc[at..at+31]}; scratch of {@link #SUMS} lies at
   * {@code acc[2 * PANEL...]}.
   */
  static void multiply(
      boolean six, MemorySegment s, int cols, float[] x, int xAt, float[] acc, int at) {
    int factors = xAt + cols / BLOCK * inputs(six);
    int o = 0;
    Arrays.fill(acc, at, at + PANEL, 0);
    for (int j = 0; j < PANEL; j += ROWS) {
      for (int b = 0; b < cols / BLOCK; b++) {
        int f = factors + b * FACTORS;
        if (six) {
          quants6(s, o, x, xAt + b * INPUTS6, acc, 2 * PANEL);
          finish6(s, o + QUANTS6 * L, acc, 2 * PANEL, x, f, acc, at + j);
          o += WORDS6 * L;
        } else {
          quants4(s, o, x, xAt + b * INPUTS4, acc, 2 * PANEL);
          finish4(s, o + QUANTS4 * L, acc, 2 * PANEL, x, f, acc, at + j);
          o += WORDS4 * L;
        }
      }
    }
  }

  private static void quants4(MemorySegment s, int o, float[] x, int xAt, float[] sums, int at) {
    for (int g = 0; g < 8; g++) {
      FloatVector p = FloatVector.zero(Lanes.F);
      FloatVector q = p;
      FloatVector r = p;
      FloatVector t = p;
      for (int w = g * 8; w < g * 8 + 8; w++) {
        IntVector v = IntVector.fromMemorySegment(Lanes.I, s, 4L * o + 4L * L * w, Lanes.ORDER);
        IntVector h = v.lanewise(VectorOperators.LSHR, 16);
        int i = xAt + w * 4;
        FloatVector y = FloatVector.broadcast(Lanes.F, x[i]);
        p = ((FloatVector) v.and(0xF).convert(VectorOperators.I2F, 0)).fma(y, p);
        r = ((FloatVector) h.and(0xF).convert(VectorOperators.I2F, 0)).fma(y, r);
        y = FloatVector.broadcast(Lanes.F, x[i + 1]);
        q = ((FloatVector) v.and(0xF0).convert(VectorOperators.I2F, 0)).fma(y, q);
        t = ((FloatVector) h.and(0xF0).convert(VectorOperators.I2F, 0)).fma(y, t);
        y = FloatVector.broadcast(Lanes.F, x[i + 2]);
        p = ((FloatVector) v.and(0xF00).convert(VectorOperators.I2F, 0)).fma(y, p);
        r = ((FloatVector) h.and(0xF00).convert(VectorOperators.I2F, 0)).fma(y, r);
        y = FloatVector.broadcast(Lanes.F, x[i + 3]);
        q = ((FloatVector) v.and(0xF000).convert(VectorOperators.I2F, 0)).fma(y, q);
        t = ((FloatVector) h.and(0xF000).convert(VectorOperators.I2F, 0)).fma(y, t);
      }
      p.add(q).intoArray(sums, at + g * ROWS);
      r.add(t).intoArray(sums, at + g * ROWS + L);
    }
  }

  // Two runs of eight a group: their sums lie behind each other.
  private static void quants6(MemorySegment s, int o, float[] x, int xAt, float[] sums, int at) {
    for (int u = 0; u < 64; u++) {
      int w = o + (u >> 1) * 3 * L;
      int shift = (u & 1) * 16;
      IntVector v =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * w, Lanes.ORDER)
              .lanewise(VectorOperators.LSHR, shift);
      int i = xAt + (u >> 1) * 11;
      FloatVector p = FloatVector.broadcast(Lanes.F, x[i + 10]);
      FloatVector y = FloatVector.broadcast(Lanes.F, x[i]);
      p = ((FloatVector) v.and(0x3F).convert(VectorOperators.I2F, 0)).fma(y, p);
      y = FloatVector.broadcast(Lanes.F, x[i + 1]);
      FloatVector q = ((FloatVector) v.and(0xFC0).convert(VectorOperators.I2F, 0)).mul(y);
      y = FloatVector.broadcast(Lanes.F, x[i + 2]);
      p = ((FloatVector) v.and(0xF000).convert(VectorOperators.I2F, 0)).fma(y, p);
      v =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * (w + L), Lanes.ORDER)
              .lanewise(VectorOperators.LSHR, shift);
      y = FloatVector.broadcast(Lanes.F, x[i + 3]);
      q = ((FloatVector) v.and(0x3F).convert(VectorOperators.I2F, 0)).fma(y, q);
      y = FloatVector.broadcast(Lanes.F, x[i + 4]);
      p = ((FloatVector) v.and(0xFC0).convert(VectorOperators.I2F, 0)).fma(y, p);
      y = FloatVector.broadcast(Lanes.F, x[i + 5]);
      q = ((FloatVector) v.and(0xF000).convert(VectorOperators.I2F, 0)).fma(y, q);
      v =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * (w + 2 * L), Lanes.ORDER)
              .lanewise(VectorOperators.LSHR, shift);
      y = FloatVector.broadcast(Lanes.F, x[i + 6]);
      p = ((FloatVector) v.and(0x3F).convert(VectorOperators.I2F, 0)).fma(y, p);
      y = FloatVector.broadcast(Lanes.F, x[i + 7]);
      q = ((FloatVector) v.and(0xFC0).convert(VectorOperators.I2F, 0)).fma(y, q);
      y = FloatVector.broadcast(Lanes.F, x[i + 8]);
      p = ((FloatVector) v.and(0x3000).convert(VectorOperators.I2F, 0)).fma(y, p);
      y = FloatVector.broadcast(Lanes.F, x[i + 9]);
      q = ((FloatVector) v.and(0xC000).convert(VectorOperators.I2F, 0)).fma(y, q);
      p.add(q).intoArray(sums, at + u * L);
    }
  }

  /**
   * Adds a block to {@code acc[at..at+ROWS-1]}.
   *
   * @param o where the words behind the quants begin
   * @param sums {@code [8][ROWS]} sums of groups at {@code from}, of which nothing is left
   * @param x factors at {@code f}: {@link #factor4} of what each group's sums are multiplied by,
   *     then of minus the sums of its activations
   */
  static void finish4(
      MemorySegment s, int o, float[] sums, int from, float[] x, int f, float[] acc, int at) {
    FloatVector lo = FloatVector.zero(Lanes.F);
    FloatVector hi = lo;
    FloatVector minLo = lo;
    FloatVector minHi = lo;
    for (int g = 0; g < 8; g += 2) {
      IntVector v =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * (o + (2 + (g >> 1)) * L), Lanes.ORDER);
      IntVector m =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * (o + (6 + (g >> 1)) * L), Lanes.ORDER);
      FloatVector y = FloatVector.broadcast(Lanes.F, x[f + g]);
      FloatVector z = FloatVector.broadcast(Lanes.F, x[f + 8 + g]);
      FloatVector e = ((FloatVector) v.and(0x3F).convert(VectorOperators.I2F, 0)).mul(y);
      lo = FloatVector.fromArray(Lanes.F, sums, from + g * ROWS).fma(e, lo);
      e = ((FloatVector) v.and(0x3F00).convert(VectorOperators.I2F, 0)).mul(y);
      hi = FloatVector.fromArray(Lanes.F, sums, from + g * ROWS + L).fma(e, hi);
      minLo = ((FloatVector) m.and(0x3F).convert(VectorOperators.I2F, 0)).fma(z, minLo);
      minHi = ((FloatVector) m.and(0x3F00).convert(VectorOperators.I2F, 0)).fma(z, minHi);
      y = FloatVector.broadcast(Lanes.F, x[f + g + 1]);
      z = FloatVector.broadcast(Lanes.F, x[f + 9 + g]);
      e = ((FloatVector) v.and(0x3F0000).convert(VectorOperators.I2F, 0)).mul(y);
      lo = FloatVector.fromArray(Lanes.F, sums, from + (g + 1) * ROWS).fma(e, lo);
      e = ((FloatVector) v.and(0x3F000000).convert(VectorOperators.I2F, 0)).mul(y);
      hi = FloatVector.fromArray(Lanes.F, sums, from + (g + 1) * ROWS + L).fma(e, hi);
      minLo = ((FloatVector) m.and(0x3F0000).convert(VectorOperators.I2F, 0)).fma(z, minLo);
      minHi = ((FloatVector) m.and(0x3F000000).convert(VectorOperators.I2F, 0)).fma(z, minHi);
    }
    lo.intoArray(sums, from);
    hi.intoArray(sums, from + L);
    minLo.intoArray(sums, from + 2 * L);
    minHi.intoArray(sums, from + 3 * L);
    addBlock4(s, o, sums, from, acc, at);
  }

  // Apart: with the loop it would exceed C2's budget of nodes (see Tiles).
  private static void addBlock4(
      MemorySegment s, int o, float[] sums, int from, float[] acc, int at) {
    IntVector d = loadInts(s, o);
    IntVector e = loadInts(s, o + L);
    // Scales of high rows stand 8 bits up; the halves come times 2^-112, half of which f made up.
    FloatVector lo = Expansions.f16Low(d).mul(HALF_UNIT).fma(load(sums, from), load(acc, at));
    FloatVector min = load(sums, from + 2 * L);
    Expansions.f16High(d).mul(HALF_UNIT).fma(min, lo).intoArray(acc, at);
    float unit = HALF_UNIT * 0x1p-8f;
    FloatVector hi = Expansions.f16Low(e).mul(unit).fma(load(sums, from + L), load(acc, at + L));
    min = load(sums, from + 3 * L);
    Expansions.f16High(e).mul(unit).fma(min, hi).intoArray(acc, at + L);
  }

  /** The same for Q6_K, of sums {@code [32][ROWS]} of eight, which take their minima in. */
  static void finish6(
      MemorySegment s, int o, float[] sums, int from, float[] x, int f, float[] acc, int at) {
    FloatVector lo = FloatVector.zero(Lanes.F);
    FloatVector hi = lo;
    for (int g = 0; g < 8; g++) {
      IntVector v = IntVector.fromMemorySegment(Lanes.I, s, 4L * (o + (1 + g) * L), Lanes.ORDER);
      FloatVector y = FloatVector.broadcast(Lanes.F, x[f + g]);
      int t = from + g * 4 * ROWS;
      FloatVector e =
          (FloatVector) v.lanewise(VectorOperators.LSHL, 24).convert(VectorOperators.I2F, 0);
      FloatVector sum =
          FloatVector.fromArray(Lanes.F, sums, t)
              .add(FloatVector.fromArray(Lanes.F, sums, t + ROWS));
      lo = sum.fma(e.mul(y), lo);
      e =
          (FloatVector)
              v.lanewise(VectorOperators.LSHL, 16).and(0xFF000000).convert(VectorOperators.I2F, 0);
      sum =
          FloatVector.fromArray(Lanes.F, sums, t + L)
              .add(FloatVector.fromArray(Lanes.F, sums, t + ROWS + L));
      hi = sum.fma(e.mul(y), hi);
      e =
          (FloatVector)
              v.lanewise(VectorOperators.LSHL, 8).and(0xFF000000).convert(VectorOperators.I2F, 0);
      sum =
          FloatVector.fromArray(Lanes.F, sums, t + 2 * ROWS)
              .add(FloatVector.fromArray(Lanes.F, sums, t + 3 * ROWS));
      lo = sum.fma(e.mul(y), lo);
      e = (FloatVector) v.and(0xFF000000).convert(VectorOperators.I2F, 0);
      sum =
          FloatVector.fromArray(Lanes.F, sums, t + 2 * ROWS + L)
              .add(FloatVector.fromArray(Lanes.F, sums, t + 3 * ROWS + L));
      hi = sum.fma(e.mul(y), hi);
    }
    IntVector d = loadInts(s, o);
    Expansions.f16Low(d).mul(HALF_UNIT).fma(lo, load(acc, at)).intoArray(acc, at);
    Expansions.f16High(d).mul(HALF_UNIT).fma(hi, load(acc, at + L)).intoArray(acc, at + L);
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
  static void expand4(MemorySegment s, int k0, int kn, int cols, int[] to) {
    int scratch = to.length - SuperPanels.SCRATCH;
    for (int j = 0; j < PANEL; j += ROWS) {
      int o = (j / ROWS * (cols / BLOCK) + k0 / BLOCK) * WORDS4 * L;
      for (int half = 0; half < 2; half++) {
        IntVector halves = loadInts(s, o + (QUANTS4 + half) * L);
        FloatVector d = Expansions.f16Low(halves).mul(0x1p112f);
        FloatVector min = Expansions.f16High(halves).mul(-0x1p112f);
        for (int g = 0; g < 8; g++) {
          int t = o + (QUANTS4 + 2 + (g >> 1)) * L;
          int shift = (g & 1) * 16 + half * 8;
          int f = scratch + (g * 4 + half * 2) * L;
          put(octet(loadInts(s, t), shift).mul(d), to, f);
          put(octet(loadInts(s, t + 4 * L), shift).mul(min), to, f + L);
        }
      }
      expandQuants4(s, o, k0 % BLOCK / 4, kn / 4, to, j, scratch);
    }
  }

  /** The same for Q6_K. */
  static void expand6(MemorySegment s, int k0, int kn, int cols, int[] to) {
    int scratch = to.length - SuperPanels.SCRATCH;
    for (int j = 0; j < PANEL; j += ROWS) {
      int o = (j / ROWS * (cols / BLOCK) + k0 / BLOCK) * WORDS6 * L;
      IntVector halves = loadInts(s, o + QUANTS6 * L);
      for (int half = 0; half < 2; half++) {
        FloatVector d =
            (half == 0 ? Expansions.f16Low(halves) : Expansions.f16High(halves)).mul(0x1p112f);
        for (int g = 0; g < 16; g++) {
          IntVector v = loadInts(s, o + (QUANTS6 + 1 + (g >> 1)) * L);
          FloatVector scale = signed(v, 24 - (g & 1) * 16 - half * 8).mul(d);
          int f = scratch + (g * 4 + half * 2) * L;
          put(scale, to, f);
          put(scale.mul(-32f), to, f + L);
        }
      }
      expandQuants6(s, o, k0 % BLOCK / 8, kn / 8, to, j, scratch);
      expandThird6(s, o, k0 % BLOCK / 8, kn / 8, to, j, scratch);
    }
  }

  private static void expandQuants4(
      MemorySegment s, int o, int first, int n, int[] to, int j, int scratch) {
    for (int u = 2 * first; u < 2 * (first + n); u++) {
      int q = u >> 1;
      IntVector v = IntVector.fromMemorySegment(Lanes.I, s, 4L * (o + q * L), Lanes.ORDER);
      v = v.lanewise(VectorOperators.LSHR, (u & 1) * 16);
      int g = scratch + ((q >> 3) * 4 + (u & 1) * 2) * L;
      FloatVector scale = IntVector.fromArray(Lanes.I, to, g).reinterpretAsFloats();
      FloatVector m = IntVector.fromArray(Lanes.I, to, g + L).reinterpretAsFloats();
      int t = (q - first) * 4 * PANEL + j + (u & 1) * L;
      FloatVector f = (FloatVector) v.and(0xF).convert(VectorOperators.I2F, 0);
      f.fma(scale, m).reinterpretAsInts().intoArray(to, t);
      f = (FloatVector) v.and(0xF0).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p4f)))
          .reinterpretAsInts()
          .intoArray(to, t + PANEL);
      f = (FloatVector) v.and(0xF00).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p8f)))
          .reinterpretAsInts()
          .intoArray(to, t + 2 * PANEL);
      f = (FloatVector) v.and(0xF000).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p12f)))
          .reinterpretAsInts()
          .intoArray(to, t + 3 * PANEL);
    }
  }

  // The first and second word of a run of eight, with what the third has of them, and apart the
  // third: together they exceed C2's budget of nodes (see Tiles).
  private static void expandQuants6(
      MemorySegment s, int o, int first, int n, int[] to, int j, int scratch) {
    for (int u = 4 * first; u < 4 * (first + n); u++) {
      int q = u >> 2;
      int word = u >> 1 & 1;
      int shift = (u & 1) * 16;
      int g = scratch + ((q >> 1) * 4 + (u & 1) * 2) * L;
      FloatVector scale = IntVector.fromArray(Lanes.I, to, g).reinterpretAsFloats();
      FloatVector m = IntVector.fromArray(Lanes.I, to, g + L).reinterpretAsFloats();
      int t = (q - first) * 8 * PANEL + j + (u & 1) * L;
      IntVector v =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * (o + (q * 3 + word) * L), Lanes.ORDER);
      v = v.lanewise(VectorOperators.LSHR, shift);
      FloatVector f =
          (FloatVector) v.lanewise(VectorOperators.AND, 0x3F).convert(VectorOperators.I2F, 0);
      f.fma(scale, m).reinterpretAsInts().intoArray(to, t + word * 2 * PANEL);
      f = (FloatVector) v.lanewise(VectorOperators.AND, 0xFC0).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p6f)))
          .reinterpretAsInts()
          .intoArray(to, t + (word * 2 + 1) * PANEL);
      IntVector high =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * (o + (q * 3 + 2) * L), Lanes.ORDER);
      high = high.lanewise(VectorOperators.LSHR, shift + 12 + word * 2);
      high = high.lanewise(VectorOperators.AND, 3).lanewise(VectorOperators.LSHL, 16);
      high = v.lanewise(VectorOperators.AND, 0xF000).or(high);
      f = (FloatVector) high.convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p12f)))
          .reinterpretAsInts()
          .intoArray(to, t + (6 + word) * PANEL);
    }
  }

  private static void expandThird6(
      MemorySegment s, int o, int first, int n, int[] to, int j, int scratch) {
    for (int q = first; q < first + n; q++) {
      int g = scratch + (q >> 1) * 4 * L;
      int t = ((q - first) * 8 + 4) * PANEL + j;
      IntVector v =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * (o + (q * 3 + 2) * L), Lanes.ORDER);
      IntVector h = v.lanewise(VectorOperators.LSHR, 16);
      FloatVector scale = IntVector.fromArray(Lanes.I, to, g).reinterpretAsFloats();
      FloatVector m = IntVector.fromArray(Lanes.I, to, g + L).reinterpretAsFloats();
      FloatVector f =
          (FloatVector) v.lanewise(VectorOperators.AND, 0x3F).convert(VectorOperators.I2F, 0);
      f.fma(scale, m).reinterpretAsInts().intoArray(to, t);
      f = (FloatVector) v.lanewise(VectorOperators.AND, 0xFC0).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p6f)))
          .reinterpretAsInts()
          .intoArray(to, t + PANEL);
      scale = IntVector.fromArray(Lanes.I, to, g + 2 * L).reinterpretAsFloats();
      m = IntVector.fromArray(Lanes.I, to, g + 3 * L).reinterpretAsFloats();
      f = (FloatVector) h.lanewise(VectorOperators.AND, 0x3F).convert(VectorOperators.I2F, 0);
      f.fma(scale, m).reinterpretAsInts().intoArray(to, t + L);
      f = (FloatVector) h.lanewise(VectorOperators.AND, 0xFC0).convert(VectorOperators.I2F, 0);
      f.fma(scale, m.mul(FloatVector.broadcast(Lanes.F, 0x1p6f)))
          .reinterpretAsInts()
          .intoArray(to, t + PANEL + L);
    }
  }

  private static void put(FloatVector v, int[] to, int at) {
    v.reinterpretAsInts().intoArray(to, at);
  }
}
