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
import org.deft4j.search.strategy.AbMcts;
import org.deft4j.search.strategy.Beam;
import org.deft4j.search.strategy.BestFirst;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.DiverseBeam;
import org.deft4j.search.strategy.Dvts;
import org.deft4j.search.strategy.Ets;
import org.deft4j.search.strategy.Greedy;
import org.deft4j.search.strategy.Mcts;
import org.deft4j.search.strategy.Rebase;
import org.deft4j.search.strategy.Retry;
import org.deft4j.search.strategy.SelfConsistency;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.strategy.TotDfs;

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
          .strategy(BestOfN.NAME, new BestOfN.Factory())
          .strategy(BestOfN.WEIGHTED, new BestOfN.Factory(BestOfN.Config.WEIGHTED))
          .strategy(Retry.NAME, Retry.Factory.retry())
          .strategy(Retry.WARMING, Retry.Factory.warming())
          .strategy(SelfConsistency.NAME, new SelfConsistency.Factory())
          .strategy(Beam.NAME, new Beam.Factory())
          .strategy(TotBfs.NAME, new TotBfs.Factory())
          .strategy(TotDfs.NAME, new TotDfs.Factory())
          .strategy(Dvts.NAME, new Dvts.Factory())
          .strategy(DiverseBeam.NAME, new DiverseBeam.Factory())
          .strategy(Rebase.NAME, new Rebase.Factory())
          .strategy(Ets.NAME, new Ets.Factory())
          .strategy(BestFirst.NAME, new BestFirst.Factory())
          .strategy(Mcts.NAME, new Mcts.Factory())
          .strategy(AbMcts.CONJUGATE, AbMcts.Factory.conjugate())
          .strategy(AbMcts.HIERARCHICAL, AbMcts.Factory.hierarchical())
          .evaluator(Checker.NAME, new Checker.Factory())
          .evaluator(LogProbEvaluator.NAME, new LogProbEvaluator.Factory())
          .evaluator(Judge.NAME, new Judge.Factory())
          .evaluator(Vote.NAME, new Vote.Factory())
          .evaluator(Agreement.NAME, new Agreement.Factory());
    }
  }
}
