package org.deft4j.search.budget;

import java.time.Duration;

/**
 * Hard limits of one search: none is ever overshot, however many branches run at once, save the
 * time, which is looked at before every step.
 *
 * @param decodeTokens most tokens sampled, by generators and evaluators together
 * @param nodes most thoughts made, the root not counted
 * @param time longest wall time
 */
public record SearchBudget(long decodeTokens, long nodes, Duration time) {
  /** No limits. */
  public static final SearchBudget UNLIMITED =
      new SearchBudget(Long.MAX_VALUE, Long.MAX_VALUE, Duration.ofNanos(Long.MAX_VALUE));

  /** Checks that limits are positive. */
  public SearchBudget {
    if (decodeTokens < 1 || nodes < 1 || time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException(
          "limits must be positive, were "
              + decodeTokens
              + " tokens, "
              + nodes
              + " nodes, "
              + time);
    }
  }

  /** This budget with another limit of sampled tokens. */
  public SearchBudget withDecodeTokens(long value) {
    return new SearchBudget(value, nodes, time);
  }

  /** This budget with another limit of thoughts. */
  public SearchBudget withNodes(long value) {
    return new SearchBudget(decodeTokens, value, time);
  }

  /** This budget with another limit of wall time. */
  public SearchBudget withTime(Duration value) {
    return new SearchBudget(decodeTokens, nodes, value);
  }
}
