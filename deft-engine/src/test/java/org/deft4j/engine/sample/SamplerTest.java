package org.deft4j.engine.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deft4j.kernels.sample.CounterRandom;
import org.deft4j.tree.decode.DecodeSpec;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static float[] logits(SplittableRandom r, int n) {
    float spread = (float) Math.exp(r.nextDouble(-2, 2.5));
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      // Some equal ones, so that ties are met.
      x[i] = r.nextInt(8) == 0 ? 1f : (float) (r.nextGaussian() * spread);
    }
    return x;
  }

  private static DecodeSpec spec(SplittableRandom r, int n, long seed) {
    DecodeSpec.Builder b = DecodeSpec.of(1).seed(seed, r.nextInt(100));
    b.temperature(r.nextInt(10) == 0 ? 0 : (float) r.nextDouble(0.1, 3));
    if (r.nextInt(3) == 0) {
      b.topK(1 + r.nextInt(n + 5));
    }
    if (r.nextBoolean()) {
      b.topP((float) r.nextDouble(0.05, 1));
    }
    if (r.nextInt(3) == 0) {
      b.minP((float) r.nextDouble(0, 0.5));
    }
    if (r.nextInt(4) == 0) {
      b.repetitionPenalty((float) r.nextDouble(0.5, 2));
    }
    if (r.nextInt(4) == 0) {
      Map<Integer, Float> bias = new HashMap<>();
      for (int i = 0; i < 3; i++) {
        bias.put(r.nextInt(n), (float) r.nextDouble(-3, 3));
      }
      b.logitBias(bias);
    }
    return b.build();
  }

  /** The distribution after all filters, by full sorts in float64. */
  private static double[] oracle(float[] logits, DecodeSpec s, int[] path) {
    int n = logits.length;
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      float v = logits[i] + s.logitBias().getOrDefault(i, 0f);
      int token = i;
      if (Arrays.stream(path).anyMatch(t -> t == token)) {
        v = v > 0 ? v / s.repetitionPenalty() : v * s.repetitionPenalty();
      }
      x[i] = v;
    }
    Integer[] order = IntStream.range(0, n).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble((Integer i) -> -x[i]).thenComparingInt(i -> i));
    double[] p = new double[n];
    if (s.temperature() == 0) {
      p[order[0]] = 1;
      return p;
    }
    int kept = s.topK() == 0 ? n : Math.min(n, s.topK());
    double total = 0;
    for (int i = 0; i < kept; i++) {
      p[order[i]] = Math.exp((x[order[i]] - x[order[0]]) / s.temperature());
      total += p[order[i]];
    }
    double sum = 0;
    for (int i = 0; i < kept; i++) {
      if (sum >= s.topP() * total && s.topP() < 1) {
        p[order[i]] = 0;
      }
      sum += p[order[i]];
    }
    double left = 0;
    for (int i = 0; i < n; i++) {
      p[i] = p[i] < s.minP() ? 0 : p[i];
      left += p[i];
    }
    for (int i = 0; i < n; i++) {
      p[i] /= left;
    }
    return p;
  }

  @Test
  void drawsFromTheFilteredDistribution() {
    int drawn = 0;
    for (int seed = 0; seed < 4_000; seed++) {
      SplittableRandom r = new SplittableRandom(seed);
      int n = r.nextInt(3) == 0 ? 1 + r.nextInt(20) : 500 + r.nextInt(1200);
      float[] x = logits(r, n);
      DecodeSpec s = spec(r, n, seed);
      int[] path = r.ints(r.nextInt(12), 0, n).toArray();
      float[] copy = x.clone();
      int token = new Sampler(n).sample(x, s, 17, () -> path, null);
      assertThat(x).isEqualTo(copy);
      double[] p = oracle(x, s, path);
      double u = CounterRandom.uniform(s.seed(), s.stream(), 17);
      double before = 0;
      for (int i = 0; i < token; i++) {
        before += p[i];
      }
      // A borderline token of a filter may differ: then the cumulative sums differ by its weight.
      double slack = 2e-5;
      if (before - slack <= u && u <= before + p[token] + slack && p[token] > 0) {
        drawn++;
      }
    }
    assertThat(drawn).isGreaterThanOrEqualTo(3_990);
  }

  @Test
  void frequenciesFollowProbabilities() {
    float[] x = {0, 1, 2, -1, 0.5f};
    Sampler sampler = new Sampler(5);
    int draws = 40_000;
    for (DecodeSpec s :
        List.of(
            DecodeSpec.of(1).temperature(0.7f).seed(9, 4).build(),
            DecodeSpec.of(1).temperature(1.3f).topK(3).seed(9, 4).build(),
            DecodeSpec.of(1).temperature(2).topP(0.8f).seed(9, 4).build())) {
      int[] count = new int[5];
      for (int i = 0; i < draws; i++) {
        count[sampler.sample(x, s, i, () -> new int[0], null)]++;
      }
      double[] p = oracle(x, s, new int[0]);
      for (int t = 0; t < 5; t++) {
        assertThat((double) count[t] / draws).isCloseTo(p[t], within(0.01));
      }
    }
  }

  @Test
  void greedyTakesTheFirstOfEquals() {
    float[] x = {1, 3, 3, 2};
    Sampler sampler = new Sampler(4);
    assertThat(sampler.sample(x, DecodeSpec.of(1).build(), 0, () -> new int[0], null)).isEqualTo(1);
    DecodeSpec top = DecodeSpec.of(1).temperature(1).topK(1).build();
    assertThat(sampler.sample(x, top, 0, () -> new int[0], null)).isEqualTo(1);
  }
}
