package org.deft4j.search.budget;

import java.time.Duration;

/**
 * Limits of one search. None is ever overshot, however many branches run at once, save the time,
 * which is looked at before every step.
 *
 * <p>They are hard: what does not fit is not begun, and the search ends with its best answer so
 * far. Before that, at the share {@link #soft} of any of them, the strategy is told once to come to
 * an end ({@link org.deft4j.search.strategy.SearchStrategy#finish}).
 *
 * @param decodeTokens most tokens sampled, by generators and evaluators together
 * @param evaluatorTokens of these, most tokens sampled by evaluators
 * @param prefillTokens most tokens of prompts, questions and restored thoughts that are computed
 * @param nodes most thoughts made, the root not counted
 * @param depth longest path in thoughts
 * @param kvBytes most bytes of keys and values that the search holds at one time; thoughts that
 *     nobody works on give up theirs to stay below it, and are computed again when needed
 * @param time longest wall time
 * @param soft share of a limit at which the strategy is told to come to an end, above 0; 1 for
 *     never
 */
public record SearchBudget(
    long decodeTokens,
    long evaluatorTokens,
    long prefillTokens,
    long nodes,
    long depth,
    long kvBytes,
    Duration time,
    double soft) {
  private static final long NONE = Long.MAX_VALUE;

  /** No limits. */
  public static final SearchBudget UNLIMITED =
      new SearchBudget(NONE, NONE, NONE, NONE, NONE, NONE, Duration.ofNanos(NONE), 1);

  /** Checks that limits are positive. */
  public SearchBudget {
    positive("decode tokens", decodeTokens);
    positive("evaluator tokens", evaluatorTokens);
    positive("prefill tokens", prefillTokens);
    positive("nodes", nodes);
    positive("depth", depth);
    positive("bytes of keys and values", kvBytes);
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException("a limit of time must be positive, was " + time);
    }
    if (!(soft > 0 && soft <= 1)) {
      throw new IllegalArgumentException("a soft share must be in (0, 1], was " + soft);
    }
  }

  private static void positive(String what, long value) {
    if (value < 1) {
      throw new IllegalArgumentException("a limit of " + what + " must be positive, was " + value);
    }
  }

  /** This budget with another limit of sampled tokens. */
  public SearchBudget withDecodeTokens(long value) {
    return new SearchBudget(
        value, evaluatorTokens, prefillTokens, nodes, depth, kvBytes, time, soft);
  }

  /** This budget with another limit of tokens that evaluators sample. */
  public SearchBudget withEvaluatorTokens(long value) {
    return new SearchBudget(decodeTokens, value, prefillTokens, nodes, depth, kvBytes, time, soft);
  }

  /** This budget with another limit of computed prompt tokens. */
  public SearchBudget withPrefillTokens(long value) {
    return new SearchBudget(
        decodeTokens, evaluatorTokens, value, nodes, depth, kvBytes, time, soft);
  }

  /** This budget with another limit of thoughts. */
  public SearchBudget withNodes(long value) {
    return new SearchBudget(
        decodeTokens, evaluatorTokens, prefillTokens, value, depth, kvBytes, time, soft);
  }

  /** This budget with another limit of depth. */
  public SearchBudget withDepth(long value) {
    return new SearchBudget(
        decodeTokens, evaluatorTokens, prefillTokens, nodes, value, kvBytes, time, soft);
  }

  /** This budget with another limit of bytes for keys and values. */
  public SearchBudget withKvBytes(long value) {
    return new SearchBudget(
        decodeTokens, evaluatorTokens, prefillTokens, nodes, depth, value, time, soft);
  }

  /** This budget with another limit of wall time. */
  public SearchBudget withTime(Duration value) {
    return new SearchBudget(
        decodeTokens, evaluatorTokens, prefillTokens, nodes, depth, kvBytes, value, soft);
  }

  /** This budget with another share at which the strategy is told to come to an end. */
  public SearchBudget withSoft(double value) {
    return new SearchBudget(
        decodeTokens, evaluatorTokens, prefillTokens, nodes, depth, kvBytes, time, value);
  }
}
