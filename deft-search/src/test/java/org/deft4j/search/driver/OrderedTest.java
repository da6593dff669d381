package org.deft4j.search.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.strategy.Beam;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** An ordered search grows one tree, whatever runs at once and beside it. */
class OrderedTest {
  private static final LetterProblem WORD = new LetterProblem(3, 2, "aabbcc", true);

  static List<Integer> seeds() {
    return IntStream.range(0, 24).boxed().toList();
  }

  private static SearchRequest request(int seed) {
    SearchStrategy strategy =
        switch (seed % 4) {
          case 0 -> new TotBfs(new TotBfs.Config(8, 0, 3, 6, 2, TotBfs.Generate.SAMPLE, true, .5));
          case 1 -> new TotBfs(new TotBfs.Config(6, 0, 3, 6, 2, TotBfs.Generate.PROPOSE, true, .5));
          case 2 -> new BestOfN();
          default -> new Beam();
        };
    SearchRequest r =
        SearchRequest.of(WORD, strategy)
            .withEvaluator(seed % 2 == 0 ? new Checker() : new Judge(2))
            .withSeed(seed)
            .ordered(8);
    // Some run out of tokens, where what a branch is granted must not depend on the others' speed.
    return seed % 3 == 0
        ? r.withBudget(SearchBudget.UNLIMITED.withDecodeTokens(20 + 7L * seed))
        : r;
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void oneTreeAtAnyWidth(int seed) {
    Set<String> hashes = new HashSet<>();
    List<Long> spent = new ArrayList<>();
    for (int width : new int[] {1, 2, 8, 64}) {
      try (ScriptedDecoder decoder = LetterProblem.decoder(seed)) {
        SearchDriver driver = new SearchDriver(decoder, width, System::nanoTime);
        SearchResult result = driver.run(request(seed));
        assertThat(result.tree().maxWidth()).isLessThanOrEqualTo(width);
        hashes.add(result.treeHash() + result.answer() + result.stopped());
        spent.add(result.tokens().decoded());
      }
    }
    assertThat(hashes).hasSize(1);
    assertThat(spent).containsOnly(spent.getFirst());
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void oneTreeBesideOthers(int seed) {
    SearchResult alone;
    try (ScriptedDecoder decoder = LetterProblem.decoder(seed)) {
      alone = new SearchDriver(decoder).run(request(seed));
    }
    try (ScriptedDecoder decoder = LetterProblem.decoder(seed)) {
      SearchDriver driver = new SearchDriver(decoder, 5, System::nanoTime);
      List<Search> others = new ArrayList<>();
      for (int i = 1; i <= 3; i++) {
        others.add(driver.submit(request(seed + i).withWeight(i)));
      }
      SearchResult beside = driver.run(request(seed));
      assertThat(beside.treeHash()).isEqualTo(alone.treeHash());
      others.forEach(Search::cancel);
      while (driver.step()) {}
      assertThat(decoder.nodeCount()).isZero();
    }
  }
}
