package org.deft4j.search.spi;

import java.util.List;

/** Makes a {@link Task}; contributed by its name through a {@code MapBinder}. */
public interface TaskFactory {
  /** What the task is, in one line. */
  String description();

  /** The options that {@link #create} understands. */
  default List<OptionSpec> options() {
    return List.of();
  }

  /**
   * A task.
   *
   * @throws IllegalArgumentException naming an option that is unknown or out of range
   */
  Task create(Options options);
}
