package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import jdk.incubator.vector.FloatVector;

/**
 * Register tiles of attention: queries times keys {@code [k][32]}, and weights times values. As in
 * {@link Tiles} each output is one chain of fused multiply-adds, over ascending k or token, and
 * each kernel is long enough for C2 to compile it by itself.
 */
final class AttentionTiles {
  private static final int ROW = Lanes.PANEL;

  private AttentionTiles() {}

  /**
   * Four queries by {@link Tiles#COLS} keys: {@code acc[at + i * ld + j] = sum_k x[xAt + xStep * k
   * + i] * w[k][j]}.
   *
   * @param w where the first column of the tile is in the panel's first row
   */
  static void scores4(
      float[] s, int w, int kn, float[] x, int xAt, int xStep, float[] acc, int at, int ld) {
    FloatVector a0 = FloatVector.zero(Lanes.F);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    for (int k = 0; k < kn; k++) {
      FloatVector w0 = load(s, w + k * Lanes.PANEL);
      FloatVector w1 = load(s, w + k * Lanes.PANEL + L);
      int o = xAt + k * xStep;
      FloatVector v = all(x[o]);
      a0 = v.fma(w0, a0);
      a1 = v.fma(w1, a1);
      v = all(x[o + 1]);
      b0 = v.fma(w0, b0);
      b1 = v.fma(w1, b1);
      v = all(x[o + 2]);
      c0 = v.fma(w0, c0);
      c1 = v.fma(w1, c1);
      v = all(x[o + 3]);
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
   * One row by {@link Tiles#COLS1} columns: {@code acc[at + j] = sum_k x[xAt + k * xStep] *
   * w[k][j]}.
   */
  static void scores1(
      float[] s, int w, int kn, float[] x, int xAt, int xStep, float[] acc, int at) {
    FloatVector a0 = FloatVector.zero(Lanes.F);
    FloatVector a1 = a0;
    FloatVector a2 = a0;
    FloatVector a3 = a0;
    if (Tiles.COLS1 == 4 * L) {
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
   * Four rows of weights times values: {@code out[at + i * ld + j] += sum_t p[pAt + i * pLd + t] *
   * v[t][j]} for {@link Tiles#COLS} columns j, value t lying at {@code v + t * step}.
   */
  static void values4(
      float[] s,
      int v,
      int step,
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
      FloatVector w0 = load(s, v + t * step);
      FloatVector w1 = load(s, v + t * step + L);
      int o = pAt + t;
      FloatVector x = all(p[o]);
      a0 = x.fma(w0, a0);
      a1 = x.fma(w1, a1);
      x = all(p[o + pLd]);
      b0 = x.fma(w0, b0);
      b1 = x.fma(w1, b1);
      x = all(p[o + 2 * pLd]);
      c0 = x.fma(w0, c0);
      c1 = x.fma(w1, c1);
      x = all(p[o + 3 * pLd]);
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

  /** {@link #values4} of one row and {@code n} columns, a multiple of {@link Tiles#COLS}. */
  static void values1(
      float[] s, int v, int step, int tn, float[] p, int pAt, float[] out, int at, int n) {
    int d = 0;
    for (; d + 4 * L <= n; d += 4 * L) {
      FloatVector a0 = load(out, at + d);
      FloatVector a1 = load(out, at + d + L);
      FloatVector a2 = load(out, at + d + 2 * L);
      FloatVector a3 = load(out, at + d + 3 * L);
      for (int t = 0; t < tn; t++) {
        int o = v + t * step + d;
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
        int o = v + t * step + d;
        FloatVector x = all(p[pAt + t]);
        a0 = x.fma(load(s, o), a0);
        a1 = x.fma(load(s, o + L), a1);
      }
      a0.intoArray(out, at + d);
      a1.intoArray(out, at + d + L);
    }
  }
}
