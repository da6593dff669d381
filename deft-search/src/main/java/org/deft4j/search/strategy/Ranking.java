package org.deft4j.search.strategy;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;

/** Orders thoughts, best first; equal ones by ordinal, so that the order is total. */
final class Ranking {
  private Ranking() {}

  /** Solved ones, then by the evaluator's value, then by mean log-probability. */
  static Comparator<Thought> byScore() {
    return Comparator.comparing(Ranking::solved, Comparator.reverseOrder())
        .thenComparingDouble(t -> -value(t))
        .thenComparingDouble(Ranking::unlikeliness)
        .thenComparingLong(Thought::ordinal);
  }

  /**
   * As {@link #byScore}, but the value of an answer counts once for every thought that gives it: a
   * vote weighted by the evaluator. Many agreeing samples outweigh one that the evaluator likes by
   * mistake.
   *
   * @param all the thoughts that vote
   */
  static Comparator<Thought> byWeightedVotes(Collection<Thought> all) {
    Map<String, Double> votes = new HashMap<>();
    Map<String, Double> values = new HashMap<>();
    for (Thought t : all) {
      t.answer()
          .ifPresent(a -> {
            votes.merge(a, 1.0, Double::sum);
            values.merge(a, value(t), Math::max);
          });
    }
    return Comparator.<Thought>comparingDouble(t ->
            -t.answer()
                .map(a -> votes.getOrDefault(a, 1.0) * values.getOrDefault(a, 0.0))
                .orElseGet(() -> value(t)))
        .thenComparing(byScore());
  }

  /**
   * Answers by the sum of the values of all thoughts that give them: weighted best-of-N.
   *
   * @param all the thoughts that vote
   */
  static Comparator<Thought> bySummedValues(Collection<Thought> all) {
    Map<String, Double> sums = new HashMap<>();
    for (Thought t : all) {
      t.answer().ifPresent(a -> sums.merge(a, value(t), Double::sum));
    }
    return Comparator.<Thought>comparingDouble(
            t -> -t.answer().map(a -> sums.getOrDefault(a, 0.0)).orElseGet(() -> value(t)))
        .thenComparing(byScore());
  }

  /** The best answer of these. */
  static Optional<Thought> best(Collection<Thought> thoughts, Comparator<Thought> order) {
    return thoughts.stream().filter(t -> t.answer().isPresent()).min(order);
  }

  static boolean solved(Thought t) {
    return t.score().map(Score::solved).orElse(false);
  }

  static double value(Thought t) {
    return t.score().map(Score::value).orElse(0.0);
  }

  private static double unlikeliness(Thought t) {
    double mean = t.meanLogProb();
    return Double.isNaN(mean) ? 0 : -mean;
  }
}
