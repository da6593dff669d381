package org.deft4j.runtime;

import java.util.Optional;
import org.deft4j.runtime.trace.Flight;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.Recording;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.event.SearchListener;
import org.deft4j.search.spi.ConstrainedProblem;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.tree.constrain.Grammar;
import org.jspecify.annotations.Nullable;

/**
 * A search in the making: collects what to solve and how, then runs it. Unless told otherwise it
 * solves the task's generated problem of seed 0 by {@code tot-bfs} with the task's own evaluator.
 *
 * <p>Names and options are checked when they are used, with {@link IllegalArgumentException}s that
 * list what is known.
 */
public final class DeftSearch {
  /** The strategy unless told otherwise. */
  public static final String DEFAULT_STRATEGY = "tot-bfs";

  private final SearchDriver driver;
  private final Registry registry;
  private final String taskName;
  private Options taskOptions = Options.none();
  private @Nullable Task task;
  private @Nullable String text;
  private @Nullable Problem problem;
  private String strategyName = DEFAULT_STRATEGY;
  private Options strategyOptions = Options.none();
  private @Nullable SearchStrategy strategy;
  private @Nullable String evaluatorName;
  private Options evaluatorOptions = Options.none();
  private @Nullable ThoughtEvaluator evaluator;
  private SearchBudget budget = SearchBudget.UNLIMITED;
  private long seed;
  private SearchListener listener = SearchListener.NONE;
  private int epoch;
  private Recording recording = Recording.NONE;
  private @Nullable Grammar constraint;

  DeftSearch(SearchDriver driver, Registry registry, String taskName) {
    this.driver = driver;
    this.registry = registry;
    this.taskName = taskName;
  }

  /** Sets an option of the task, for instance {@code length} of sorting. */
  public DeftSearch taskOption(String name, Object value) {
    taskOptions = taskOptions.with(name, value.toString());
    task = null;
    return this;
  }

  /** Solves a problem as a user writes it, for instance {@code [3, 1, 2]}. */
  public DeftSearch problem(String value) {
    text = value;
    problem = null;
    return this;
  }

  /** Solves a given problem. */
  public DeftSearch problem(Problem value) {
    problem = value;
    return this;
  }

  /** Searches by the strategy of this name. */
  public DeftSearch strategy(String name) {
    strategyName = name;
    strategy = null;
    return this;
  }

  /** Searches by this strategy, which serves one search. */
  public DeftSearch strategy(SearchStrategy value) {
    strategy = value;
    return this;
  }

  /**
   * Sets an option of the named strategy, for instance {@code width}. Those that are not set are as
   * the problem suggests, and else the strategy's own.
   */
  public DeftSearch option(String name, Object value) {
    strategyOptions = strategyOptions.with(name, value.toString());
    return this;
  }

  /** Scores by the evaluator of this name. */
  public DeftSearch evaluator(String name) {
    evaluatorName = name;
    evaluator = null;
    return this;
  }

  /** Scores by this evaluator. */
  public DeftSearch evaluator(ThoughtEvaluator value) {
    evaluator = value;
    return this;
  }

  /** Sets an option of the named evaluator. */
  public DeftSearch evaluatorOption(String name, Object value) {
    evaluatorOptions = evaluatorOptions.with(name, value.toString());
    return this;
  }

  /** Limits the search. */
  public DeftSearch budget(SearchBudget value) {
    budget = value;
    return this;
  }

  /** Seed of a generated problem and of all sampling. */
  public DeftSearch seed(long value) {
    seed = value;
    return this;
  }

  /**
   * Makes the search ordered, in epochs of so many branches: with a deterministic model it then
   * grows the same tree whatever runs at once and beside it. 0 for a search that takes results as
   * they come.
   */
  public DeftSearch ordered(int value) {
    epoch = value;
    return this;
  }

  /** Lets the model write nothing for a thought but what matches this; null for anything. */
  public DeftSearch constraint(@Nullable Grammar value) {
    constraint = value;
    return this;
  }

  /** Goes on from what was recorded of this search. */
  public DeftSearch after(Recording value) {
    recording = value;
    return this;
  }

  /** Hears what the search does. */
  public DeftSearch listener(SearchListener value) {
    listener = value;
    return this;
  }

  /** The task, with its options. */
  public Task task() {
    if (task == null) {
      task = registry.task(taskName, taskOptions);
    }
    return task;
  }

  /** Name of the evaluator that will score. */
  public String evaluatorName() {
    if (evaluator != null) {
      return evaluator.name();
    }
    return evaluatorName != null ? evaluatorName : task().defaultEvaluator();
  }

  /** What a {@link SearchDriver} takes; each call makes fresh strategies and evaluators by name. */
  public SearchRequest request() {
    Problem p = problem;
    if (p == null) {
      p = text != null ? task().parse(text) : task().generate(seed);
    }
    if (constraint != null) {
      p = new ConstrainedProblem(p, constraint);
    }
    ThoughtEvaluator e =
        evaluator != null ? evaluator : registry.evaluator(evaluatorName(), evaluatorOptions);
    SearchStrategy s =
        strategy != null
            ? strategy
            : registry.strategy(strategyName, strategyOptions.orElse(p.settings(strategyName)));
    SearchListener all = listener.andThen(Flight.listener());
    return new SearchRequest(p, s, Optional.of(e), budget, seed, all, epoch, 1, recording);
  }

  /**
   * Runs the search to its end.
   *
   * @throws org.deft4j.tree.DeftException with exit code 2 if task, model, strategy and evaluator
   *     do not fit together, saying what is lacking
   */
  public SearchResult run() {
    return driver.run(request());
  }
}
