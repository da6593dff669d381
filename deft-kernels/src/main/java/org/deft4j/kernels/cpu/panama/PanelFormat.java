package org.deft4j.kernels.cpu.panama;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.Halves;
import org.deft4j.kernels.cpu.WorkerPool;

/**
 * How a panel of 32 rows lies in memory. A new weight type adds a constant here with its packing,
 * its one-row product and its expansion to float32.
 */
enum PanelFormat {
  /** {@code [k][32]} float32. */
  F32 {
    @Override
    long panelBytes(int cols) {
      return cols * 128L;
    }

    @Override
    void pack(Weights w, int row, int n, MemorySegment to, long at) {
      int cols = w.cols();
      for (int r = 0; r < n; r++) {
        for (int k = 0; k < cols; k++) {
          to.set(FLOAT, at + (k * 32L + r) * 4, value(w, (long) (row + r) * cols + k));
        }
      }
    }

    @Override
    void decode(MemorySegment s, long at, int r, int cols, float[] dst, int offset) {
      for (int k = 0; k < cols; k++) {
        dst[offset + k] = s.get(FLOAT, at + (k * 32L + r) * 4);
      }
    }

    @Override
    void multiply1(MemorySegment s, long a, long b, int cols, float[] x, int xAt, float[] acc) {
      Products.f32(s, a, b, cols, x, xAt, acc);
    }

    @Override
    void expand(MemorySegment s, long at, int k0, int kn, int cols, MemorySegment to) {
      throw new UnsupportedOperationException("float32 panels are used as they lie");
    }
  },

  /** {@code [k / 2][32][2]} binary16, finite; x and the result are scaled by 2^56. */
  F16 {
    @Override
    long panelBytes(int cols) {
      return (cols + 1) / 2 * 128L;
    }

    @Override
    float inputScale() {
      return 0x1p56f;
    }

    @Override
    float outputScale() {
      return 0x1p56f;
    }

    @Override
    void pack(Weights w, int row, int n, MemorySegment to, long at) {
      packHalves(w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, long at, int r, int cols, float[] dst, int offset) {
      for (int k = 0; k < cols; k++) {
        dst[offset + k] = Halves.fromF16(s.get(SHORT, halfAt(at, k, r)));
      }
    }

    @Override
    void multiply1(MemorySegment s, long a, long b, int cols, float[] x, int xAt, float[] acc) {
      Products.f16(s, a, cols, x, xAt, acc, 0);
      if (b >= 0) {
        Products.f16(s, b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, long at, int k0, int kn, int cols, MemorySegment to) {
      Expansions.f16(s, at + k0 / 2 * 128L, kn, to);
    }
  },

  /** {@code [k / 2][32][2]} bfloat16. */
  BF16 {
    @Override
    long panelBytes(int cols) {
      return (cols + 1) / 2 * 128L;
    }

    @Override
    void pack(Weights w, int row, int n, MemorySegment to, long at) {
      packHalves(w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, long at, int r, int cols, float[] dst, int offset) {
      for (int k = 0; k < cols; k++) {
        dst[offset + k] = Halves.fromBf16(s.get(SHORT, halfAt(at, k, r)));
      }
    }

    @Override
    void multiply1(MemorySegment s, long a, long b, int cols, float[] x, int xAt, float[] acc) {
      Products.bf16(s, a, cols, x, xAt, acc, 0);
      if (b >= 0) {
        Products.bf16(s, b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, long at, int k0, int kn, int cols, MemorySegment to) {
      Expansions.bf16(s, at + k0 / 2 * 128L, kn, to);
    }
  },

  /**
   * {@code [k / 4][32][4]} signed bytes, then {@code [k / 32][32]} float32 scales. A byte is taken
   * as the top one of an int, 2^24 times its value, which the scales make up for.
   */
  Q8_0 {
    @Override
    long panelBytes(int cols) {
      return cols * 32L + cols / 32 * 128L;
    }

    @Override
    void pack(Weights w, int row, int n, MemorySegment to, long at) {
      int cols = w.cols();
      long scales = at + cols * 32L;
      MemorySegment from = w.data();
      for (int r = 0; r < n; r++) {
        long src = (row + r) * w.type().rowBytes(cols);
        for (int b = 0; b < cols / 32; b++, src += 34) {
          float scale = Halves.fromF16(from.get(SHORT, src));
          to.set(FLOAT, scales + (b * 32L + r) * 4, scale * 0x1p-24f);
          for (int q = 0; q < 8; q++) {
            to.set(INT, at + (b * 8L + q) * 128 + r * 4L, from.get(INT, src + 2 + 4L * q));
          }
        }
      }
    }

    @Override
    void decode(MemorySegment s, long at, int r, int cols, float[] dst, int offset) {
      long scales = at + cols * 32L;
      for (int k = 0; k < cols; k++) {
        float scale = s.get(FLOAT, scales + (k / 32 * 32L + r) * 4);
        int q = s.get(ValueLayout.JAVA_BYTE, at + k / 4 * 128L + r * 4L + k % 4);
        dst[offset + k] = scale * 0x1p24f * q;
      }
    }

    @Override
    void multiply1(MemorySegment s, long a, long b, int cols, float[] x, int xAt, float[] acc) {
      Products.q8(s, a, cols, x, xAt, acc, 0);
      if (b >= 0) {
        Products.q8(s, b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, long at, int k0, int kn, int cols, MemorySegment to) {
      Expansions.q8(s, at + k0 * 32L, at + cols * 32L + k0 / 32 * 128L, kn, to, true);
    }
  };

  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Bytes of a panel over {@code cols} input features. */
  abstract long panelBytes(int cols);

  /** Packs rows {@code row..row+n-1} into the zeroed panel at {@code at}. */
  abstract void pack(Weights w, int row, int n, MemorySegment to, long at);

  /** Row {@code r} of a panel as float32. */
  abstract void decode(MemorySegment s, long at, int r, int cols, float[] dst, int offset);

  /**
   * One row times panel {@code a} into {@code acc[0..31]} and, unless negative, panel {@code b}
   * into {@code acc[32..63]}; before {@link #outputScale}.
   */
  abstract void multiply1(
      MemorySegment s, long a, long b, int cols, float[] x, int xAt, float[] acc);

  /** Rows {@code k0..k0+kn-1} of a panel as {@code [kn][32]} float32; k0 a multiple of 32. */
  abstract void expand(MemorySegment s, long at, int k0, int kn, int cols, MemorySegment to);

  /** What the activations are multiplied with beforehand. */
  float inputScale() {
    return 1;
  }

  /** What results are multiplied with. */
  float outputScale() {
    return 1;
  }

  /** The format that keeps these weights exactly. */
  static PanelFormat of(Weights[] parts, WorkerPool pool) {
    return switch (parts[0].type()) {
      case F32 -> F32;
      case BF16 -> BF16;
      case Q8_0 -> Q8_0;
      // The shifts that widen binary16 know no infinities.
      case F16 -> allFinite(parts, pool) ? F16 : F32;
    };
  }

  private static boolean allFinite(Weights[] parts, WorkerPool pool) {
    boolean[] bad = new boolean[pool.workers()];
    for (Weights w : parts) {
      pool.run((worker, workers) -> {
        long n = (long) w.rows() * w.cols();
        for (long i = n * worker / workers; i < n * (worker + 1) / workers; i++) {
          bad[worker] |= (w.data().get(SHORT, i * 2) & 0x7C00) == 0x7C00;
        }
      });
    }
    for (boolean b : bad) {
      if (b) {
        return false;
      }
    }
    return true;
  }

  private static float value(Weights w, long i) {
    return w.type() == WeightType.F16
        ? Halves.fromF16(w.data().get(SHORT, i * 2))
        : w.data().get(FLOAT, i * 4);
  }

  private static long halfAt(long at, int k, int r) {
    return at + k / 2 * 128L + r * 4L + k % 2 * 2L;
  }

  private static void packHalves(Weights w, int row, int n, MemorySegment to, long at) {
    int cols = w.cols();
    for (int r = 0; r < n; r++) {
      long src = (long) (row + r) * cols * 2;
      for (int k = 0; k < cols; k++) {
        to.set(SHORT, halfAt(at, k, r), w.data().get(SHORT, src + k * 2L));
      }
    }
  }
}
