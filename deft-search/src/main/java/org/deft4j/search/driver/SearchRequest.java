package org.deft4j.search.driver;

import java.util.Optional;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.event.SearchListener;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.strategy.SearchStrategy;

/**
 * A search to run.
 *
 * @param problem the problem
 * @param strategy a fresh strategy: it serves one search
 * @param evaluator scores thoughts, if the strategy asks for it
 * @param budget limits
 * @param seed of all randomness
 * @param listener hears what happens
 */
public record SearchRequest(
    Problem problem,
    SearchStrategy strategy,
    Optional<ThoughtEvaluator> evaluator,
    SearchBudget budget,
    long seed,
    SearchListener listener) {

  /** A search with no evaluator, no limits, seed 0 and no listener. */
  public static SearchRequest of(Problem problem, SearchStrategy strategy) {
    return new SearchRequest(
        problem, strategy, Optional.empty(), SearchBudget.UNLIMITED, 0, SearchListener.NONE);
  }

  /** This request with an evaluator. */
  public SearchRequest withEvaluator(ThoughtEvaluator value) {
    return new SearchRequest(problem, strategy, Optional.of(value), budget, seed, listener);
  }

  /** This request with limits. */
  public SearchRequest withBudget(SearchBudget value) {
    return new SearchRequest(problem, strategy, evaluator, value, seed, listener);
  }

  /** This request with a seed. */
  public SearchRequest withSeed(long value) {
    return new SearchRequest(problem, strategy, evaluator, budget, value, listener);
  }

  /** This request with a listener. */
  public SearchRequest withListener(SearchListener value) {
    return new SearchRequest(problem, strategy, evaluator, budget, seed, value);
  }
}
