package org.deft4j.kernels.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.deft4j.tree.decode.DecodeSpec;
import org.junit.jupiter.api.Test;

/** Distinct draws; single ones are tested with the engine's sampler, which draws by this one. */
class TokenSamplerTest {
  /** Without replacement: P(a, then b) = p(a) p(b) / (1 - p(a)). */
  @Test
  void pairsFollowTheDistributionWithoutReplacement() {
    float[] x = {0, 1, 2, -1, 0.5f, Float.NEGATIVE_INFINITY};
    TokenSampler sampler = new TokenSampler(6);
    DecodeSpec spec = DecodeSpec.of(1).temperature(0.8f).seed(3, 1).build();
    double[] p = new double[6];
    for (int i = 0; i < 6; i++) {
      p[i] = Math.exp(x[i] / 0.8);
    }
    double sum = Arrays.stream(p).sum();
    int draws = 60_000;
    int[][] count = new int[6][6];
    int[] pair = new int[2];
    for (int i = 0; i < draws; i++) {
      sampler.drawDistinct(x, 0, spec, i, pair);
      count[pair[0]][pair[1]]++;
    }
    for (int a = 0; a < 6; a++) {
      for (int b = 0; b < 6; b++) {
        double want = a == b ? 0 : p[a] / sum * p[b] / (sum - p[a]);
        assertThat((double) count[a][b] / draws).isCloseTo(want, within(0.008));
      }
    }
  }

  @Test
  void greedyAndFilteredSetsHoldTheLikeliest() {
    for (int seed = 0; seed < 300; seed++) {
      SplittableRandom r = new SplittableRandom(seed);
      int n = 1 + r.nextInt(300);
      int offset = r.nextInt(3);
      float[] x = new float[offset + n];
      for (int i = 0; i < x.length; i++) {
        x[i] = r.nextInt(12) - 5; // many ties
      }
      Integer[] order = new Integer[n];
      Arrays.setAll(order, i -> i);
      Arrays.sort(order, (a, b) -> Float.compare(x[offset + b], x[offset + a]));
      int[] got = new int[1 + r.nextInt(20)];
      new TokenSampler(n).drawDistinct(x, offset, DecodeSpec.of(1).build(), 4, got);
      for (int i = 0; i < got.length; i++) {
        assertThat(got[i]).isEqualTo(i < n ? order[i] : -1);
      }
      int k = 2 + r.nextInt(10);
      DecodeSpec top = DecodeSpec.of(1).temperature(1.5f).topK(k).seed(seed, 2).build();
      new TokenSampler(n).drawDistinct(x, offset, top, 4, got);
      Set<Integer> kept = new HashSet<>();
      for (int i = 0; i < got.length; i++) {
        if (i < Math.min(n, k)) {
          assertThat(Arrays.asList(order).subList(0, Math.min(n, k))).contains(got[i]);
          assertThat(kept.add(got[i])).isTrue();
        } else {
          assertThat(got[i]).isEqualTo(-1);
        }
      }
    }
  }
}
