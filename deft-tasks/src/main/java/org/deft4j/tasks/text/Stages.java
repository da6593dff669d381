package org.deft4j.tasks.text;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.tree.decode.FinishReason;

/**
 * What a task adds to {@link TextLayout}: which stage follows, what fills its fields, and what the
 * model's words mean. Pure functions of their arguments.
 */
public interface Stages {
  /** Fields of the root prompt, {@code problem} among them. */
  Map<String, String> fields();

  /** How the last thought of a path goes on; empty where it does not. */
  Optional<Next> next(List<Thought> path);

  /** How the model lists next thoughts, a line each; empty where it cannot. */
  default Optional<Next> propose(List<Thought> path) {
    return Optional.empty();
  }

  /**
   * How several thoughts become one that continues their common ancestor.
   *
   * @param joined their texts, as {@link #candidate} writes them, with a letter before each
   * @return empty where they cannot
   */
  default Optional<Next> join(List<Thought> path, String joined) {
    return Optional.empty();
  }

  /** What the model's words say; they include the stop that ended them. */
  ThoughtState read(List<Thought> path, String stage, String text, FinishReason reason);

  /** The fields of the question whether a thought is right; empty where it is not asked. */
  default Optional<Map<String, String>> judged(List<Thought> path) {
    return path.getLast().answer().map(a -> Map.of("answer", a));
  }

  /** What the labels of a rating are worth, 0 to 1; empty where thoughts are not rated in words. */
  default Map<String, Double> labels() {
    return Map.of();
  }

  /** How a thought is written in a vote. */
  default String candidate(Thought thought) {
    return thought.answer().orElse(thought.text().strip());
  }

  /**
   * A stage to come.
   *
   * @param stage its name, and that of its prompt
   * @param fields its fields
   * @param maxTokens most tokens of an answer
   * @param stops texts that end it
   */
  record Next(String stage, Map<String, String> fields, int maxTokens, List<String> stops) {
    /** Copies. */
    public Next {
      fields = Map.copyOf(fields);
      stops = List.copyOf(stops);
    }
  }
}
