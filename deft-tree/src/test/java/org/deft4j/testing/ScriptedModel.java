package org.deft4j.testing;

import java.util.Arrays;
import java.util.Map;

/** The language model of a {@link ScriptedDecoder}: a pure function of its arguments. */
@FunctionalInterface
public interface ScriptedModel {
  /**
   * Natural log-probabilities of every token as the next one; they need not be normalised.
   *
   * @param path all tokens before it
   * @param from where the decode that asks began, {@code path.length} when nothing is being decoded
   * @param stream the decode's stream, -1 when nothing is being decoded
   */
  double[] logProbs(int[] path, int from, long stream);

  /** Pseudo-random distributions that depend on the whole path. */
  static ScriptedModel hashed(int vocabulary, long seed) {
    return (path, from, stream) -> {
      long h = ScriptedSampler.mix(seed);
      for (int token : path) {
        h = ScriptedSampler.mix(h ^ token);
      }
      double[] logits = new double[vocabulary];
      for (int t = 0; t < vocabulary; t++) {
        logits[t] = 6 * ScriptedSampler.unit(ScriptedSampler.mix(h + t));
      }
      return logits;
    };
  }

  /**
   * Writes canned text with certainty, special tokens spelled out, and then end-of-sequence (or
   * zero bytes where the vocabulary has none).
   */
  static ScriptedModel canned(ScriptedCodec codec, Canned text) {
    return (path, from, stream) -> {
      String prompt = codec.spell(Arrays.copyOf(path, from));
      int[] script = codec.encodePrompt(text.continuation(prompt, stream), false);
      int at = path.length - from;
      int token = at < script.length ? script[at] : codec.endOfSequence().orElse(0);
      return weighted(codec.vocabularySize(), Map.of(token, 1.0));
    };
  }

  /** The distribution that gives these tokens these weights and all others none. */
  static double[] weighted(int vocabulary, Map<Integer, Double> weights) {
    double[] logProbs = new double[vocabulary];
    Arrays.fill(logProbs, Double.NEGATIVE_INFINITY);
    double sum = weights.values().stream().mapToDouble(Double::doubleValue).sum();
    weights.forEach((token, weight) -> logProbs[token] = Math.log(weight / sum));
    return logProbs;
  }

  /** Text for a prompt. */
  @FunctionalInterface
  interface Canned {
    /**
     * What the model writes.
     *
     * @param prompt the path at the decode's start, special tokens spelled out
     * @param stream the decode's stream; -1 for a question that nothing is sampled for
     */
    String continuation(String prompt, long stream);
  }
}
