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
 * @param epoch 0 for a strategy that is told results as they come and offered what room there is.
 *     Otherwise the search is ordered: its strategy is told the results of all that it asked, in
 *     the order of its asks, and then offered this many branches, whatever the decoder can take.
 *     Where the decoder's logits do not depend on the batch, an ordered search then grows the same
 *     tree on any machine, at any width and beside any other search
 * @param weight its share of the decoder beside other searches, at least 1
 * @param recording what an earlier run had done
 */
public record SearchRequest(
    Problem problem,
    SearchStrategy strategy,
    Optional<ThoughtEvaluator> evaluator,
    SearchBudget budget,
    long seed,
    SearchListener listener,
    int epoch,
    int weight,
    Recording recording) {

  /** Checks ranges. */
  public SearchRequest {
    if (epoch < 0 || weight < 1) {
      throw new IllegalArgumentException(
          "an epoch is at least 0 and a weight at least 1, were " + epoch + " and " + weight);
    }
  }

  /** A search that takes results as they come. */
  public SearchRequest(
      Problem problem,
      SearchStrategy strategy,
      Optional<ThoughtEvaluator> evaluator,
      SearchBudget budget,
      long seed,
      SearchListener listener) {
    this(problem, strategy, evaluator, budget, seed, listener, 0, 1, Recording.NONE);
  }

  /** A search with no evaluator, no limits, seed 0 and no listener. */
  public static SearchRequest of(Problem problem, SearchStrategy strategy) {
    return new SearchRequest(
        problem, strategy, Optional.empty(), SearchBudget.UNLIMITED, 0, SearchListener.NONE);
  }

  /** This request with an evaluator. */
  public SearchRequest withEvaluator(ThoughtEvaluator value) {
    return new SearchRequest(
        problem, strategy, Optional.of(value), budget, seed, listener, epoch, weight, recording);
  }

  /** This request with limits. */
  public SearchRequest withBudget(SearchBudget value) {
    return new SearchRequest(
        problem, strategy, evaluator, value, seed, listener, epoch, weight, recording);
  }

  /** This request with a seed. */
  public SearchRequest withSeed(long value) {
    return new SearchRequest(
        problem, strategy, evaluator, budget, value, listener, epoch, weight, recording);
  }

  /** This request with a listener. */
  public SearchRequest withListener(SearchListener value) {
    return new SearchRequest(
        problem, strategy, evaluator, budget, seed, value, epoch, weight, recording);
  }

  /** This request in epochs of so many branches; 0 for none. */
  public SearchRequest ordered(int value) {
    return new SearchRequest(
        problem, strategy, evaluator, budget, seed, listener, value, weight, recording);
  }

  /** This request with another share of the decoder. */
  public SearchRequest withWeight(int value) {
    return new SearchRequest(
        problem, strategy, evaluator, budget, seed, listener, epoch, value, recording);
  }

  /** This request as the rest of a search that was recorded. */
  public SearchRequest after(Recording value) {
    return new SearchRequest(
        problem, strategy, evaluator, budget, seed, listener, epoch, weight, value);
  }
}
