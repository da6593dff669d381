package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.intAt;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.Halves;
import org.deft4j.kernels.cpu.WorkerPool;

/**
 * How a panel of 32 rows lies in memory. A new weight type adds a constant here with its packing,
 * and one to {@link PanelKernel} with its one-row product and its expansion to float32. Whoever
 * changes a layout or the order of the constants counts up {@code WeightCache.LAYOUT}: files hold
 * both.
 */
enum PanelFormat {
  /** {@code [k][32]} float32. */
  F32(PanelKernel.F32) {
    @Override
    int panelInts(int cols) {
      return Math.multiplyExact(cols, 32);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      float[] values = new float[w.cols()];
      for (int r = 0; r < n; r++) {
        w.decodeRow(row + r, values, 0);
        for (int k = 0; k < values.length; k++) {
          to[at + k * 32 + r] = Float.floatToRawIntBits(values[k]);
        }
      }
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      for (int k = 0; k < cols; k++) {
        dst[offset + k] = Float.intBitsToFloat(intAt(s, k * 32 + r));
      }
    }
  },

  /** binary16, finite; see {@link HalfPanels}. */
  F16(PanelKernel.F16) {
    @Override
    int panelInts(int cols) {
      return HalfPanels.panelInts(cols);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      HalfPanels.pack(w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      for (int k = 0; k < cols; k++) {
        dst[offset + k] = Halves.fromF16(HalfPanels.bits(s, k, r));
      }
    }
  },

  /** bfloat16; see {@link HalfPanels}. */
  BF16(PanelKernel.BF16) {
    @Override
    int panelInts(int cols) {
      return HalfPanels.panelInts(cols);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      HalfPanels.pack(w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      for (int k = 0; k < cols; k++) {
        dst[offset + k] = Halves.fromBf16(HalfPanels.bits(s, k, r));
      }
    }
  },

  /** Bytes, four an int; see {@link Q8Panels}. */
  Q8_0(PanelKernel.Q8_0) {
    @Override
    int panelInts(int cols) {
      return Q8Panels.panelInts(cols);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      Q8Panels.pack(w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      Q8Panels.decode(s, r, cols, dst, offset);
    }
  },

  /** Quants of 4 bits; see {@link GroupedPanels}. */
  NIBBLES(PanelKernel.NIBBLES) {
    @Override
    int panelInts(int cols) {
      return GroupedPanels.panelInts(4, cols);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      GroupedPanels.pack(4, w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      GroupedPanels.decode(4, s, r, cols, dst, offset);
    }
  },

  /** Quants of 5 to 8 bits as bytes; see {@link GroupedPanels}. */
  BYTES(PanelKernel.BYTES) {
    @Override
    int panelInts(int cols) {
      return GroupedPanels.panelInts(8, cols);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      GroupedPanels.pack(8, w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      GroupedPanels.decode(8, s, r, cols, dst, offset);
    }
  },

  /** Q4_K of finite scales; see {@link SuperPanels}. */
  Q4_K(PanelKernel.Q4_K) {
    @Override
    int panelInts(int cols) {
      return SuperPanels.panelInts(false, cols);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      SuperPanels.pack(false, w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      SuperPanels.decode(false, s, r, cols, dst, offset);
    }
  },

  /** Q6_K of finite scales; see {@link SuperPanels}. */
  Q6_K(PanelKernel.Q6_K) {
    @Override
    int panelInts(int cols) {
      return SuperPanels.panelInts(true, cols);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      SuperPanels.pack(true, w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      SuperPanels.decode(true, s, r, cols, dst, offset);
    }
  };

  private final PanelKernel kernel;

  PanelFormat(PanelKernel kernel) {
    this.kernel = kernel;
  }

  /** What multiplies with panels of this format. */
  PanelKernel kernel() {
    return kernel;
  }

  /** Ints of a panel over {@code cols} input features. */
  abstract int panelInts(int cols);

  /** Packs rows {@code row..row+n-1} into the zeroed panel at {@code at}. */
  abstract void pack(Weights w, int row, int n, int[] to, int at);

  /** Row {@code r} of a panel as float32. */
  abstract void decode(MemorySegment s, int r, int cols, float[] dst, int offset);

  /** Whether these are panels of {@link SuperPanels}, which {@link ByteProducts} takes. */
  boolean superBlocks() {
    return this == Q4_K || this == Q6_K;
  }

  /** The format that keeps these weights, of one type, exactly. */
  static PanelFormat of(Weights[] parts, WorkerPool pool) {
    return switch (parts[0].type()) {
      case F32 -> F32;
      case BF16 -> BF16;
      case Q8_0 -> none(parts, pool, Q8Panels::hasLeastByte) ? Q8_0 : F32;
      // The shifts that widen binary16 know no infinities.
      case F16 -> none(parts, pool, HalfPanels::hasSpecials) ? F16 : F32;
      case Q4_0, Q4_1 -> NIBBLES;
      case Q5_0, Q5_1, Q5_K -> BYTES;
      case Q4_K -> none(parts, pool, SuperPanels::hasSpecials) ? Q4_K : NIBBLES;
      case Q6_K -> none(parts, pool, SuperPanels::hasSpecials) ? Q6_K : BYTES;
    };
  }

  private interface RowTest {
    boolean test(Weights w, int row);
  }

  private static boolean none(Weights[] parts, WorkerPool pool, RowTest test) {
    AtomicBoolean found = new AtomicBoolean();
    for (Weights w : parts) {
      pool.run((worker, workers) -> {
        int end = WorkerPool.share(w.rows(), worker + 1, workers);
        for (int r = WorkerPool.share(w.rows(), worker, workers); r < end; r++) {
          if (test.test(w, r)) {
            found.set(true);
            return;
          }
        }
      });
    }
    return !found.get();
  }
}
