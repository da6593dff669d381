package org.deft4j.search;

import com.google.inject.AbstractModule;
import com.google.inject.Module;
import java.util.List;
import org.deft4j.search.evaluate.Agreement;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.evaluate.LogProbEvaluator;
import org.deft4j.search.evaluate.Vote;
import org.deft4j.search.spi.DeftPlugin;
import org.deft4j.search.spi.PluginBinder;
import org.deft4j.search.strategy.Beam;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.Greedy;
import org.deft4j.search.strategy.SelfConsistency;
import org.deft4j.search.strategy.TotBfs;

/** The strategies and evaluators that come with the framework. */
public final class SearchPlugin implements DeftPlugin {
  @Override
  public String id() {
    return "deft-search";
  }

  @Override
  public List<Module> modules() {
    return List.of(new Contributions());
  }

  private static final class Contributions extends AbstractModule {
    @Override
    protected void configure() {
      new PluginBinder(binder())
          .strategy("greedy", new Greedy.Factory())
          .strategy("best-of-n", new BestOfN.Factory())
          .strategy(SelfConsistency.NAME, new SelfConsistency.Factory())
          .strategy(Beam.NAME, new Beam.Factory())
          .strategy(TotBfs.NAME, new TotBfs.Factory())
          .evaluator(Checker.NAME, new Checker.Factory())
          .evaluator(LogProbEvaluator.NAME, new LogProbEvaluator.Factory())
          .evaluator(Judge.NAME, new Judge.Factory())
          .evaluator(Vote.NAME, new Vote.Factory())
          .evaluator(Agreement.NAME, new Agreement.Factory());
    }
  }
}
