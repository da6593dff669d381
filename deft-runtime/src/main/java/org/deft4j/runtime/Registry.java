package org.deft4j.runtime;

import com.google.inject.Inject;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deft4j.kernels.BackendProvider;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;
import org.deft4j.search.spi.Task;
import org.deft4j.search.spi.TaskFactory;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.tree.plan.AttentionMethod;

/**
 * Everything that can be chosen by name, sorted by name.
 *
 * @param tasks kinds of problems
 * @param strategies ways to search
 * @param evaluators ways to score thoughts
 * @param backends what computes
 * @param attention how attention is grouped
 */
public record Registry(
    Map<String, TaskFactory> tasks,
    Map<String, StrategyFactory> strategies,
    Map<String, EvaluatorFactory> evaluators,
    Map<String, BackendProvider> backends,
    Map<String, AttentionMethod> attention) {

  /** Sorts the maps. */
  @Inject
  public Registry {
    tasks = new TreeMap<>(tasks);
    strategies = new TreeMap<>(strategies);
    evaluators = new TreeMap<>(evaluators);
    backends = new TreeMap<>(backends);
    attention = new TreeMap<>(attention);
  }

  /**
   * A task.
   *
   * @throws IllegalArgumentException for an unknown name (the message lists the known ones) or a
   *     bad option
   */
  public Task task(String name, Options options) {
    TaskFactory factory = find("task", name, tasks);
    return factory.create(options.requireKnown("task " + name, factory.options()));
  }

  /** A fresh strategy, for one search; errors as of {@link #task}. */
  public SearchStrategy strategy(String name, Options options) {
    StrategyFactory factory = find("strategy", name, strategies);
    return factory.create(options.requireKnown("strategy " + name, factory.options()));
  }

  /** An evaluator; errors as of {@link #task}. */
  public ThoughtEvaluator evaluator(String name, Options options) {
    EvaluatorFactory factory = find("evaluator", name, evaluators);
    return factory.create(options.requireKnown("evaluator " + name, factory.options()));
  }

  /** Frees what evaluators have opened, for instance a second model; they open it again. */
  void release() {
    for (EvaluatorFactory factory : evaluators.values()) {
      if (factory instanceof AutoCloseable held) {
        try {
          held.close();
        } catch (Exception e) {
          throw e instanceof RuntimeException r ? r : new IllegalStateException(e);
        }
      }
    }
  }

  /**
   * The entry of a name.
   *
   * @param kind what it is called in the message
   * @throws IllegalArgumentException for an unknown name; the message lists the known ones
   */
  public static <T> T find(String kind, String name, Map<String, T> known) {
    T found = known.get(name);
    if (found == null) {
      String all = known.isEmpty() ? "none" : String.join(", ", List.copyOf(known.keySet()));
      throw new IllegalArgumentException("unknown " + kind + " '" + name + "'; known: " + all);
    }
    return found;
  }
}
