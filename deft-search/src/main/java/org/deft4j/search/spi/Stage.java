package org.deft4j.search.spi;

import java.util.List;

/**
 * How a thought is continued: what is appended to it before the model writes, and where the model
 * stops.
 *
 * @param name names the kind of thought, for instance {@code solve}
 * @param prompt tokens appended before sampling, shared by all samples; may be empty
 * @param maxTokens most tokens a sample takes
 * @param stopTokens tokens that end it
 * @param stopStrings texts that end it
 */
public record Stage(
    String name,
    List<Integer> prompt,
    int maxTokens,
    List<Integer> stopTokens,
    List<String> stopStrings) {
  /** Copies lists and checks. */
  public Stage {
    prompt = List.copyOf(prompt);
    stopTokens = List.copyOf(stopTokens);
    stopStrings = List.copyOf(stopStrings);
    if (maxTokens < 1) {
      throw new IllegalArgumentException("maxTokens must be at least 1, was " + maxTokens);
    }
  }
}
