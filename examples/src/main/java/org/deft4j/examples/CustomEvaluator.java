package org.deft4j.examples;

import java.time.Duration;
import java.util.List;
import org.deft4j.runtime.Deft;
import org.deft4j.search.Thought;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.evaluate.Programmatic;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Verdict;

/**
 * Scores thoughts by a program of one's own, here one that looks at the order of an answer alone.
 * It runs beside the search on a thread of its own and may take its time: a compiler, unit tests or
 * a solver would do as well. It proves nothing, since it does not see lost digits, and so the
 * search does not stop at the first answer that it likes.
 */
public final class CustomEvaluator {
  private CustomEvaluator() {}

  /** An evaluator named {@code in-order}: the share of neighbours that do not descend. */
  static ThoughtEvaluator inOrder() {
    return new Programmatic(
        "in-order", CustomEvaluator::score, Duration.ofSeconds(1), false, false);
  }

  static Verdict score(Problem problem, List<Thought> path) {
    int[] digits = path.getLast().answer().orElse("").chars().filter(Character::isDigit).toArray();
    int pairs = Math.max(1, digits.length - 1);
    int descents = digits.length == 0 ? pairs : 0;
    for (int i = 1; i < digits.length; i++) {
      descents += digits[i - 1] > digits[i] ? 1 : 0;
    }
    return new Verdict(descents, 1 - descents / (double) pairs, false);
  }

  /** Sorts a generated list. */
  public static void main(String[] args) {
    try (Deft deft = Deft.open("deft-mini")) {
      SearchResult result = run(deft);
      System.out.println(
          result.answer().orElse("no answer")
              + "\nscore "
              + result.score().map(s -> s.value() + " by " + s.source()).orElse("none")
              + ", solved: "
              + result.solved());
    }
  }

  static SearchResult run(Deft deft) {
    return deft.search("sorting")
        .taskOption("length", 24)
        .strategy("best-of-n")
        .option("width", 4)
        .evaluator(inOrder())
        .run();
  }
}
