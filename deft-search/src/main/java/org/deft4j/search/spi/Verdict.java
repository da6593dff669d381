package org.deft4j.search.spi;

/**
 * How right an answer is.
 *
 * @param error the task's own measure of what is wrong, 0 for nothing; NaN where nobody can tell
 * @param score 0 to 1, higher is better, 1 for a right answer
 * @param solved whether the answer is right
 */
public record Verdict(double error, double score, boolean solved) {
  /** An answer that nobody can grade, for instance to a free question. */
  public static Verdict ungraded() {
    return new Verdict(Double.NaN, 0, false);
  }

  /** Whether the answer could be graded. */
  public boolean graded() {
    return !Double.isNaN(error);
  }
}
