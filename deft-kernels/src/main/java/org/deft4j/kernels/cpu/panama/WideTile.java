package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import jdk.incubator.vector.FloatVector;

/** The tile for processors with 32 vector registers: 16 sums, where {@link Tiles#tile4} has 8. */
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
}
