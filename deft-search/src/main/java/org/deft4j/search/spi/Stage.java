package org.deft4j.search.spi;

import java.util.List;
import org.deft4j.tree.constrain.Grammar;
import org.jspecify.annotations.Nullable;

/**
 * How a thought is continued: what is appended to it before the model writes, and where the model
 * stops.
 *
 * @param name names the kind of thought, for instance {@code solve}
 * @param prompt tokens appended before sampling, shared by all samples; may be empty
 * @param maxTokens most tokens a sample takes
 * @param stopTokens tokens that end it
 * @param stopStrings texts that end it
 * @param constraint what the sample must look like; null for anything
 */
public record Stage(
    String name,
    List<Integer> prompt,
    int maxTokens,
    List<Integer> stopTokens,
    List<String> stopStrings,
    @Nullable Grammar constraint) {
  /** Copies lists and checks. */
  public Stage {
    prompt = List.copyOf(prompt);
    stopTokens = List.copyOf(stopTokens);
    stopStrings = List.copyOf(stopStrings);
    if (maxTokens < 1) {
      throw new IllegalArgumentException("maxTokens must be at least 1, was " + maxTokens);
    }
  }

  /** A stage at which the model may write anything. */
  public Stage(
      String name,
      List<Integer> prompt,
      int maxTokens,
      List<Integer> stopTokens,
      List<String> stopStrings) {
    this(name, prompt, maxTokens, stopTokens, stopStrings, null);
  }

  /** This stage under a constraint. */
  public Stage withConstraint(@Nullable Grammar value) {
    return new Stage(name, prompt, maxTokens, stopTokens, stopStrings, value);
  }
}
