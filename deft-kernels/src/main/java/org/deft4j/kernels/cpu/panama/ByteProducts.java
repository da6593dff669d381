package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.SuperPanels.BLOCK;
import static org.deft4j.kernels.cpu.panama.SuperPanels.ROWS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums of products of {@link SuperPanels} with activations rounded to 8 bits, a scale for each 32.
 *
 * <p>Twice as many lanes of 16 bits as of 32, and no quant is masked out or converted. Half a word
 * of Q4_K is v = q0 + 16 q1 + 256 q2 + 4096 q3; with a0 to a3 to multiply by, the sum of products
 * is {@code v a0 + (v >> 4) (a1 - 16 a0) + (v >> 8) (a2 - 16 a1) + (v >> 12) (a3 - 16 a2)} in
 * integers modulo 2^16: whatever overflows on the way, a sum that fits 16 bits comes out right. 32
 * products of q - 8, and for Q6_K eight of q - 32, are at most 32,512. What is subtracted from
 * quants is an addend of its own; what Q4_K has to be given back for it is another, a float32.
 */
final class ByteProducts {
  /** Rows side by side where there are several. */
  static final int TILE = 4;

  /** Activations that share a scale. */
  static final int GROUP = 32;

  /**
   * Inputs of a block of Q4_K: one for each quant, an addend for each run of 32, then what each run
   * has to be given back. Indices linear in the word let C2 check them once for a loop over words.
   */
  private static final int INPUTS4 = BLOCK + 8 + 8;

  /** The same of Q6_K: for each run of eight ten inputs and an addend. */
  private static final int INPUTS6 = 32 * 11;

  private static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(Lanes.BITS));

  // Adding it rounds to an integer, which then stands in the low bits.
  private static final float ROUND = 0x1.8p23f;

  private ByteProducts() {}

  static int inputs(boolean six) {
    return six ? INPUTS6 : INPUTS4;
  }

  /**
   * Rounds a block of activations {@code x[from...]}.
   *
   * @param to gets inputs, each {@code step} after the other: 16-bit integers, each twice
   * @param factors gets what {@link SuperProducts#finish4} or {@code finish6} takes
   * @param a scratch for 256 integers
   */
  static void quantize(
      boolean six,
      float[] x,
      int from,
      int[] to,
      int at,
      int step,
      float[] factors,
      int f,
      int[] a) {
    for (int g = 0; g < BLOCK / GROUP; g++) {
      int k = g * GROUP;
      float max = 0;
      for (int i = 0; i < GROUP; i++) {
        max = Math.max(max, Math.abs(x[from + k + i]));
      }
      float scale = max / 127;
      float inverse = max == 0 ? 0 : 127 / max;
      int sum = 0;
      for (int i = 0; i < GROUP; i++) {
        a[k + i] = Float.floatToRawIntBits(x[from + k + i] * inverse + ROUND) << 10 >> 10;
        sum += a[k + i];
      }
      // Sums are converted where they stand, in the upper half of an int.
      if (six) {
        factors[f + g] = SuperProducts.factor6(scale * 0x1p-16f);
      } else {
        factors[f + g] = SuperProducts.factor4(g, scale * 0x1p-16f);
        factors[f + 8 + g] = SuperProducts.factor4(g, -scale * sum);
      }
    }
    if (six) {
      inputs6(a, to, at, step);
    } else {
      inputs4(a, to, at, step);
    }
  }

  private static int twice(int v) {
    return (v & 0xFFFF) * 0x10001;
  }

  private static void inputs4(int[] a, int[] to, int at, int step) {
    for (int g = 0; g < 8; g++) {
      int sum = 0;
      for (int k = g * GROUP; k < (g + 1) * GROUP; k += 4) {
        int t = at + k * step;
        to[t] = twice(a[k]);
        to[t + step] = twice(a[k + 1] - 16 * a[k]);
        to[t + 2 * step] = twice(a[k + 2] - 16 * a[k + 1]);
        to[t + 3 * step] = twice(a[k + 3] - 16 * a[k + 2]);
        sum += a[k] + a[k + 1] + a[k + 2] + a[k + 3];
      }
      to[at + (BLOCK + g) * step] = twice(-8 * sum);
      to[at + (BLOCK + 8 + g) * step] = Float.floatToRawIntBits(8 * 0x1p16f * sum);
    }
  }

  // The ends of the last two quants of a run stand at bit 12: 64 times what was shifted by 6.
  private static void inputs6(int[] a, int[] to, int at, int step) {
    int t = at;
    for (int k = 0; k < BLOCK; k += 8, t += 11 * step) {
      to[t] = twice(a[k]);
      to[t + step] = twice(a[k + 1] - 64 * a[k]);
      to[t + 2 * step] = twice(a[k + 6] - 64 * a[k + 1]);
      to[t + 3 * step] = twice(a[k + 2]);
      to[t + 4 * step] = twice(a[k + 3] - 64 * a[k + 2]);
      to[t + 5 * step] = twice(a[k + 7] - 64 * a[k + 3]);
      to[t + 6 * step] = twice(a[k + 4]);
      to[t + 7 * step] = twice(a[k + 5] - 64 * a[k + 4]);
      to[t + 8 * step] = twice(16 * a[k + 6] - 64 * a[k + 5]);
      to[t + 9 * step] = twice(16 * a[k + 7] - 64 * a[k + 6]);
      int sum = 0;
      for (int i = 0; i < 8; i++) {
        sum += a[k + i];
      }
      to[t + 10 * step] = twice(-32 * sum);
    }
  }

  /** One row times a block of Q4_K; sums as {@link SuperProducts#finish4} takes them. */
  static void row4(MemorySegment s, int o, int[] c, int at, float[] sums, int to) {
    ShortVector z = ShortVector.zero(S);
    ShortVector p = z;
    ShortVector r = z;
    for (int q = 0; q < 64; q++) {
      ShortVector v =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * o + 4L * L * q, Lanes.ORDER)
              .reinterpretAsShorts();
      ShortVector x = IntVector.broadcast(Lanes.I, c[at + q * 4]).reinterpretAsShorts();
      p = p.add(v.mul(x));
      x = IntVector.broadcast(Lanes.I, c[at + q * 4 + 1]).reinterpretAsShorts();
      r = r.add(v.lanewise(VectorOperators.LSHR, 4).mul(x));
      x = IntVector.broadcast(Lanes.I, c[at + q * 4 + 2]).reinterpretAsShorts();
      p = p.add(v.lanewise(VectorOperators.LSHR, 8).mul(x));
      x = IntVector.broadcast(Lanes.I, c[at + q * 4 + 3]).reinterpretAsShorts();
      r = r.add(v.lanewise(VectorOperators.LSHR, 12).mul(x));
      if ((q & 7) == 7) {
        int g = q >> 3;
        x = IntVector.broadcast(Lanes.I, c[at + BLOCK + g]).reinterpretAsShorts();
        IntVector t = p.add(r).add(x).reinterpretAsInts();
        FloatVector y = IntVector.broadcast(Lanes.I, c[at + BLOCK + 8 + g]).reinterpretAsFloats();
        FloatVector f =
            (FloatVector) t.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0);
        f.add(y).intoArray(sums, to + g * ROWS);
        f = (FloatVector) t.and(0xFFFF0000).convert(VectorOperators.I2F, 0);
        f.add(y).intoArray(sums, to + g * ROWS + L);
        p = z;
        r = z;
      }
    }
  }

  /** Two rows, {@code at} and the next, {@link #TILE} side by side, times a block of Q4_K. */
  static void pair4(MemorySegment s, int o, int[] c, int at, float[] sums, int to, int ld) {
    for (int g = 0; g < 8; g++) {
      int i = at + g * GROUP * TILE;
      int j = at + (BLOCK + g) * TILE;
      int w = o + g * 8 * L;
      ShortVector p = IntVector.broadcast(Lanes.I, c[j]).reinterpretAsShorts();
      ShortVector r = IntVector.broadcast(Lanes.I, c[j + 1]).reinterpretAsShorts();
      for (int q = 0; q < 8; q++) {
        int k = i + q * 4 * TILE;
        ShortVector v =
            IntVector.fromMemorySegment(Lanes.I, s, 4L * w + 4L * L * q, Lanes.ORDER)
                .reinterpretAsShorts();
        p = p.add(v.mul(IntVector.broadcast(Lanes.I, c[k]).reinterpretAsShorts()));
        r = r.add(v.mul(IntVector.broadcast(Lanes.I, c[k + 1]).reinterpretAsShorts()));
        ShortVector y = v.lanewise(VectorOperators.LSHR, 4);
        p = p.add(y.mul(IntVector.broadcast(Lanes.I, c[k + TILE]).reinterpretAsShorts()));
        r = r.add(y.mul(IntVector.broadcast(Lanes.I, c[k + TILE + 1]).reinterpretAsShorts()));
        y = v.lanewise(VectorOperators.LSHR, 8);
        p = p.add(y.mul(IntVector.broadcast(Lanes.I, c[k + 2 * TILE]).reinterpretAsShorts()));
        r = r.add(y.mul(IntVector.broadcast(Lanes.I, c[k + 2 * TILE + 1]).reinterpretAsShorts()));
        y = v.lanewise(VectorOperators.LSHR, 12);
        p = p.add(y.mul(IntVector.broadcast(Lanes.I, c[k + 3 * TILE]).reinterpretAsShorts()));
        r = r.add(y.mul(IntVector.broadcast(Lanes.I, c[k + 3 * TILE + 1]).reinterpretAsShorts()));
      }
      p.reinterpretAsFloats().intoArray(sums, to + g * ROWS);
      r.reinterpretAsFloats().intoArray(sums, to + g * ROWS + ld);
    }
    widen4(sums, to, c, at + (BLOCK + 8) * TILE);
    widen4(sums, to + ld, c, at + (BLOCK + 8) * TILE + 1);
  }

  /** One row times a block of Q6_K; sums as {@link SuperProducts#finish6} takes them. */
  static void row6(MemorySegment s, int o, int[] c, int at, float[] sums, int to) {
    for (int u = 0; u < 32; u++) {
      int i = at + u * 11;
      int w = o + u * 3 * L;
      ShortVector p = IntVector.broadcast(Lanes.I, c[i + 10]).reinterpretAsShorts();
      for (int j = 0; j < 3; j++) {
        ShortVector v =
            IntVector.fromMemorySegment(Lanes.I, s, 4L * w + 4L * L * j, Lanes.ORDER)
                .reinterpretAsShorts();
        ShortVector x = IntVector.broadcast(Lanes.I, c[i + j * 3]).reinterpretAsShorts();
        p = p.add(v.mul(x));
        x = IntVector.broadcast(Lanes.I, c[i + j * 3 + 1]).reinterpretAsShorts();
        p = p.add(v.lanewise(VectorOperators.LSHR, 6).mul(x));
        x = IntVector.broadcast(Lanes.I, c[i + j * 3 + 2]).reinterpretAsShorts();
        p = p.add(v.lanewise(VectorOperators.LSHR, 12).mul(x));
      }
      ShortVector v =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * w + 4L * L * 2, Lanes.ORDER)
              .reinterpretAsShorts();
      ShortVector x = IntVector.broadcast(Lanes.I, c[i + 9]).reinterpretAsShorts();
      p = p.add(v.lanewise(VectorOperators.LSHR, 14).mul(x));
      p.reinterpretAsFloats().intoArray(sums, to + u * ROWS);
    }
    widen6(sums, to);
  }

  /** Two rows, {@code at} and the next, {@link #TILE} side by side, times a block of Q6_K. */
  static void pair6(MemorySegment s, int o, int[] c, int at, float[] sums, int to, int ld) {
    for (int u = 0; u < 32; u++) {
      int i = at + u * 11 * TILE;
      int w = o + u * 3 * L;
      ShortVector p = IntVector.broadcast(Lanes.I, c[i + 10 * TILE]).reinterpretAsShorts();
      ShortVector r = IntVector.broadcast(Lanes.I, c[i + 10 * TILE + 1]).reinterpretAsShorts();
      for (int j = 0; j < 3; j++) {
        int k = i + j * 3 * TILE;
        ShortVector v =
            IntVector.fromMemorySegment(Lanes.I, s, 4L * w + 4L * L * j, Lanes.ORDER)
                .reinterpretAsShorts();
        p = p.add(v.mul(IntVector.broadcast(Lanes.I, c[k]).reinterpretAsShorts()));
        r = r.add(v.mul(IntVector.broadcast(Lanes.I, c[k + 1]).reinterpretAsShorts()));
        ShortVector y = v.lanewise(VectorOperators.LSHR, 6);
        p = p.add(y.mul(IntVector.broadcast(Lanes.I, c[k + TILE]).reinterpretAsShorts()));
        r = r.add(y.mul(IntVector.broadcast(Lanes.I, c[k + TILE + 1]).reinterpretAsShorts()));
        y = v.lanewise(VectorOperators.LSHR, 12);
        p = p.add(y.mul(IntVector.broadcast(Lanes.I, c[k + 2 * TILE]).reinterpretAsShorts()));
        r = r.add(y.mul(IntVector.broadcast(Lanes.I, c[k + 2 * TILE + 1]).reinterpretAsShorts()));
      }
      ShortVector v =
          IntVector.fromMemorySegment(Lanes.I, s, 4L * w + 4L * L * 2, Lanes.ORDER)
              .reinterpretAsShorts();
      v = v.lanewise(VectorOperators.LSHR, 14);
      int k = i + 9 * TILE;
      p = p.add(v.mul(IntVector.broadcast(Lanes.I, c[k]).reinterpretAsShorts()));
      r = r.add(v.mul(IntVector.broadcast(Lanes.I, c[k + 1]).reinterpretAsShorts()));
      p.reinterpretAsFloats().intoArray(sums, to + u * ROWS);
      r.reinterpretAsFloats().intoArray(sums, to + u * ROWS + ld);
    }
    widen6(sums, to);
    widen6(sums, to + ld);
  }

  // 16-bit sums, low and high rows in one vector, to float32 times 2^16. Four times the same, so
  // that C2 compiles it by itself (see Tiles): together with the loops above it would exceed the
  // budget of nodes.

  private static void widen4(float[] sums, int to, int[] c, int at) {
    for (int g = 0; g < 8; g += 4) {
      int t = to + g * ROWS;
      int i = at + g * TILE;
      FloatVector y = IntVector.broadcast(Lanes.I, c[i]).reinterpretAsFloats();
      IntVector v = FloatVector.fromArray(Lanes.F, sums, t).reinterpretAsInts();
      Lanes.toFloat(v.lanewise(VectorOperators.LSHL, 16)).add(y).intoArray(sums, t);
      Lanes.toFloat(v.and(0xFFFF0000)).add(y).intoArray(sums, t + L);
      y = IntVector.broadcast(Lanes.I, c[i + TILE]).reinterpretAsFloats();
      v = FloatVector.fromArray(Lanes.F, sums, t + ROWS).reinterpretAsInts();
      Lanes.toFloat(v.lanewise(VectorOperators.LSHL, 16)).add(y).intoArray(sums, t + ROWS);
      Lanes.toFloat(v.and(0xFFFF0000)).add(y).intoArray(sums, t + ROWS + L);
      y = IntVector.broadcast(Lanes.I, c[i + 2 * TILE]).reinterpretAsFloats();
      v = FloatVector.fromArray(Lanes.F, sums, t + 2 * ROWS).reinterpretAsInts();
      Lanes.toFloat(v.lanewise(VectorOperators.LSHL, 16)).add(y).intoArray(sums, t + 2 * ROWS);
      Lanes.toFloat(v.and(0xFFFF0000)).add(y).intoArray(sums, t + 2 * ROWS + L);
      y = IntVector.broadcast(Lanes.I, c[i + 3 * TILE]).reinterpretAsFloats();
      v = FloatVector.fromArray(Lanes.F, sums, t + 3 * ROWS).reinterpretAsInts();
      Lanes.toFloat(v.lanewise(VectorOperators.LSHL, 16)).add(y).intoArray(sums, t + 3 * ROWS);
      Lanes.toFloat(v.and(0xFFFF0000)).add(y).intoArray(sums, t + 3 * ROWS + L);
    }
  }

  private static void widen6(float[] sums, int to) {
    for (int t = to; t < to + 32 * ROWS; t += 4 * ROWS) {
      IntVector v = FloatVector.fromArray(Lanes.F, sums, t).reinterpretAsInts();
      FloatVector f =
          (FloatVector) v.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0);
      f.intoArray(sums, t);
      f = (FloatVector) v.and(0xFFFF0000).convert(VectorOperators.I2F, 0);
      f.intoArray(sums, t + L);
      v = FloatVector.fromArray(Lanes.F, sums, t + ROWS).reinterpretAsInts();
      f = (FloatVector) v.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0);
      f.intoArray(sums, t + ROWS);
      f = (FloatVector) v.and(0xFFFF0000).convert(VectorOperators.I2F, 0);
      f.intoArray(sums, t + ROWS + L);
      v = FloatVector.fromArray(Lanes.F, sums, t + 2 * ROWS).reinterpretAsInts();
      f = (FloatVector) v.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0);
      f.intoArray(sums, t + 2 * ROWS);
      f = (FloatVector) v.and(0xFFFF0000).convert(VectorOperators.I2F, 0);
      f.intoArray(sums, t + 2 * ROWS + L);
      v = FloatVector.fromArray(Lanes.F, sums, t + 3 * ROWS).reinterpretAsInts();
      f = (FloatVector) v.lanewise(VectorOperators.LSHL, 16).convert(VectorOperators.I2F, 0);
      f.intoArray(sums, t + 3 * ROWS);
      f = (FloatVector) v.and(0xFFFF0000).convert(VectorOperators.I2F, 0);
      f.intoArray(sums, t + 3 * ROWS + L);
    }
  }
}
