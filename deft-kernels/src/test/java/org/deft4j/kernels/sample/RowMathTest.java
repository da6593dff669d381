package org.deft4j.kernels.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RowMathTest {
  private static float[] values(SplittableRandom r, int n) {
    float spread = (float) Math.exp(r.nextDouble(-2, 2.5));
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) (r.nextGaussian() * spread);
    }
    return x;
  }

  @Test
  void vectorAndPlainReductionsAgree() {
    RowMath plain = new RowMath();
    RowMath best = RowMath.best();
    for (int seed = 0; seed < 300; seed++) {
      SplittableRandom r = new SplittableRandom(seed);
      int n = 1 + r.nextInt(2000);
      int from = r.nextInt(n);
      float[] x = values(r, n);
      float max = plain.max(x, from, n);
      assertThat(best.max(x, from, n)).isEqualTo(max);
      double scale = r.nextDouble(0.2, 4);
      double want = plain.sumExp(x, from, n, max, (float) scale);
      assertThat(best.sumExp(x, from, n, max, (float) scale)).isCloseTo(want, within(want * 2e-6));
    }
    float[] forbidden = new float[100];
    Arrays.fill(forbidden, Float.NEGATIVE_INFINITY);
    forbidden[40] = 3;
    assertThat(best.sumExp(forbidden, 0, 100, 3, 1)).isCloseTo(1, within(1e-6));
  }
}
