package org.deft4j.search.spi;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.deft4j.tree.decode.TokenCodec;

/** One problem of a task. Immutable and safe for many threads. */
public interface Problem {
  /** The name of its task. */
  String task();

  /** Names the problem within its source: a row's id, or the seed that made it. */
  String id();

  /** The problem as a user reads it, for instance {@code [3, 1, 2]}. */
  String text();

  /**
   * The prompts of this problem for a model. Tasks choose their form by what the vocabulary has.
   *
   * @param codec the model's tokens
   * @throws org.deft4j.tree.DeftException if this model's vocabulary cannot express the problem
   */
  PromptLayout layout(TokenCodec codec);

  /**
   * Checks an answer against the problem's own rules, without knowing the reference answer: what a
   * search may see.
   *
   * @return empty where the task has no such check
   */
  default Optional<Verdict> verify(String answer) {
    return Optional.empty();
  }

  /**
   * How good a step on the way to an answer is, by the problem's own rules, 0 to 1: what a search
   * may see, as of {@link #verify}.
   *
   * @param step the text of the step's state
   * @return empty where nobody can tell before there is an answer
   */
  default OptionalDouble promise(String step) {
    return OptionalDouble.empty();
  }

  /**
   * Options of a strategy that suit this problem better than its own defaults, for instance a level
   * for each step that an answer takes; those that a user sets win.
   *
   * @param strategy its name
   * @return by name, only options that the strategy has
   */
  default Map<String, String> settings(String strategy) {
    return Map.of();
  }

  /**
   * Grades the answer of a finished search, with the reference answer where there is one. Never
   * shown to a strategy.
   *
   * @param answer the answer; empty when the search found none
   */
  Verdict grade(Optional<String> answer);
}
