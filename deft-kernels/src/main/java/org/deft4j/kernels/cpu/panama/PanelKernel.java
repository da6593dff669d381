package org.deft4j.kernels.cpu.panama;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * What multiplies with panels of a {@link PanelFormat}: prepares activations, takes one row times
 * packed panels, and expands panels to float32 for the tiles that take more.
 *
 * <p>A constant for each format, not one with numbers for several: they have to be constants where
 * loops are compiled.
 */
enum PanelKernel {
  /** Panels of float32. */
  F32 {
    @Override
    void multiply1(
        MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
      Products.f32(a, b, cols, x, xAt, acc);
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      MemorySegment.copy(s, ValueLayout.JAVA_INT, k0 * 128L, to, 0, kn * 32);
    }
  },

  /** Panels of binary16; x and the result are scaled by 2^56. */
  F16 {
    @Override
    boolean prepares() {
      return true;
    }

    @Override
    void prepare(float[] x, int from, int n, float[] to, int at, int step) {
      for (int k = 0; k < n; k++) {
        to[at + k * step] = x[from + k] * 0x1p56f;
      }
    }

    @Override
    float outputScale() {
      return 0x1p56f;
    }

    @Override
    void multiply1(
        MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
      Products.f16(a, cols, x, xAt, acc, 0);
      if (b != null) {
        Products.f16(b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      Expansions.f16(s, k0 / 2 * 32, kn, to);
    }
  },

  /** Panels of bfloat16. */
  BF16 {
    @Override
    void multiply1(
        MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
      Products.bf16(a, cols, x, xAt, acc, 0);
      if (b != null) {
        Products.bf16(b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      Expansions.bf16(s, k0 / 2 * 32, kn, to);
    }
  },

  /** Four bytes an int; see {@link Q8Panels}. */
  Q8_0 {
    @Override
    boolean prepares() {
      return true;
    }

    @Override
    void prepare(float[] x, int from, int n, float[] to, int at, int step) {
      Q8Panels.prepare(x, from, n, to, at, step);
    }

    @Override
    void multiply1(
        MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
      Products.q8(a, cols, x, xAt, acc, 0);
      if (b != null) {
        Products.q8(b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      Expansions.q8(s, k0, kn, cols, to);
    }
  },

  /** Quants of 4 bits; see {@link GroupedPanels}. */
  NIBBLES {
    @Override
    boolean prepares() {
      return true;
    }

    @Override
    void prepare(float[] x, int from, int n, float[] to, int at, int step) {
      GroupedPanels.prepare(4, x, from, n, to, at, step);
    }

    @Override
    int preparedLength(int cols) {
      return cols + cols / GroupedPanels.group(4);
    }

    @Override
    void prepareRow(float[] x, int cols, float[] to) {
      GroupedPanels.prepareRow(4, x, cols, to);
    }

    @Override
    boolean rowOrderDiffers() {
      return true;
    }

    @Override
    void multiply1(
        MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
      // One place that calls: where it is inlined twice, C2 comes to its limit of nodes in the
      // second and leaves vectors in objects.
      MemorySegment panel = a;
      for (int at = 0; panel != null; at += Lanes.PANEL) {
        GroupedPanels.nibbles(panel, cols, x, xAt, acc, at);
        panel = at == 0 ? b : null;
      }
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      GroupedPanels.expandNibbles(s, k0, kn, to);
    }
  },

  /** Quants of 5 to 8 bits; see {@link GroupedPanels}. */
  BYTES {
    @Override
    boolean prepares() {
      return true;
    }

    @Override
    void prepare(float[] x, int from, int n, float[] to, int at, int step) {
      GroupedPanels.prepare(8, x, from, n, to, at, step);
    }

    @Override
    int preparedLength(int cols) {
      return cols + cols / GroupedPanels.group(8);
    }

    @Override
    void prepareRow(float[] x, int cols, float[] to) {
      GroupedPanels.prepareRow(8, x, cols, to);
    }

    @Override
    boolean rowOrderDiffers() {
      return true;
    }

    @Override
    void multiply1(
        MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
      // One place that calls, as for nibbles.
      MemorySegment panel = a;
      for (int at = 0; panel != null; at += Lanes.PANEL) {
        GroupedPanels.bytes(panel, cols, x, xAt, acc, at);
        panel = at == 0 ? b : null;
      }
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      GroupedPanels.expandBytes(s, k0, kn, to);
    }
  },

  /** Q4_K; see {@link SuperProducts}. */
  Q4_K {
    @Override
    boolean prepares() {
      return true;
    }

    @Override
    void prepare(float[] x, int from, int n, float[] to, int at, int step) {
      SuperProducts.prepare(false, x, from, n, to, at, step);
    }

    @Override
    int preparedLength(int cols) {
      return SuperProducts.preparedLength(false, cols);
    }

    @Override
    void prepareRow(float[] x, int cols, float[] to) {
      SuperProducts.prepareRow(false, x, cols, to);
    }

    @Override
    boolean rowOrderDiffers() {
      return true;
    }

    @Override
    void multiply1(
        MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
      SuperProducts.multiply(false, a, cols, x, xAt, acc, 0);
      if (b != null) {
        SuperProducts.multiply(false, b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      SuperProducts.expand4(s, k0, kn, cols, to);
    }
  },

  /** Q6_K; see {@link SuperProducts}. */
  Q6_K {
    @Override
    boolean prepares() {
      return true;
    }

    @Override
    void prepare(float[] x, int from, int n, float[] to, int at, int step) {
      SuperProducts.prepare(true, x, from, n, to, at, step);
    }

    @Override
    int preparedLength(int cols) {
      return SuperProducts.preparedLength(true, cols);
    }

    @Override
    void prepareRow(float[] x, int cols, float[] to) {
      SuperProducts.prepareRow(true, x, cols, to);
    }

    @Override
    boolean rowOrderDiffers() {
      return true;
    }

    @Override
    void multiply1(
        MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc) {
      SuperProducts.multiply(true, a, cols, x, xAt, acc, 0);
      if (b != null) {
        SuperProducts.multiply(true, b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      SuperProducts.expand6(s, k0, kn, cols, to);
    }
  };

  /**
   * One row times panel {@code a} into {@code acc[0..31]} and, if there is one, panel {@code b}
   * into {@code acc[32..63]}; before {@link #outputScale}. What lies behind in {@code acc}, {@link
   * SuperProducts#SUMS} floats at least, is scratch.
   */
  abstract void multiply1(
      MemorySegment a, @Nullable MemorySegment b, int cols, float[] x, int xAt, float[] acc);

  /**
   * Rows {@code k0..k0+kn-1} of a panel as {@code [kn][32]} float32; k0 a multiple of 32, and of kn
   * where there are blocks of 256. The last {@link SuperPanels#SCRATCH} of {@code to} are scratch.
   */
  abstract void expand(MemorySegment s, int k0, int kn, int cols, int[] to);

  /** Whether {@link #prepare} changes the activations. */
  boolean prepares() {
    return false;
  }

  /**
   * Activations {@code k..k+n-1} as the products take them; k and n are multiples of 32, or end.
   */
  void prepare(float[] x, int from, int n, float[] to, int at, int step) {
    for (int k = 0; k < n; k++) {
      to[at + k * step] = x[from + k];
    }
  }

  /** Values that {@link #prepareRow} writes. */
  int preparedLength(int cols) {
    return cols;
  }

  /** One row as {@link #multiply1} takes it. */
  void prepareRow(float[] x, int cols, float[] to) {
    prepare(x, 0, cols, to, 0, 1);
  }

  /** Whether {@link #multiply1} adds in another order than tiles over expanded panels do. */
  boolean rowOrderDiffers() {
    return false;
  }

  /** What results are multiplied with. */
  float outputScale() {
    return 1;
  }
}
