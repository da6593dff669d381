package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;
import static org.deft4j.kernels.cpu.panama.Lanes.loadInts;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.jspecify.annotations.Nullable;

/** One row of activations times a panel of 32 output features. */
final class Products {
  private static final int PANEL = Lanes.PANEL;
  private static final int PAIR = 2 * L;

  private Products() {}

  /** Panel a and, if there is one, panel b: two give enough chains to hide the latency. */
  static void f32(
      MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
    if (b == null) {
      f32One(a, cols, x, xAt, acc, 0);
      return;
    }
    if (PANEL < 4 * L) {
      f32Wide(a, b, cols, x, xAt, acc);
      return;
    }
    for (int j = 0; j < PANEL; j += Tiles.COLS1) {
      f32Pair(a, b, cols, x, xAt, acc, j);
    }
  }

  private static void f32One(MemorySegment s, int cols, float[] x, int xAt, float[] acc, int at) {
    for (int j = 0; j < PANEL; j += 2 * L) {
      FloatVector a0 = FloatVector.zero(Lanes.F);
      FloatVector a1 = a0;
      for (int k = 0; k < cols; k++) {
        FloatVector v = all(x[xAt + k]);
        int o = j + k * PANEL;
        a0 = v.fma(load(s, o), a0);
        a1 = v.fma(load(s, o + L), a1);
      }
      a0.intoArray(acc, at + j);
      a1.intoArray(acc, at + j + L);
    }
  }

  // Two streams of memory, each a panel of two vectors.
  private static void f32Wide(
      MemorySegment a, MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
    FloatVector a0 = FloatVector.zero(Lanes.F);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    int k = 0;
    for (; k + 1 < cols; k += 2) {
      FloatVector v = all(x[xAt + k]);
      FloatVector u = all(x[xAt + k + 1]);
      int o = k * PANEL;
      a0 = v.fma(load(a, o), a0);
      a1 = v.fma(load(a, o + L), a1);
      b0 = v.fma(load(b, o), b0);
      b1 = v.fma(load(b, o + L), b1);
      a0 = u.fma(load(a, o + PANEL), a0);
      a1 = u.fma(load(a, o + PANEL + L), a1);
      b0 = u.fma(load(b, o + PANEL), b0);
      b1 = u.fma(load(b, o + PANEL + L), b1);
    }
    if (k < cols) {
      FloatVector v = all(x[xAt + k]);
      int o = k * PANEL;
      a0 = v.fma(load(a, o), a0);
      a1 = v.fma(load(a, o + L), a1);
      b0 = v.fma(load(b, o), b0);
      b1 = v.fma(load(b, o + L), b1);
    }
    a0.intoArray(acc, 0);
    a1.intoArray(acc, L);
    b0.intoArray(acc, PANEL);
    b1.intoArray(acc, PANEL + L);
  }

  private static void f32Pair(
      MemorySegment a, MemorySegment b, int cols, float[] x, int xAt, float[] acc, int j) {
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
      int o = j + k * PANEL;
      a0 = v.fma(load(a, o), a0);
      a1 = v.fma(load(a, o + L), a1);
      a2 = v.fma(load(a, o + 2 * L), a2);
      a3 = v.fma(load(a, o + 3 * L), a3);
      b0 = v.fma(load(b, o), b0);
      b1 = v.fma(load(b, o + L), b1);
      b2 = v.fma(load(b, o + 2 * L), b2);
      b3 = v.fma(load(b, o + 3 * L), b3);
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

  static void bf16(MemorySegment s, int cols, float[] x, int xAt, float[] acc, int at) {
    // Four vectors, or where that is more than a panel, its two.
    int wide = Math.min(4 * L, PANEL);
    for (int j = 0; j < PANEL; j += wide) {
      FloatVector a0 = FloatVector.zero(Lanes.F);
      FloatVector a1 = a0;
      FloatVector a2 = a0;
      FloatVector a3 = a0;
      int o = j;
      int third = wide == 4 * L ? 2 * L : 0;
      for (int k = 0; k + 1 < cols; k += 2) {
        FloatVector x0 = all(x[xAt + k]);
        FloatVector x1 = all(x[xAt + k + 1]);
        IntVector v = loadInts(s, o + k / 2 * PANEL);
        IntVector w = loadInts(s, o + k / 2 * PANEL + L);
        IntVector y = loadInts(s, o + k / 2 * PANEL + third);
        IntVector z = loadInts(s, o + k / 2 * PANEL + third + L);
        a0 = x0.fma(Expansions.bf16Low(v), a0);
        a1 = x0.fma(Expansions.bf16Low(w), a1);
        a2 = x0.fma(Expansions.bf16Low(y), a2);
        a3 = x0.fma(Expansions.bf16Low(z), a3);
        a0 = x1.fma(Expansions.bf16High(v), a0);
        a1 = x1.fma(Expansions.bf16High(w), a1);
        a2 = x1.fma(Expansions.bf16High(y), a2);
        a3 = x1.fma(Expansions.bf16High(z), a3);
      }
      if ((cols & 1) != 0) {
        FloatVector x0 = all(x[xAt + cols - 1]);
        o += cols / 2 * PANEL;
        a0 = x0.fma(Expansions.bf16Low(loadInts(s, o)), a0);
        a1 = x0.fma(Expansions.bf16Low(loadInts(s, o + L)), a1);
        a2 = x0.fma(Expansions.bf16Low(loadInts(s, o + third)), a2);
        a3 = x0.fma(Expansions.bf16Low(loadInts(s, o + third + L)), a3);
      }
      a0.intoArray(acc, at + j);
      a1.intoArray(acc, at + j + L);
      if (wide == 4 * L) {
        a2.intoArray(acc, at + j + 2 * L);
        a3.intoArray(acc, at + j + 3 * L);
      }
    }
  }

  static void f16(MemorySegment s, int cols, float[] x, int xAt, float[] acc, int at) {
    // Four vectors, or where that is more than a panel, its two.
    int wide = Math.min(4 * L, PANEL);
    for (int j = 0; j < PANEL; j += wide) {
      FloatVector a0 = FloatVector.zero(Lanes.F);
      FloatVector a1 = a0;
      FloatVector a2 = a0;
      FloatVector a3 = a0;
      int o = j;
      int third = wide == 4 * L ? 2 * L : 0;
      for (int k = 0; k + 1 < cols; k += 2) {
        FloatVector x0 = all(x[xAt + k]);
        FloatVector x1 = all(x[xAt + k + 1]);
        IntVector v = loadInts(s, o + k / 2 * PANEL);
        IntVector w = loadInts(s, o + k / 2 * PANEL + L);
        IntVector y = loadInts(s, o + k / 2 * PANEL + third);
        IntVector z = loadInts(s, o + k / 2 * PANEL + third + L);
        a0 = x0.fma(Expansions.f16Low(v), a0);
        a1 = x0.fma(Expansions.f16Low(w), a1);
        a2 = x0.fma(Expansions.f16Low(y), a2);
        a3 = x0.fma(Expansions.f16Low(z), a3);
        a0 = x1.fma(Expansions.f16High(v), a0);
        a1 = x1.fma(Expansions.f16High(w), a1);
        a2 = x1.fma(Expansions.f16High(y), a2);
        a3 = x1.fma(Expansions.f16High(z), a3);
      }
      if ((cols & 1) != 0) {
        FloatVector x0 = all(x[xAt + cols - 1]);
        o += cols / 2 * PANEL;
        a0 = x0.fma(Expansions.f16Low(loadInts(s, o)), a0);
        a1 = x0.fma(Expansions.f16Low(loadInts(s, o + L)), a1);
        a2 = x0.fma(Expansions.f16Low(loadInts(s, o + third)), a2);
        a3 = x0.fma(Expansions.f16Low(loadInts(s, o + third + L)), a3);
      }
      a0.intoArray(acc, at + j);
      a1.intoArray(acc, at + j + L);
      if (wide == 4 * L) {
        a2.intoArray(acc, at + j + 2 * L);
        a3.intoArray(acc, at + j + 3 * L);
      }
    }
  }

  /**
   * Four products of a block are summed, then times its scale: 5 multiply-adds for 4 weights. One
   * flat loop: a loop over blocks around one over eight ints spends a third of its time on entering
   * and leaving the inner one.
   */
  static void q8(MemorySegment s, int cols, float[] x, int xAt, float[] acc, int at) {
    int n = cols / 4;
    for (int j = 0; j < PANEL; j += 2 * L) {
      FloatVector t0 = FloatVector.zero(Lanes.F);
      FloatVector t1 = t0;
      int from = Q8Panels.scaleAt(0, 0, j, cols);
      for (int q = 0; q < n; q++) {
        int i = xAt + q * 4;
        int f = from + (q >> 3) * 9 * PAIR;
        int o = f + ((q & 7) + 1) * PAIR;
        FloatVector x0 = all(x[i]);
        FloatVector x1 = all(x[i + 1]);
        FloatVector x2 = all(x[i + 2]);
        FloatVector x3 = all(x[i + 3]);
        IntVector v = loadInts(s, o);
        FloatVector p = x0.mul(Expansions.q8(v, 24));
        p = x1.fma(Expansions.q8(v, 16), p);
        p = x2.fma(Expansions.q8(v, 8), p);
        p = x3.fma(Expansions.q8Top(v), p);
        t0 = p.fma(load(s, f), t0);
        v = loadInts(s, o + L);
        p = x0.mul(Expansions.q8(v, 24));
        p = x1.fma(Expansions.q8(v, 16), p);
        p = x2.fma(Expansions.q8(v, 8), p);
        p = x3.fma(Expansions.q8Top(v), p);
        t1 = p.fma(load(s, f + L), t1);
      }
      t0.intoArray(acc, at + j);
      t1.intoArray(acc, at + j + L);
    }
  }

  /**
   * Four rows by one vector of columns over one block of 32, in the order of {@link #q8}, added to
   * {@code acc[at + i * ld...]}.
   *
   * @param w the block as float32 {@code [32][32]}, unscaled
   */
  static void q8Block4(
      int[] s, int w, FloatVector scale, float[] x, int xAt, float[] acc, int at, int ld) {
    FloatVector a = load(acc, at);
    FloatVector b = load(acc, at + ld);
    FloatVector c = load(acc, at + 2 * ld);
    FloatVector d = load(acc, at + 3 * ld);
    for (int k = 0; k < 32; k += 4) {
      int i = xAt + k * 4;
      FloatVector v = load(s, w + k * 32);
      FloatVector p = all(x[i]).mul(v);
      FloatVector q = all(x[i + 1]).mul(v);
      FloatVector r = all(x[i + 2]).mul(v);
      FloatVector t = all(x[i + 3]).mul(v);
      v = load(s, w + k * 32 + 32);
      p = all(x[i + 4]).fma(v, p);
      q = all(x[i + 5]).fma(v, q);
      r = all(x[i + 6]).fma(v, r);
      t = all(x[i + 7]).fma(v, t);
      v = load(s, w + k * 32 + 64);
      p = all(x[i + 8]).fma(v, p);
      q = all(x[i + 9]).fma(v, q);
      r = all(x[i + 10]).fma(v, r);
      t = all(x[i + 11]).fma(v, t);
      v = load(s, w + k * 32 + 96);
      a = all(x[i + 12]).fma(v, p).fma(scale, a);
      b = all(x[i + 13]).fma(v, q).fma(scale, b);
      c = all(x[i + 14]).fma(v, r).fma(scale, c);
      d = all(x[i + 15]).fma(v, t).fma(scale, d);
    }
    a.intoArray(acc, at);
    b.intoArray(acc, at + ld);
    c.intoArray(acc, at + 2 * ld);
    d.intoArray(acc, at + 3 * ld);
  }
}
