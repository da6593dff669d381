package org.deft4j.search.strategy;

import java.util.random.RandomGenerator;

/**
 * Random numbers of one decision: a pure function of a search's seed and the decision's number, so
 * that a strategy needs no generator that it would have to keep. SplitMix64 (Steele, Lea and Flood,
 * 2014) from a start that is mixed twice, so that neighbouring decisions do not overlap.
 */
final class Draws implements RandomGenerator {
  private static final long GAMMA = 0x9e3779b97f4a7c15L;

  private static final double LOG_TWO = Math.log(2);

  private long state;

  /** Begins the draws of a decision. */
  Draws at(long seed, long decision) {
    state = mix(mix(seed + GAMMA) ^ decision);
    return this;
  }

  /** SplitMix64's finaliser. */
  static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
    return b ^ (b >>> 31);
  }

  @Override
  public long nextLong() {
    state += GAMMA;
    return mix(state);
  }

  /** Uniform in the open interval (0, 1). */
  double unit() {
    return ((nextLong() >>> 11) + 0.5) * 0x1.0p-53;
  }

  /** True with this probability, given by its logarithm. */
  boolean within(double log) {
    long bits = nextLong();
    // A number with z leading zeros is above 2^-(z+1): most need no logarithm.
    if (-log > (Long.numberOfLeadingZeros(bits) + 1) * LOG_TWO) {
      return false;
    }
    return Math.log(((bits >>> 11) + 0.5) * 0x1.0p-53) < log;
  }

  /** How many trials of this small chance fail before one succeeds, {@code most} at most. */
  int failures(double chance, int most) {
    double u = unit();
    // Of the first n one succeeds with at most n times the chance: most need no logarithm.
    return u >= chance * most ? most : (int) Math.min(most, Math.log1p(-u) / Math.log1p(-chance));
  }

  /** Student's t with {@code nu} degrees of freedom by Bailey's polar method (1994). */
  double student(double nu) {
    while (true) {
      double u = 2 * unit() - 1;
      double v = 2 * unit() - 1;
      double w = u * u + v * v;
      if (w < 1 && w > 0) {
        return u * Math.sqrt(nu * (Math.pow(w, -2 / nu) - 1) / w);
      }
    }
  }

  /** Gamma of this shape and scale 1 (Marsaglia and Tsang, 2000). */
  double gamma(double shape) {
    if (shape < 1) {
      return gamma(shape + 1) * Math.pow(unit(), 1 / shape);
    }
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double n = nextGaussian();
      double v = 1 + c * n;
      if (v > 0) {
        double cube = v * v * v;
        if (Math.log(unit()) < 0.5 * n * n + d - d * cube + d * Math.log(cube)) {
          return d * cube;
        }
      }
    }
  }

  /** Beta of these shapes. */
  double beta(double a, double b) {
    double one = gamma(a);
    double other = gamma(b);
    double sum = one + other;
    // Both may underflow where both shapes are tiny: the mass is at the ends then.
    return sum > 0 ? one / sum : unit() * (a + b) < a ? 1 : 0;
  }

  /** Logarithm of the Beta function, to 1e-10 of its value and of 1. */
  static double logBeta(double a, double b) {
    return logGamma(a) + logGamma(b) - logGamma(a + b);
  }

  /** Stirling's series, after the argument was moved to where four terms suffice. */
  private static double logGamma(double of) {
    double x = of;
    double product = 1;
    while (x < 8) {
      product *= x++;
    }
    double square = 1 / (x * x);
    double series = (1 / 12.0 - square * (1 / 360.0 - square * (1 / 1260.0 - square / 1680))) / x;
    return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
  }
}
