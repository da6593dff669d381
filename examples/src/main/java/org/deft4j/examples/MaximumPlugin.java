package org.deft4j.examples;

import com.google.inject.AbstractModule;
import com.google.inject.Module;
import java.util.List;
import org.deft4j.search.spi.DeftPlugin;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.PluginBinder;
import org.deft4j.search.spi.StrategyFactory;
import org.deft4j.search.spi.Task;
import org.deft4j.search.spi.TaskFactory;
import org.deft4j.search.strategy.SearchStrategy;

/**
 * A plugin: contributes the task {@code maximum} and the strategy {@code try-again}. Named in
 * {@code META-INF/services}, so that the jar works wherever plugins are looked for.
 */
public final class MaximumPlugin implements DeftPlugin {
  @Override
  public String id() {
    return "deft-examples";
  }

  @Override
  public List<Module> modules() {
    return List.of(
        new AbstractModule() {
          @Override
          protected void configure() {
            new PluginBinder(binder())
                .task(MaximumTask.NAME, new Maximum())
                .strategy("try-again", new Retry());
          }
        });
  }

  private static final class Maximum implements TaskFactory {
    @Override
    public String description() {
      return "find the largest number of a list";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(new OptionSpec("length", "8", "numbers of a generated list"));
    }

    @Override
    public Task create(Options options) {
      return new MaximumTask(options.integer("length", 8, 1));
    }
  }

  private static final class Retry implements StrategyFactory {
    @Override
    public String description() {
      return "samples one answer after another until the evaluator is sure of one";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(new OptionSpec("tries", "10", "most answers to sample"));
    }

    @Override
    public SearchStrategy create(Options options) {
      return new RetryStrategy(options.integer("tries", 10, 1));
    }
  }
}
