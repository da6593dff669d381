package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import jdk.incubator.vector.FloatVector;

/**
 * The register tile over a float32 panel {@code [k][32]}: each output is one chain of fused
 * multiply-adds over ascending k, whatever the tile.
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

  /** Columns of a tile of one row: four vectors, or the panel where that is less. */
  static final int COLS1 = Math.min(4 * L, Lanes.PANEL);

  private Tiles() {}

  /**
   * Four rows by {@link #COLS} columns: {@code acc[at + i * ld + j] += sum_k x[xStep * k + i] *
   * w[k][j]}.
   *
   * @param w where the first column of the tile is in the panel's first row
   * @param x rows packed by four or, with that {@code xStep}, more, from {@code xAt}
   */
  static void tile4(
      int[] s, int w, int kn, float[] x, int xAt, int xStep, float[] acc, int at, int ld) {
    FloatVector a0 = load(acc, at);
    FloatVector a1 = load(acc, at + L);
    FloatVector b0 = load(acc, at + ld);
    FloatVector b1 = load(acc, at + ld + L);
    FloatVector c0 = load(acc, at + 2 * ld);
    FloatVector c1 = load(acc, at + 2 * ld + L);
    FloatVector d0 = load(acc, at + 3 * ld);
    FloatVector d1 = load(acc, at + 3 * ld + L);
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
}
