package org.deft4j.testing;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.deft4j.tree.decode.DecodeSpec;

/** Samples as {@link DecodeSpec} says, plainly and slowly. */
final class ScriptedSampler {
  private ScriptedSampler() {}

  /** Log-probabilities that sum to one. */
  static double[] normalise(double[] logits) {
    double max = Arrays.stream(logits).max().orElseThrow();
    double sum = Arrays.stream(logits).map(x -> Math.exp(x - max)).sum();
    double log = max + Math.log(sum);
    return Arrays.stream(logits).map(x -> x - log).toArray();
  }

  static int sample(double[] logProbs, int[] path, DecodeSpec spec) {
    double[] x = logProbs.clone();
    spec.logitBias().forEach((token, bias) -> x[token] += bias);
    if (spec.repetitionPenalty() != 1) {
      for (int token : Arrays.stream(path).distinct().toArray()) {
        x[token] =
            x[token] > 0
                ? x[token] / spec.repetitionPenalty()
                : x[token] * spec.repetitionPenalty();
      }
    }
    int[] order =
        IntStream.range(0, x.length)
            .boxed()
            .sorted(Comparator.<Integer>comparingDouble(t -> -x[t]).thenComparing(t -> t))
            .mapToInt(Integer::intValue)
            .toArray();
    if (spec.temperature() == 0) {
      return order[0];
    }
    double[] p = new double[order.length];
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      boolean kept = spec.topK() == 0 || i < spec.topK();
      p[i] = kept ? Math.exp((x[order[i]] - x[order[0]]) / spec.temperature()) : 0;
      sum += p[i];
    }
    double kept = 0;
    double left = 0;
    for (int i = 0; i < p.length; i++) {
      if (kept / sum >= spec.topP() || p[i] < spec.minP() * p[0]) {
        p[i] = 0;
      }
      kept += p[i];
      left += p[i];
    }
    double u = unit(mix(mix(mix(spec.seed()) ^ spec.stream()) ^ path.length)) * left;
    for (int i = 0; i < p.length; i++) {
      u -= p[i];
      if (u < 0) {
        return order[i];
      }
    }
    return order[0];
  }

  /** SplitMix64's finaliser (Steele, Lea, Flood 2014). */
  static long mix(long z) {
    long x = z + 0x9e3779b97f4a7c15L;
    x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
    x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
    return x ^ (x >>> 31);
  }

  static double unit(long bits) {
    return (bits >>> 11) * 0x1.0p-53;
  }
}
