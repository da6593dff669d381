package org.deft4j.search.evaluate;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.deft4j.search.Score;
import org.deft4j.search.spi.Question;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.ThoughtGenerator.Sampling;

/**
 * A plan to score thoughts: probes of the model, and how their answers become scores.
 *
 * @param probes what to ask the model, possibly nothing
 * @param fold scores from the probes' answers, in the order of the probes
 */
public record Evaluation(
    List<Probe> probes, Function<? super List<Reading>, ? extends List<Score>> fold) {
  /** Copies the list. */
  public Evaluation {
    probes = List.copyOf(probes);
  }

  /** Scores that need no model. */
  public static Evaluation of(List<Score> scores) {
    List<Score> copy = List.copyOf(scores);
    return new Evaluation(List.of(), readings -> copy);
  }

  /** A branch that is forked at a thought, asked, and dropped. */
  public sealed interface Probe {
    /** Ordinal of the thought at whose end the branch forks. */
    long at();

    /**
     * Reads the probabilities of the next token.
     *
     * @param at ordinal of the thought
     * @param question what is asked
     */
    record Choice(long at, Question question) implements Probe {}

    /**
     * Lets the model write.
     *
     * @param at ordinal of the thought
     * @param stage what is asked
     * @param sampling how tokens are drawn
     */
    record Write(long at, Stage stage, Sampling sampling) implements Probe {}

    /**
     * Computes something without the model, on a virtual thread beside the search. When it takes
     * longer than its limit it is interrupted and read as {@link Reading#LATE}.
     *
     * @param at ordinal of the thought
     * @param work what is computed; an exception of it ends the search
     * @param limit longest time
     */
    record Compute(long at, Callable<Reading> work, Duration limit) implements Probe {
      /** Checks the limit. */
      public Compute {
        if (limit.isNegative() || limit.isZero()) {
          throw new IllegalArgumentException("a limit must be positive, was " + limit);
        }
      }
    }
  }

  /**
   * A probe's answer.
   *
   * @param logProbs of a choice: one for each of the question's answers; of a computation: its
   *     numbers; else empty
   * @param text of a write: what the model wrote; else empty
   */
  public record Reading(List<Float> logProbs, String text) {
    /** What a computation is read as that took too long: no numbers, no text. */
    public static final Reading LATE = new Reading(List.of(), "");

    /** Copies the list. */
    public Reading {
      logProbs = List.copyOf(logProbs);
    }
  }
}
