package org.deft4j.search.spi;

import java.util.List;
import org.deft4j.search.evaluate.ThoughtEvaluator;

/** Makes a {@link ThoughtEvaluator}; contributed by its name through a {@code MapBinder}. */
public interface EvaluatorFactory {
  /** What the evaluator does, in one line. */
  String description();

  /** The options that {@link #create} understands. */
  default List<OptionSpec> options() {
    return List.of();
  }

  /**
   * An evaluator.
   *
   * @throws IllegalArgumentException naming an option that is unknown or out of range
   */
  ThoughtEvaluator create(Options options);
}
