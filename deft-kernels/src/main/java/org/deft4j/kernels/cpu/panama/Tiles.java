package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import jdk.incubator.vector.FloatVector;

/**
 * Register tiles over a float32 panel {@code [k][32]} in an array: each output is one chain of
 * fused multiply-adds over ascending k, whatever the tile.
 *
 * <p>Here and in {@link Products} a kernel is deliberately longer than 325 bytes of bytecode
 * (FreqInlineSize): C2 then compiles it by itself. Inlined into a driver, several kernels together
 * exceed C2's node budget, some vector operation is left as a call, and its operands are boxed: ten
 * times slower.
 */
final class Tiles {
  /** Rows of {@link #tile4}. */
  static final int ROWS = 4;

  /** Columns of {@link #tile4}. */
  static final int COLS = 2 * L;

  /** Columns of {@link #tile1}: four vectors, or the panel where that is less. */
  static final int COLS1 = Math.min(4 * L, Lanes.PANEL);

  private static final int ROW = Lanes.PANEL;

  private Tiles() {}

  /**
   * Four rows by {@link #COLS} columns: {@code acc[at + i * ld + j] += sum_k x[xStep * k + i] *
   * w[k][j]}.
   *
   * @param w where the first column of the tile is in the panel's first row
   * @param x rows packed by four or, with that {@code xStep}, more, from {@code xAt}
   * @param fresh starts from zero instead of {@code acc}
   */
  static void tile4(
      int[] s,
      int w,
      int kn,
      float[] x,
      int xAt,
      int xStep,
      float[] acc,
      int at,
      int ld,
      boolean fresh) {
    FloatVector z = FloatVector.zero(Lanes.F);
    FloatVector a0 = z;
    FloatVector a1 = z;
    FloatVector b0 = z;
    FloatVector b1 = z;
    FloatVector c0 = z;
    FloatVector c1 = z;
    FloatVector d0 = z;
    FloatVector d1 = z;
    if (!fresh) {
      a0 = load(acc, at);
      a1 = load(acc, at + L);
      b0 = load(acc, at + ld);
      b1 = load(acc, at + ld + L);
      c0 = load(acc, at + 2 * ld);
      c1 = load(acc, at + 2 * ld + L);
      d0 = load(acc, at + 3 * ld);
      d1 = load(acc, at + 3 * ld + L);
    }
    for (int k = 0; k < kn; k++) {
      FloatVector w0 = load(s, w + k * Lanes.PANEL);
      FloatVector w1 = load(s, w + k * Lanes.PANEL + L);
      int i = xAt + k * xStep;
      FloatVector v = all(x[i]);
      a0 = v.fma(w0, a0);
      a1 = v.fma(w1, a1);
      v = all(x[i + 1]);
      b0 = v.fma(w0, b0);
      b1 = v.fma(w1, b1);
      v = all(x[i + 2]);
      c0 = v.fma(w0, c0);
      c1 = v.fma(w1, c1);
      v = all(x[i + 3]);
      d0 = v.fma(w0, d0);
      d1 = v.fma(w1, d1);
    }
    a0.intoArray(acc, at);
    a1.intoArray(acc, at + L);
    b0.intoArray(acc, at + ld);
    b1.intoArray(acc, at + ld + L);
    c0.intoArray(acc, at + 2 * ld);
    c1.intoArray(acc, at + 2 * ld + L);
    d0.intoArray(acc, at + 3 * ld);
    d1.intoArray(acc, at + 3 * ld + L);
  }

  /** The same over a panel of floats. */
  static void tile4(
      float[] s, int w, int kn, float[] x, int xAt, float[] acc, int at, int ld, boolean fresh) {
    FloatVector z = FloatVector.zero(Lanes.F);
    FloatVector a0 = z;
    FloatVector a1 = z;
    FloatVector b0 = z;
    FloatVector b1 = z;
    FloatVector c0 = z;
    FloatVector c1 = z;
    FloatVector d0 = z;
    FloatVector d1 = z;
    if (!fresh) {
      a0 = load(acc, at);
      a1 = load(acc, at + L);
      b0 = load(acc, at + ld);
      b1 = load(acc, at + ld + L);
      c0 = load(acc, at + 2 * ld);
      c1 = load(acc, at + 2 * ld + L);
      d0 = load(acc, at + 3 * ld);
      d1 = load(acc, at + 3 * ld + L);
    }
    for (int k = 0; k < kn; k++) {
      FloatVector w0 = load(s, w + k * Lanes.PANEL);
      FloatVector w1 = load(s, w + k * Lanes.PANEL + L);
      int i = xAt + k * 4;
      FloatVector v = all(x[i]);
      a0 = v.fma(w0, a0);
      a1 = v.fma(w1, a1);
      v = all(x[i + 1]);
      b0 = v.fma(w0, b0);
      b1 = v.fma(w1, b1);
      v = all(x[i + 2]);
      c0 = v.fma(w0, c0);
      c1 = v.fma(w1, c1);
      v = all(x[i + 3]);
      d0 = v.fma(w0, d0);
      d1 = v.fma(w1, d1);
    }
    a0.intoArray(acc, at);
    a1.intoArray(acc, at + L);
    b0.intoArray(acc, at + ld);
    b1.intoArray(acc, at + ld + L);
    c0.intoArray(acc, at + 2 * ld);
    c1.intoArray(acc, at + 2 * ld + L);
    d0.intoArray(acc, at + 3 * ld);
    d1.intoArray(acc, at + 3 * ld + L);
  }

  /**
   * One row by {@link #COLS1} columns: {@code acc[at + j] = sum_k x[xAt + k * xStep] * w[k][j]}.
   */
  static void tile1(float[] s, int w, int kn, float[] x, int xAt, int xStep, float[] acc, int at) {
    FloatVector a0 = FloatVector.zero(Lanes.F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    if (COLS1 == 4 * L) {
      int k = 0;
      for (; k + 1 < kn; k += 2) {
        FloatVector v = all(x[xAt + k * xStep]);
        FloatVector u = all(x[xAt + (k + 1) * xStep]);
        int o = w + k * ROW;
        a0 = v.fma(load(s, o), a0);
        a1 = v.fma(load(s, o + L), a1);
        a2 = v.fma(load(s, o + 2 * L), a2);
        a3 = v.fma(load(s, o + 3 * L), a3);
        a0 = u.fma(load(s, o + ROW), a0);
        a1 = u.fma(load(s, o + ROW + L), a1);
        a2 = u.fma(load(s, o + ROW + 2 * L), a2);
        a3 = u.fma(load(s, o + ROW + 3 * L), a3);
      }
      if (k < kn) {
        FloatVector v = all(x[xAt + k * xStep]);
        int o = w + k * ROW;
        a0 = v.fma(load(s, o), a0);
        a1 = v.fma(load(s, o + L), a1);
        a2 = v.fma(load(s, o + 2 * L), a2);
        a3 = v.fma(load(s, o + 3 * L), a3);
      }
      a2.intoArray(acc, at + 2 * L);
      a3.intoArray(acc, at + 3 * L);
    } else {
      for (int k = 0; k < kn; k++) {
        FloatVector v = all(x[xAt + k * xStep]);
        int o = w + k * ROW;
        a0 = v.fma(load(s, o), a0);
        a1 = v.fma(load(s, o + L), a1);
      }
    }
    a0.intoArray(acc, at);
    a1.intoArray(acc, at + L);
  }

  /**
   * Four rows of probabilities times values: {@code out[at + i * ld + j] += sum_t p[pAt + i * pLd +
   * t] * v[t][j]} for {@link #COLS} columns j, value t lying at {@code rows[t] + v}.
   */
  static void values4(
      float[] s,
      int v,
      int[] rows,
      int tn,
      float[] p,
      int pAt,
      int pLd,
      float[] out,
      int at,
      int ld) {
    FloatVector a0 = load(out, at);
    FloatVector a1 = load(out, at + L);
    FloatVector b0 = load(out, at + ld);
    FloatVector b1 = load(out, at + ld + L);
    FloatVector c0 = load(out, at + 2 * ld);
    FloatVector c1 = load(out, at + 2 * ld + L);
    FloatVector d0 = load(out, at + 3 * ld);
    FloatVector d1 = load(out, at + 3 * ld + L);
    for (int t = 0; t < tn; t++) {
      int o = v + rows[t];
      FloatVector w0 = load(s, o);
      FloatVector w1 = load(s, o + L);
      FloatVector x = all(p[pAt + t]);
      a0 = x.fma(w0, a0);
      a1 = x.fma(w1, a1);
      x = all(p[pAt + pLd + t]);
      b0 = x.fma(w0, b0);
      b1 = x.fma(w1, b1);
      x = all(p[pAt + 2 * pLd + t]);
      c0 = x.fma(w0, c0);
      c1 = x.fma(w1, c1);
      x = all(p[pAt + 3 * pLd + t]);
      d0 = x.fma(w0, d0);
      d1 = x.fma(w1, d1);
    }
    a0.intoArray(out, at);
    a1.intoArray(out, at + L);
    b0.intoArray(out, at + ld);
    b1.intoArray(out, at + ld + L);
    c0.intoArray(out, at + 2 * ld);
    c1.intoArray(out, at + 2 * ld + L);
    d0.intoArray(out, at + 3 * ld);
    d1.intoArray(out, at + 3 * ld + L);
  }

  /** {@link #values4} of one row and {@code n} columns, a multiple of {@link #COLS}. */
  static void values1(
      float[] s, int v, int[] rows, int tn, float[] p, int pAt, float[] out, int at, int n) {
    int d = 0;
    for (; d + 4 * L <= n; d += 4 * L) {
      FloatVector a0 = load(out, at + d);
      FloatVector a1 = load(out, at + d + L);
      FloatVector a2 = load(out, at + d + 2 * L);
      FloatVector a3 = load(out, at + d + 3 * L);
      for (int t = 0; t < tn; t++) {
        int o = v + rows[t] + d;
        FloatVector x = all(p[pAt + t]);
        a0 = x.fma(load(s, o), a0);
        a1 = x.fma(load(s, o + L), a1);
        a2 = x.fma(load(s, o + 2 * L), a2);
        a3 = x.fma(load(s, o + 3 * L), a3);
      }
      a0.intoArray(out, at + d);
      a1.intoArray(out, at + d + L);
      a2.intoArray(out, at + d + 2 * L);
      a3.intoArray(out, at + d + 3 * L);
    }
    if (d < n) {
      FloatVector a0 = load(out, at + d);
      FloatVector a1 = load(out, at + d + L);
      for (int t = 0; t < tn; t++) {
        int o = v + rows[t] + d;
        FloatVector x = all(p[pAt + t]);
        a0 = x.fma(load(s, o), a0);
        a1 = x.fma(load(s, o + L), a1);
      }
      a0.intoArray(out, at + d);
      a1.intoArray(out, at + d + L);
    }
  }
}
