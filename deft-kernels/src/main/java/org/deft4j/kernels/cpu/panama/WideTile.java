package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import jdk.incubator.vector.FloatVector;

/** Tiles for processors with 32 vector registers: 16 sums, where those of four rows have 8. */
final class WideTile {
  /** Rows of {@link #tile8}. */
  static final int ROWS = 8;

  private WideTile() {}

  /**
   * {@link Tiles#tile4} with eight rows: {@code acc[at + i * ld + j] += sum_k x[8k + i] * w[k][j]}
   * for two vectors of columns j.
   */
  static void tile8(int[] s, int w, int kn, float[] x, int xAt, float[] acc, int at, int ld) {
    FloatVector a0 = load(acc, at);
    FloatVector a1 = load(acc, at + L);
    FloatVector b0 = load(acc, at + ld);
    FloatVector b1 = load(acc, at + ld + L);
    FloatVector c0 = load(acc, at + 2 * ld);
    FloatVector c1 = load(acc, at + 2 * ld + L);
    FloatVector d0 = load(acc, at + 3 * ld);
    FloatVector d1 = load(acc, at + 3 * ld + L);
    FloatVector e0 = load(acc, at + 4 * ld);
    FloatVector e1 = load(acc, at + 4 * ld + L);
    FloatVector f0 = load(acc, at + 5 * ld);
    FloatVector f1 = load(acc, at + 5 * ld + L);
    FloatVector g0 = load(acc, at + 6 * ld);
    FloatVector g1 = load(acc, at + 6 * ld + L);
    FloatVector h0 = load(acc, at + 7 * ld);
    FloatVector h1 = load(acc, at + 7 * ld + L);
    for (int k = 0; k < kn; k++) {
      FloatVector w0 = load(s, w + k * Lanes.PANEL);
      FloatVector w1 = load(s, w + k * Lanes.PANEL + L);
      int o = xAt + k * 8;
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
      v = all(x[o + 4]);
      e0 = v.fma(w0, e0);
      e1 = v.fma(w1, e1);
      v = all(x[o + 5]);
      f0 = v.fma(w0, f0);
      f1 = v.fma(w1, f1);
      v = all(x[o + 6]);
      g0 = v.fma(w0, g0);
      g1 = v.fma(w1, g1);
      v = all(x[o + 7]);
      h0 = v.fma(w0, h0);
      h1 = v.fma(w1, h1);
    }
    a0.intoArray(acc, at);
    a1.intoArray(acc, at + L);
    b0.intoArray(acc, at + ld);
    b1.intoArray(acc, at + ld + L);
    c0.intoArray(acc, at + 2 * ld);
    c1.intoArray(acc, at + 2 * ld + L);
    d0.intoArray(acc, at + 3 * ld);
    d1.intoArray(acc, at + 3 * ld + L);
    e0.intoArray(acc, at + 4 * ld);
    e1.intoArray(acc, at + 4 * ld + L);
    f0.intoArray(acc, at + 5 * ld);
    f1.intoArray(acc, at + 5 * ld + L);
    g0.intoArray(acc, at + 6 * ld);
    g1.intoArray(acc, at + 6 * ld + L);
    h0.intoArray(acc, at + 7 * ld);
    h1.intoArray(acc, at + 7 * ld + L);
  }

  /** {@link AttentionTiles#scores4} with eight queries side by side in {@code x}. */
  static void scores8(float[] s, int w, int kn, float[] x, int xAt, float[] acc, int at, int ld) {
    FloatVector a0 = FloatVector.zero(Lanes.F);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    FloatVector e0 = a0;
    FloatVector e1 = a0;
    FloatVector f0 = a0;
    FloatVector f1 = a0;
    FloatVector g0 = a0;
    FloatVector g1 = a0;
    FloatVector h0 = a0;
    FloatVector h1 = a0;
    for (int k = 0; k < kn; k++) {
      FloatVector w0 = load(s, w + k * Lanes.PANEL);
      FloatVector w1 = load(s, w + k * Lanes.PANEL + L);
      int o = xAt + k * 8;
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
      v = all(x[o + 4]);
      e0 = v.fma(w0, e0);
      e1 = v.fma(w1, e1);
      v = all(x[o + 5]);
      f0 = v.fma(w0, f0);
      f1 = v.fma(w1, f1);
      v = all(x[o + 6]);
      g0 = v.fma(w0, g0);
      g1 = v.fma(w1, g1);
      v = all(x[o + 7]);
      h0 = v.fma(w0, h0);
      h1 = v.fma(w1, h1);
    }
    a0.intoArray(acc, at);
    a1.intoArray(acc, at + L);
    b0.intoArray(acc, at + ld);
    b1.intoArray(acc, at + ld + L);
    c0.intoArray(acc, at + 2 * ld);
    c1.intoArray(acc, at + 2 * ld + L);
    d0.intoArray(acc, at + 3 * ld);
    d1.intoArray(acc, at + 3 * ld + L);
    e0.intoArray(acc, at + 4 * ld);
    e1.intoArray(acc, at + 4 * ld + L);
    f0.intoArray(acc, at + 5 * ld);
    f1.intoArray(acc, at + 5 * ld + L);
    g0.intoArray(acc, at + 6 * ld);
    g1.intoArray(acc, at + 6 * ld + L);
    h0.intoArray(acc, at + 7 * ld);
    h1.intoArray(acc, at + 7 * ld + L);
  }

  /** {@link AttentionTiles#values4} with eight rows. */
  static void values8(
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
    FloatVector e0 = load(out, at + 4 * ld);
    FloatVector e1 = load(out, at + 4 * ld + L);
    FloatVector f0 = load(out, at + 5 * ld);
    FloatVector f1 = load(out, at + 5 * ld + L);
    FloatVector g0 = load(out, at + 6 * ld);
    FloatVector g1 = load(out, at + 6 * ld + L);
    FloatVector h0 = load(out, at + 7 * ld);
    FloatVector h1 = load(out, at + 7 * ld + L);
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
      x = all(p[o + 4 * pLd]);
      e0 = x.fma(w0, e0);
      e1 = x.fma(w1, e1);
      x = all(p[o + 5 * pLd]);
      f0 = x.fma(w0, f0);
      f1 = x.fma(w1, f1);
      x = all(p[o + 6 * pLd]);
      g0 = x.fma(w0, g0);
      g1 = x.fma(w1, g1);
      x = all(p[o + 7 * pLd]);
      h0 = x.fma(w0, h0);
      h1 = x.fma(w1, h1);
    }
    a0.intoArray(out, at);
    a1.intoArray(out, at + L);
    b0.intoArray(out, at + ld);
    b1.intoArray(out, at + ld + L);
    c0.intoArray(out, at + 2 * ld);
    c1.intoArray(out, at + 2 * ld + L);
    d0.intoArray(out, at + 3 * ld);
    d1.intoArray(out, at + 3 * ld + L);
    e0.intoArray(out, at + 4 * ld);
    e1.intoArray(out, at + 4 * ld + L);
    f0.intoArray(out, at + 5 * ld);
    f1.intoArray(out, at + 5 * ld + L);
    g0.intoArray(out, at + 6 * ld);
    g1.intoArray(out, at + 6 * ld + L);
    h0.intoArray(out, at + 7 * ld);
    h1.intoArray(out, at + 7 * ld + L);
  }
}
