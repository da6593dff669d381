package org.deft4j.runtime.trace;

import java.util.Map;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.strategy.Beam;
import org.deft4j.search.strategy.BestFirst;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.testing.LetterProblem;

/** Ordered searches of five kinds for a word, on a scripted model. */
final class LetterSearches {
  static final int KINDS = 5;

  private static final LetterProblem WORD = new LetterProblem(3, 2, "aabbcc", true);

  private LetterSearches() {}

  static SearchStrategy strategy(int kind) {
    return switch (kind) {
      case 0 -> new TotBfs(new TotBfs.Config(8, 0, 3, 6, 2, TotBfs.Generate.SAMPLE, true, .5));
      case 1 -> new TotBfs(new TotBfs.Config(6, 0, 3, 6, 2, TotBfs.Generate.PROPOSE, true, .5));
      case 2 -> new BestOfN();
      case 3 -> new BestFirst();
      default -> new Beam();
    };
  }

  static SearchRequest request(int kind) {
    SearchBudget budget = SearchBudget.UNLIMITED.withNodes(kind == 3 ? 40 : 1000);
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
