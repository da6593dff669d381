package org.deft4j.runtime.trace;

import java.util.Map;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.strategy.AbMcts;
import org.deft4j.search.strategy.Beam;
import org.deft4j.search.strategy.BestFirst;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.DiverseBeam;
import org.deft4j.search.strategy.Dvts;
import org.deft4j.search.strategy.Ets;
import org.deft4j.search.strategy.Graph;
import org.deft4j.search.strategy.GraphPlan;
import org.deft4j.search.strategy.Greedy;
import org.deft4j.search.strategy.Mcts;
import org.deft4j.search.strategy.Rebase;
import org.deft4j.search.strategy.Retry;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.SelfConsistency;
import org.deft4j.search.strategy.TokenBeam;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.strategy.TotDfs;
import org.deft4j.search.testing.LetterProblem;

/** Ordered searches of every kind for a word, on a scripted model. */
final class LetterSearches {
  static final int KINDS = 18;

  private static final LetterProblem WORD = new LetterProblem(3, 2, "aabbcc", true);

  private LetterSearches() {}

  static SearchStrategy strategy(int kind) {
    return switch (kind) {
      case 0 -> new TotBfs(new TotBfs.Config(8, 0, 3, 6, 2, TotBfs.Generate.SAMPLE, true, .5));
      case 1 -> new TotBfs(new TotBfs.Config(6, 0, 3, 6, 2, TotBfs.Generate.PROPOSE, true, .5));
      case 2 -> new BestOfN();
      case 3 -> new BestFirst();
      case 4 -> new Beam();
      case 5 -> new Mcts();
      case 6 -> new AbMcts();
      case 7 -> new AbMcts(AbMcts.Config.HIERARCHICAL);
      case 8 -> new Rebase();
      case 9 -> new Ets();
      case 10 -> new Dvts();
      case 11 -> new DiverseBeam();
      case 12 -> new TotDfs();
      case 13 ->
          new Graph(
              new Graph.Config(
                  GraphPlan.parse("a=generate:3; b=generate:3(); aggregate:5(a+b); keep:1"), 1, 1));
      case 14 -> new SelfConsistency();
      case 15 -> new Retry(Retry.Config.WARMING);
      case 16 -> new TokenBeam();
      default -> new Greedy();
    };
  }

  static SearchRequest request(int kind) {
    SearchBudget budget = SearchBudget.UNLIMITED.withNodes(kind == 3 ? 40 : kind < 5 ? 1000 : 120);
    return SearchRequest.of(WORD, strategy(kind))
        .withEvaluator(kind % 2 == 0 ? new Checker() : new Judge(2))
        .withBudget(kind == 0 ? budget.withDecodeTokens(70) : budget)
        .withSeed(kind)
        .ordered(8);
  }

  static TraceHeader header(int kind) {
    return new TraceHeader(
        "letters",
        Map.of(),
        new TraceHeader.Source(WORD.id(), WORD.text(), TraceHeader.Source.Kind.TEXT, 0, "", 0),
        "kind " + kind,
        Map.of("width", "8"),
        "checker",
        Map.of(),
        false,
        kind,
        8,
        SearchBudget.UNLIMITED,
        "scripted",
        "",
        Map.of());
  }
}
