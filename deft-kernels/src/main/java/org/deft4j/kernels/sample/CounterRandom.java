package org.deft4j.kernels.sample;

/**
 * Random numbers by counter: no state, so any draw can be made at any time in any order.
 *
 * <p>Construction: three rounds of the SplitMix64 finalizer (Stafford's mix 13, as in {@link
 * java.util.SplittableRandom}), which is a bijection of 64 bits, over the key words, each added
 * with its own odd multiple of the golden ratio: {@code h = mix(h + word * k)}.
 */
public final class CounterRandom {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  private CounterRandom() {}

  private static long mix(long v) {
    long z = v;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** 64 random bits for this key. */
  public static long bits(long seed, long stream, long position) {
    long h = mix(seed * GOLDEN + 0x632BE59BD9B4E019L);
    h = mix(h + (stream + 1) * GOLDEN);
    return mix(h + (position + 2) * GOLDEN);
  }

  /** 64 random bits for the {@code n}-th of several numbers of one key. */
  public static long bits(long key, int n) {
    return mix(key + (n & 0xFFFFFFFFL) * GOLDEN);
  }

  /** A uniform number in [0, 1) for this key, a multiple of 2^-53. */
  public static double uniform(long seed, long stream, long position) {
    return (bits(seed, stream, position) >>> 11) * 0x1p-53;
  }
}
