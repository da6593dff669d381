package org.deft4j.kernels;

import java.util.SplittableRandom;

/**
 * A backend as tests see it: how to open one, and what it states of its precision. Tolerances
 * elsewhere: products 2e-6 times the sum of absolute terms; elementwise functions 2e-6 relative;
 * attention 4e-6 absolute on values below 1.
 */
public interface BackendCase {
  /** A backend on this many threads; the test closes it. */
  Backend open(int threads, boolean deterministic);

  /** Whether shapes must be tiny, because vectors of this width are emulated here. */
  default boolean tiny() {
    return false;
  }

  /** Whether keys and values may be kept so. */
  default boolean keeps(KvType type) {
    return true;
  }

  /** The most exact way to keep keys and values. */
  default KvType exact() {
    return keeps(KvType.F32) ? KvType.F32 : KvType.F16;
  }

  /** Whether weights of this type multiply and embed as they are, not rounded to 16 bits. */
  default boolean holdsExactly(WeightType type) {
    return true;
  }

  /**
   * Compares what a matrix product or attention gave. A backend that rounds their operands states
   * its own tolerance here.
   *
   * @param tolerance of float32 operands, relative to the larger of 1 and the value
   */
  default void assertProduct(float[] got, double[] want, double tolerance, String what) {
    assertClose(got, want, tolerance, what);
  }

  /** At least {@code n} columns in whole blocks. */
  static int columns(WeightType type, int n) {
    return (n + type.blockSize() - 1) / type.blockSize() * type.blockSize();
  }

  /** Compares within {@code tolerance}, relative to the larger of 1 and the value. */
  static void assertClose(float[] got, double[] want, double tolerance, String what) {
    for (int i = 0; i < want.length; i++) {
      double d = Math.abs(got[i] - want[i]);
      if (!(d <= tolerance * Math.max(1, Math.abs(want[i])))) {
        throw new AssertionError(
            what + ": value " + i + " is " + got[i] + ", not " + want[i] + " within " + tolerance);
      }
    }
  }

  /** Float32 weights of about {@code scale}. */
  static Weights random(SplittableRandom random, int rows, int cols, float scale) {
    float[] w = Oracle.floats(random, rows * cols);
    for (int i = 0; i < w.length; i++) {
      w[i] *= scale;
    }
    return Weights.of(rows, cols, w);
  }

  /** Random keys and values in every slot, as {@code ropeAppend} at position 0 stores them. */
  static void fill(
      Backend b,
      KvCache kv,
      int layer,
      SplittableRandom random,
      int heads,
      float[] keys,
      float[] values) {
    fill(b, kv, layer, random, heads, new int[kv.shape().slots()], keys, values);
  }

  /** The same at these positions, which turn nothing: the embedding's one frequency is zero. */
  static void fill(
      Backend b,
      KvCache kv,
      int layer,
      SplittableRandom random,
      int heads,
      int[] positions,
      float[] keys,
      float[] values) {
    KvShape s = kv.shape();
    int dim = s.headDim();
    int cols = (heads + 2 * s.kvHeads()) * dim;
    float[] x = Oracle.floats(random, s.slots() * cols);
    for (int i = 0; i < x.length; i++) {
      x[i] =
          switch (s.type()) {
            case F32 -> x[i];
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(x[i]));
            case BF16 -> Float.intBitsToFloat(Float.floatToIntBits(x[i]) & 0xFFFF0000);
          };
    }
    for (int i = 0; i < s.slots(); i++) {
      int k = i * cols + heads * dim;
      System.arraycopy(x, k, keys, i * s.kvHeads() * dim, s.kvHeads() * dim);
      System.arraycopy(x, k + s.kvHeads() * dim, values, i * s.kvHeads() * dim, s.kvHeads() * dim);
    }
    store(b, kv, layer, x, positions);
  }

  /**
   * Keys and values of every slot as they are.
   *
   * @param qkv a row a slot: queries, which are not looked at, keys, values
   */
  static void store(Backend b, KvCache kv, int layer, float[] qkv, int[] positions) {
    KvShape s = kv.shape();
    Tensor t = b.tensor(s.slots(), qkv.length / s.slots());
    t.write(0, s.slots(), qkv, 0);
    Batch batch = new Batch();
    batch.reset(s.slots());
    for (int i = 0; i < s.slots(); i++) {
      batch.slots()[i] = i;
      batch.positions()[i] = positions[i];
    }
    b.begin(batch);
    RopeSpec still = new RopeSpec(RopeSpec.Style.HALF_SPLIT, s.headDim(), new double[] {0});
    b.ropeAppend(b.rope(still), kv, layer, t);
    t.close();
  }

  /**
   * Whether tokens that a row does not see may lie between those of its group and leave its bits as
   * they are. Deterministic plans of the planner have no such groups.
   */
  default boolean othersMayLieBetween() {
    return true;
  }
}
