package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;
import static org.deft4j.kernels.cpu.panama.Lanes.loadInts;
import static org.deft4j.kernels.cpu.panama.Lanes.toFloat;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** One row of activations times a panel of 32 output features. */
final class Products {
  private static final int PANEL = Lanes.PANEL;
  private static final long V = L * 4L;

  private Products() {}

  /** Panel a and, unless negative, panel b: two panels give enough chains to hide the latency. */
  static void f32(MemorySegment s, long a, long b, int cols, float[] x, int xAt, float[] acc) {
    if (b < 0) {
      for (int j = 0; j < PANEL; j += Tiles.COLS1) {
        Tiles.tile1(s, a + j * 4L, cols, x, xAt, 1, acc, j);
      }
      return;
    }
    for (int j = 0; j < PANEL; j += Tiles.COLS1) {
      f32Pair(s, a + j * 4L, b + j * 4L, cols, x, xAt, acc, j);
    }
  }

  private static void f32Pair(
      MemorySegment s, long a, long b, int cols, float[] x, int xAt, float[] acc, int j) {
    if (Tiles.COLS1 < 4 * L) {
      Tiles.tile1(s, a, cols, x, xAt, 1, acc, j);
      Tiles.tile1(s, b, cols, x, xAt, 1, acc, PANEL + j);
      return;
    }
    FloatVector a0 = FloatVector.zero(Lanes.F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector b2 = a0;
    FloatVector b3 = a0;
    for (int k = 0; k < cols; k++) {
      FloatVector v = all(x[xAt + k]);
      long o = a + k * 128L;
      long p = b + k * 128L;
      a0 = v.fma(load(s, o), a0);
      a1 = v.fma(load(s, o + V), a1);
      a2 = v.fma(load(s, o + 2 * V), a2);
      a3 = v.fma(load(s, o + 3 * V), a3);
      b0 = v.fma(load(s, p), b0);
      b1 = v.fma(load(s, p + V), b1);
      b2 = v.fma(load(s, p + 2 * V), b2);
      b3 = v.fma(load(s, p + 3 * V), b3);
    }
    a0.intoArray(acc, j);
    a1.intoArray(acc, j + L);
    a2.intoArray(acc, j + 2 * L);
    a3.intoArray(acc, j + 3 * L);
    b0.intoArray(acc, PANEL + j);
    b1.intoArray(acc, PANEL + j + L);
    b2.intoArray(acc, PANEL + j + 2 * L);
    b3.intoArray(acc, PANEL + j + 3 * L);
  }

  static void bf16(MemorySegment s, long a, int cols, float[] x, int xAt, float[] acc, int at) {
    for (int j = 0; j < PANEL; j += 2 * L) {
      FloatVector a0 = FloatVector.zero(Lanes.F);
      FloatVector a1 = a0;
      long o = a + j * 4L;
      for (int k = 0; k + 1 < cols; k += 2) {
        FloatVector x0 = all(x[xAt + k]);
        FloatVector x1 = all(x[xAt + k + 1]);
        IntVector v = loadInts(s, o + k * 64L);
        IntVector w = loadInts(s, o + k * 64L + V);
        a0 = x0.fma(Expansions.bf16Low(v), a0);
        a1 = x0.fma(Expansions.bf16Low(w), a1);
        a0 = x1.fma(Expansions.bf16High(v), a0);
        a1 = x1.fma(Expansions.bf16High(w), a1);
      }
      if ((cols & 1) != 0) {
        FloatVector x0 = all(x[xAt + cols - 1]);
        a0 = x0.fma(Expansions.bf16Low(loadInts(s, o + (cols - 1) * 64L)), a0);
        a1 = x0.fma(Expansions.bf16Low(loadInts(s, o + (cols - 1) * 64L + V)), a1);
      }
      a0.intoArray(acc, at + j);
      a1.intoArray(acc, at + j + L);
    }
  }

  static void f16(MemorySegment s, long a, int cols, float[] x, int xAt, float[] acc, int at) {
    for (int j = 0; j < PANEL; j += 2 * L) {
      FloatVector a0 = FloatVector.zero(Lanes.F);
      FloatVector a1 = a0;
      long o = a + j * 4L;
      for (int k = 0; k + 1 < cols; k += 2) {
        FloatVector x0 = all(x[xAt + k]);
        FloatVector x1 = all(x[xAt + k + 1]);
        IntVector v = loadInts(s, o + k * 64L);
        IntVector w = loadInts(s, o + k * 64L + V);
        a0 = x0.fma(Expansions.f16Low(v), a0);
        a1 = x0.fma(Expansions.f16Low(w), a1);
        a0 = x1.fma(Expansions.f16High(v), a0);
        a1 = x1.fma(Expansions.f16High(w), a1);
      }
      if ((cols & 1) != 0) {
        FloatVector x0 = all(x[xAt + cols - 1]);
        a0 = x0.fma(Expansions.f16Low(loadInts(s, o + (cols - 1) * 64L)), a0);
        a1 = x0.fma(Expansions.f16Low(loadInts(s, o + (cols - 1) * 64L + V)), a1);
      }
      a0.intoArray(acc, at + j);
      a1.intoArray(acc, at + j + L);
    }
  }

  /**
   * A block of 32 is summed as even plus odd k, then times its scales: two multiplications a lane
   * and block instead of one a weight.
   */
  static void q8(MemorySegment s, long a, int cols, float[] x, int xAt, float[] acc, int at) {
    long scales = a + cols * 32L;
    for (int j = 0; j < PANEL; j += 2 * L) {
      q8Columns(s, a + j * 4L, scales + j * 4L, cols / 32, x, xAt, acc, at + j);
    }
  }

  private static void q8Columns(
      MemorySegment s, long a, long scales, int blocks, float[] x, int xAt, float[] acc, int at) {
    IntVector top = IntVector.broadcast(Lanes.I, 0xFF000000);
    FloatVector t0 = FloatVector.zero(Lanes.F);
    FloatVector t1 = t0;
    for (int b = 0; b < blocks; b++) {
      FloatVector a0 = FloatVector.zero(Lanes.F);
      FloatVector a1 = a0;
      FloatVector b0 = a0;
      FloatVector b1 = a0;
      for (int q = 0; q < 8; q++) {
        int i = xAt + b * 32 + q * 4;
        long o = a + (b * 8 + q) * 128L;
        FloatVector x0 = all(x[i]);
        FloatVector x1 = all(x[i + 1]);
        FloatVector x2 = all(x[i + 2]);
        FloatVector x3 = all(x[i + 3]);
        IntVector v = loadInts(s, o);
        a0 = x0.fma(toFloat(v.lanewise(VectorOperators.LSHL, 24)), a0);
        b0 = x1.fma(toFloat(v.lanewise(VectorOperators.LSHL, 16).and(top)), b0);
        a0 = x2.fma(toFloat(v.lanewise(VectorOperators.LSHL, 8).and(top)), a0);
        b0 = x3.fma(toFloat(v.and(top)), b0);
        v = loadInts(s, o + V);
        a1 = x0.fma(toFloat(v.lanewise(VectorOperators.LSHL, 24)), a1);
        b1 = x1.fma(toFloat(v.lanewise(VectorOperators.LSHL, 16).and(top)), b1);
        a1 = x2.fma(toFloat(v.lanewise(VectorOperators.LSHL, 8).and(top)), a1);
        b1 = x3.fma(toFloat(v.and(top)), b1);
      }
      t0 = a0.add(b0).fma(load(s, scales + b * 128L), t0);
      t1 = a1.add(b1).fma(load(s, scales + b * 128L + V), t1);
    }
    t0.intoArray(acc, at);
    t1.intoArray(acc, at + L);
  }

  /**
   * Four rows by one vector of columns over one block of 32, in the order of {@link #q8}: {@code
   * acc[at + i * ld + j] += scale[j] * (sum over even k + sum over odd k)}.
   *
   * @param w the block as float32 {@code [32][32]}, unscaled
   */
  static void q8Block4(
      MemorySegment s, long w, FloatVector scale, float[] x, int xAt, float[] acc, int at, int ld) {
    FloatVector a0 = FloatVector.zero(Lanes.F);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    for (int k = 0; k < 32; k += 2) {
      int i = xAt + k * 4;
      FloatVector w0 = load(s, w + k * 128L);
      FloatVector w1 = load(s, w + k * 128L + 128);
      a0 = all(x[i]).fma(w0, a0);
      b0 = all(x[i + 1]).fma(w0, b0);
      c0 = all(x[i + 2]).fma(w0, c0);
      d0 = all(x[i + 3]).fma(w0, d0);
      a1 = all(x[i + 4]).fma(w1, a1);
      b1 = all(x[i + 5]).fma(w1, b1);
      c1 = all(x[i + 6]).fma(w1, c1);
      d1 = all(x[i + 7]).fma(w1, d1);
    }
    a0.add(a1).fma(scale, load(acc, at)).intoArray(acc, at);
    b0.add(b1).fma(scale, load(acc, at + ld)).intoArray(acc, at + ld);
    c0.add(c1).fma(scale, load(acc, at + 2 * ld)).intoArray(acc, at + 2 * ld);
    d0.add(d1).fma(scale, load(acc, at + 3 * ld)).intoArray(acc, at + 3 * ld);
  }
}
