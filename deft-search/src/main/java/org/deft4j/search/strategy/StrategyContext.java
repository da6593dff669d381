package org.deft4j.search.strategy;

import org.deft4j.search.Thought;

/**
 * What a strategy knows of its search when it begins.
 *
 * @param root the problem, ordinal 0
 * @param evaluator the evaluator's name; empty when the search has none
 * @param joint the evaluator compares thoughts: ask it for all of a level at once
 * @param canPropose the model can list several next thoughts in one answer
 * @param proves a thought that the evaluator calls solved is proved to be: the search may end there
 *     and then
 * @param seed the search's seed, for decisions drawn by a key
 * @param revisitCost what coming back to a thought costs, now; to be asked within {@link
 *     SearchStrategy#ask} alone
 */
public record StrategyContext(
    Thought root,
    String evaluator,
    boolean joint,
    boolean canPropose,
    boolean proves,
    long seed,
    RevisitCost revisitCost) {
  /** A context in which coming back costs nothing. */
  public StrategyContext(
      Thought root,
      String evaluator,
      boolean joint,
      boolean canPropose,
      boolean proves,
      long seed) {
    this(root, evaluator, joint, canPropose, proves, seed, RevisitCost.FREE);
  }

  /** Whether the search has an evaluator. */
  public boolean canEvaluate() {
    return !evaluator.isEmpty();
  }
}
