package org.deft4j.search;

/**
 * An evaluator's opinion of a thought.
 *
 * @param value 0 to 1, higher is better; comparable within one search
 * @param solved the evaluator is sure that the thought solves its problem: a search may stop here
 * @param source the evaluator's name
 */
public record Score(double value, boolean solved, String source) {
  /** Checks the range. */
  public Score {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException("a score lies in 0..1, was " + value);
    }
  }
}
