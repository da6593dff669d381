package org.deft4j.search.spi;

import java.util.List;

/**
 * A question that one next token answers; nothing is sampled.
 *
 * @param prompt tokens appended on a branch of its own; may be empty
 * @param answers the candidates for the next token, at least two
 */
public record Question(List<Integer> prompt, List<Integer> answers) {
  /** Copies lists and checks. */
  public Question {
    prompt = List.copyOf(prompt);
    answers = List.copyOf(answers);
    if (answers.size() < 2) {
      throw new IllegalArgumentException("a question needs two answers, has " + answers.size());
    }
  }
}
