package org.deft4j.search.strategy;

/**
 * What it costs to come back to a thought: a strategy may prefer what is still in memory among
 * equals. What it is told is recorded with the search's events, so that a trace replays alike.
 */
@FunctionalInterface
public interface RevisitCost {
  /** Coming back costs nothing. */
  RevisitCost FREE = thought -> 0;

  /**
   * Tokens that have to be computed again before a branch can fork at a thought. Always 0 in
   * ordered mode, where a decision may not depend on what memory holds.
   *
   * @param thought ordinal of a living thought
   */
  int tokens(long thought);
}
