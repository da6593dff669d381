package org.deft4j.runtime.trace;

import java.nio.file.Path;
import java.util.List;
import org.deft4j.runtime.Registry;
import org.deft4j.search.driver.StrategyReplay;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.tree.DeftException;

/** Makes the parts of a traced search again, by the names in its header. */
public final class Retrace {
  private Retrace() {}

  /**
   * The problem.
   *
   * @throws DeftException with exit code 2 if it is not to be had any more, or has changed
   */
  public static Problem problem(TraceHeader header, Registry registry) {
    Task task = registry.task(header.task(), Options.of(header.taskOptions()));
    TraceHeader.Source source = header.problem();
    Problem problem =
        switch (source.kind()) {
          case GENERATED -> task.generate(source.seed());
          case TEXT -> task.parse(source.text());
          case FILE -> {
            List<Problem> all = task.read(Path.of(source.file()), source.index() + 1);
            if (all.size() <= source.index()) {
              throw new DeftException(
                  DeftException.USAGE,
                  "%s has only %d problems, the trace is of number %d"
                      .formatted(source.file(), all.size(), source.index() + 1));
            }
            yield all.get(source.index());
          }
        };
    if (!problem.text().equals(source.text())) {
      throw new DeftException(
          DeftException.USAGE,
          "the problem has changed since the trace was made: it was '%s', now '%s'"
              .formatted(source.text(), problem.text()));
    }
    return problem;
  }

  /** A fresh strategy with the traced one's settings. */
  public static SearchStrategy strategy(TraceHeader header, Registry registry) {
    return registry.strategy(header.strategy(), Options.of(header.strategyOptions()));
  }

  /** An evaluator with the traced one's settings. */
  public static ThoughtEvaluator evaluator(TraceHeader header, Registry registry) {
    return registry.evaluator(header.evaluator(), Options.of(header.evaluatorOptions()));
  }

  /**
   * Plays a trace again without its model.
   *
   * @throws DeftException with exit code 1 if the strategy asks otherwise than it did, with code 2
   *     if the trace broke off before its search began
   */
  public static StrategyReplay replay(Trace trace, Registry registry) {
    return StrategyReplay.of(
        strategy(trace.header(), registry),
        trace
            .context()
            .orElseThrow(() ->
                new DeftException(
                    DeftException.USAGE, "the trace broke off before its search began")),
        trace.recording().events(),
        trace.header().epoch() > 0);
  }
}
