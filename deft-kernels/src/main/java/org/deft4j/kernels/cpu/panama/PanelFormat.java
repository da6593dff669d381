package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.intAt;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicBoolean;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.Halves;
import org.deft4j.kernels.cpu.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * How a panel of 32 rows lies in memory. A new weight type adds a constant here with its packing,
 * its one-row product and its expansion to float32. Whoever changes a layout or the order of the
 * constants counts up {@code WeightCache.LAYOUT}: files hold both.
 */
enum PanelFormat {
  /** {@code [k][32]} float32. */
  F32 {
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

  /** {@code [k / 2][32][2]} binary16, finite; x and the result are scaled by 2^56. */
  F16 {
    @Override
    int panelInts(int cols) {
      return Math.multiplyExact((cols + 1) / 2, 32);
    }

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
    void pack(Weights w, int row, int n, int[] to, int at) {
      packHalves(w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      for (int k = 0; k < cols; k++) {
        dst[offset + k] = Halves.fromF16(half(s, k, r));
      }
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

  /** {@code [k / 2][32][2]} bfloat16. */
  BF16 {
    @Override
    int panelInts(int cols) {
      return Math.multiplyExact((cols + 1) / 2, 32);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      packHalves(w, row, n, to, at);
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      for (int k = 0; k < cols; k++) {
        dst[offset + k] = Halves.fromBf16(half(s, k, r));
      }
    }

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

  /**
   * {@code [32 / S][k / 32][9][S]}: for each block of 32 input features S float32 scales, then
   * eight times S ints of four bytes, S being two vectors. What a loop reads is one stream: with
   * the scales in a stream of their own, memory's latency showed at the beginning of each panel.
   *
   * <p>An int holds bytes q0 to q3 as {@code q3 * 2^24 + (q2 * 2^16 + q1 * 2^8 + q0 mod 2^24)}, the
   * lower three with their signs. Shifted left by 24, 16 and 8 and taken as signed, it is 2^24
   * times q0, q1 + q0 / 2^8 and q2 + q1 / 2^8 + q0 / 2^16, all exact in float32 and had with one
   * instruction each where a byte alone takes two. {@link #prepare} changes the activations so that
   * the products come out the same; the scales make up for 2^24. Bytes of -128, which quantizers do
   * not write, would overflow: such weights are kept in float32.
   */
  Q8_0 {
    @Override
    int panelInts(int cols) {
      return Math.multiplyExact(cols, 9);
    }

    @Override
    void pack(Weights w, int row, int n, int[] to, int at) {
      int cols = w.cols();
      MemorySegment from = w.data();
      for (int r = 0; r < n; r++) {
        long src = (row + r) * w.type().rowBytes(cols);
        for (int b = 0; b < cols / 32; b++, src += 34) {
          float scale = Halves.fromF16(from.get(SHORT, src));
          to[q8Scale(at, b, r, cols)] = Float.floatToRawIntBits(scale * 0x1p-24f);
          for (int q = 0; q < 8; q++) {
            int v = from.get(INT, src + 2 + 4L * q);
            int low = ((byte) (v >> 16) << 16) + ((byte) (v >> 8) << 8) + (byte) v;
            to[q8At(at, b * 8 + q, r, cols)] = v & 0xFF000000 | low & 0x00FFFFFF;
          }
        }
      }
    }

    @Override
    void decode(MemorySegment s, int r, int cols, float[] dst, int offset) {
      for (int k = 0; k < cols; k += 4) {
        float scale = Float.intBitsToFloat(intAt(s, q8Scale(0, k / 32, r, cols))) * 0x1p24f;
        int v = intAt(s, q8At(0, k / 4, r, cols));
        dst[offset + k] = scale * (byte) v;
        dst[offset + k + 1] = scale * (byte) (v + 0x80 >> 8);
        dst[offset + k + 2] = scale * (byte) (v + 0x8080 >> 16);
        dst[offset + k + 3] = scale * (v >> 24);
      }
    }

    @Override
    boolean prepares() {
      return true;
    }

    @Override
    void prepare(float[] x, int from, int n, float[] to, int at, int step) {
      for (int k = 0; k < n; k += 4) {
        float x1 = x[from + k + 1];
        float x2 = x[from + k + 2];
        int t = at + k * step;
        to[t] = x[from + k] - x1 * 0x1p-8f;
        to[t + step] = x1 - x2 * 0x1p-8f;
        to[t + 2 * step] = x2;
        to[t + 3 * step] = x[from + k + 3];
      }
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
      GroupedPanels.nibbles(a, cols, x, xAt, acc, 0);
      if (b != null) {
        GroupedPanels.nibbles(b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      GroupedPanels.expandNibbles(s, k0, kn, to);
    }
  },

  /** Quants of 5 to 8 bits as bytes; see {@link GroupedPanels}. */
  BYTES {
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
      GroupedPanels.bytes(a, cols, x, xAt, acc, 0);
      if (b != null) {
        GroupedPanels.bytes(b, cols, x, xAt, acc, Lanes.PANEL);
      }
    }

    @Override
    void expand(MemorySegment s, int k0, int kn, int cols, int[] to) {
      GroupedPanels.expandBytes(s, k0, kn, to);
    }
  },

  /** Q4_K of finite scales; see {@link SuperPanels}. */
  Q4_K {
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

  /** Q6_K of finite scales; see {@link SuperPanels}. */
  Q6_K {
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

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Ints of a panel over {@code cols} input features. */
  abstract int panelInts(int cols);

  /** Packs rows {@code row..row+n-1} into the zeroed panel at {@code at}. */
  abstract void pack(Weights w, int row, int n, int[] to, int at);

  /** Row {@code r} of a panel as float32. */
  abstract void decode(MemorySegment s, int r, int cols, float[] dst, int offset);

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

  /** Whether these are panels of {@link SuperPanels}, which {@link ByteProducts} takes. */
  boolean superBlocks() {
    return this == Q4_K || this == Q6_K;
  }

  /** What results are multiplied with. */
  float outputScale() {
    return 1;
  }

  /** The format that keeps these weights, of one type, exactly. */
  static PanelFormat of(Weights[] parts, WorkerPool pool) {
    return switch (parts[0].type()) {
      case F32 -> F32;
      case BF16 -> BF16;
      case Q8_0 -> none(parts, pool, PanelFormat::hasLeastByte) ? Q8_0 : F32;
      // The shifts that widen binary16 know no infinities.
      case F16 -> none(parts, pool, PanelFormat::hasSpecials) ? F16 : F32;
      case Q4_0, Q4_1 -> NIBBLES;
      case Q5_0, Q5_1, Q5_K -> BYTES;
      case Q4_K -> none(parts, pool, SuperPanels::hasSpecials) ? Q4_K : NIBBLES;
      case Q6_K -> none(parts, pool, SuperPanels::hasSpecials) ? Q6_K : BYTES;
    };
  }

  private static boolean hasLeastByte(Weights w, int row) {
    long at = row * w.type().rowBytes(w.cols());
    boolean bad = false;
    for (int b = 0; b < w.cols() / 32; b++, at += 34) {
      for (int i = 0; i < 32; i++) {
        bad |= w.data().get(ValueLayout.JAVA_BYTE, at + 2 + i) == Byte.MIN_VALUE;
      }
    }
    return bad;
  }

  private static boolean hasSpecials(Weights w, int row) {
    long at = row * w.type().rowBytes(w.cols());
    boolean bad = false;
    for (int i = 0; i < w.cols(); i++) {
      bad |= (w.data().get(SHORT, at + i * 2L) & 0x7C00) == 0x7C00;
    }
    return bad;
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

  /** Where int {@code q} of row {@code r} of a {@link #Q8_0} panel is. */
  static int q8At(int at, int q, int r, int cols) {
    return q8Scale(at, q / 8, r, cols) + (1 + q % 8) * Tiles.COLS;
  }

  /** Where the scale of block {@code b} of row {@code r} is. */
  static int q8Scale(int at, int b, int r, int cols) {
    int s = Tiles.COLS;
    return at + r / s * s * (cols / 32 * 9) + b * 9 * s + r % s;
  }

  private static short half(MemorySegment s, int k, int r) {
    return (short) (intAt(s, k / 2 * 32 + r) >> k % 2 * 16);
  }

  private static void packHalves(Weights w, int row, int n, int[] to, int at) {
    int cols = w.cols();
    for (int r = 0; r < n; r++) {
      long src = (long) (row + r) * cols * 2;
      for (int k = 0; k < cols; k++) {
        int bits = w.data().get(SHORT, src + k * 2L) & 0xFFFF;
        to[at + k / 2 * 32 + r] |= bits << k % 2 * 16;
      }
    }
  }
}
