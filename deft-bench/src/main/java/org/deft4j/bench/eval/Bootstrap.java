package org.deft4j.bench.eval;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Intervals by resampling (Efron's percentile bootstrap). */
final class Bootstrap {
  private static final int RESAMPLES = 4000;

  /**
   * A mean and where it may lie.
   *
   * @param mean of the values
   * @param low 2.5 % of resampled means lie below
   * @param high 2.5 % lie above
   */
  record Interval(double mean, double low, double high) {
    /** Whether 0 lies outside, on this side. */
    boolean above() {
      return low > 0;
    }

    boolean below() {
      return high < 0;
    }
  }

  private Bootstrap() {}

  /** The mean of values with its 95 % interval; always the same for the same values. */
  static Interval mean(double[] values) {
    double mean = Arrays.stream(values).average().orElse(Double.NaN);
    if (values.length < 2) {
      return new Interval(mean, Double.NaN, Double.NaN);
    }
    SplittableRandom random = new SplittableRandom(17);
    double[] means = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      double sum = 0;
      for (int j = 0; j < values.length; j++) {
        sum += values[random.nextInt(values.length)];
      }
      means[i] = sum / values.length;
    }
    Arrays.sort(means);
    int tail = (int) (RESAMPLES * 0.025);
    return new Interval(mean, means[tail], means[RESAMPLES - 1 - tail]);
  }
}
