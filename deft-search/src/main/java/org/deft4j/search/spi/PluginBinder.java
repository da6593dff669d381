package org.deft4j.search.spi;

import com.google.inject.Binder;
import com.google.inject.multibindings.MapBinder;

/** Binds contributions by name; making one declares the (possibly empty) maps. */
public final class PluginBinder {
  private final MapBinder<String, TaskFactory> tasks;
  private final MapBinder<String, StrategyFactory> strategies;
  private final MapBinder<String, EvaluatorFactory> evaluators;

  /** A binder within a module's {@code configure}. */
  public PluginBinder(Binder binder) {
    Binder here = binder.skipSources(PluginBinder.class);
    tasks = MapBinder.newMapBinder(here, String.class, TaskFactory.class);
    strategies = MapBinder.newMapBinder(here, String.class, StrategyFactory.class);
    evaluators = MapBinder.newMapBinder(here, String.class, EvaluatorFactory.class);
  }

  /** Contributes a task. */
  public PluginBinder task(String name, TaskFactory factory) {
    tasks.addBinding(name).toInstance(factory);
    return this;
  }

  /** Contributes a strategy. */
  public PluginBinder strategy(String name, StrategyFactory factory) {
    strategies.addBinding(name).toInstance(factory);
    return this;
  }

  /** Contributes an evaluator. */
  public PluginBinder evaluator(String name, EvaluatorFactory factory) {
    evaluators.addBinding(name).toInstance(factory);
    return this;
  }
}
