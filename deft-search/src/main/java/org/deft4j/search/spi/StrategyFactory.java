package org.deft4j.search.spi;

import java.util.List;
import org.deft4j.search.strategy.SearchStrategy;

/**
 * Makes a {@link SearchStrategy} for one search; contributed by its name through a {@code
 * MapBinder}. A strategy with a width or a depth calls these options {@code width} and {@code
 * depth}.
 */
public interface StrategyFactory {
  /** What the strategy does, in one line. */
  String description();

  /** The options that {@link #create} understands. */
  default List<OptionSpec> options() {
    return List.of();
  }

  /**
   * A new strategy, used for one search.
   *
   * @throws IllegalArgumentException naming an option that is unknown or out of range
   */
  SearchStrategy create(Options options);
}
