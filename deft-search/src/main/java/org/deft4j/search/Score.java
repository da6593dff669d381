package org.deft4j.search;

/**
 * An evaluator's opinion of a thought.
 *
 * @param value 0 to 1, higher is better; comparable within one search
 * @param variance of the opinions that {@code value} is the mean of; 0 for one opinion
 * @param samples how many opinions {@code value} is the mean of, at least 1
 * @param solved the evaluator is sure that the thought solves its problem: a search may stop here
 * @param source the evaluator's name
 */
public record Score(double value, double variance, int samples, boolean solved, String source) {
  /** Checks ranges. */
  public Score {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException("a score lies in 0..1, was " + value);
    }
    if (!(variance >= 0) || samples < 1) {
      throw new IllegalArgumentException(
          "a score has a variance >= 0 and samples >= 1, had " + variance + " and " + samples);
    }
  }

  /** One opinion. */
  public Score(double value, boolean solved, String source) {
    this(value, 0, 1, solved, source);
  }
}
