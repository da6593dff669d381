package org.deft4j.search.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.Beam;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.Greedy;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A search that goes on from what was recorded of it. */
class RecordingTest {
  private static final LetterProblem WORD = new LetterProblem(3, 2, "aabbcc", true);

  static List<Integer> seeds() {
    return IntStream.range(0, 40).boxed().toList();
  }

  private static SearchRequest request(int seed, long tokens) {
    SearchStrategy strategy =
        switch (seed % 4) {
          case 0 -> new TotBfs(new TotBfs.Config(8, 0, 3, 6, 2, TotBfs.Generate.SAMPLE, true, .5));
          case 1 -> new TotBfs(new TotBfs.Config(6, 0, 3, 6, 2, TotBfs.Generate.PROPOSE, true, .5));
          case 2 -> new BestOfN();
          default -> new Beam();
        };
    return SearchRequest.of(WORD, strategy)
        .withEvaluator(seed % 2 == 0 ? new Checker() : new Judge(2))
        .withBudget(SearchBudget.UNLIMITED.withDecodeTokens(tokens))
        .withSeed(seed);
  }

  private record Run(SearchResult result, List<SearchEvent> events, long decoded) {}

  private static Run run(SearchRequest request, int width) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(request.seed())) {
      List<SearchEvent> events = new ArrayList<>();
      SearchResult result =
          new SearchDriver(decoder, width, System::nanoTime).run(request.withListener(events::add));
      assertThat(decoder.nodeCount()).isZero();
      return new Run(result, events, decoder.stats().decodedTokens());
    }
  }

  private static Recording until(Run run, int events) {
    return new Recording(run.events().subList(0, events), List.of(), Optional.empty(), 0);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void anOrderedSearchEndsAsIfUndisturbed(int seed) {
    long tokens = seed % 3 == 0 ? 25 + 3L * seed : 100_000;
    Run whole = run(request(seed, tokens).ordered(8), 64);
    Random random = new Random(seed);
    for (int i = 0; i < 5; i++) {
      int cut = 1 + random.nextInt(whole.events().size() - 1);
      Run rest = run(request(seed, tokens).ordered(8).after(until(whole, cut)), 7);
      assertThat(rest.result().treeHash()).isEqualTo(whole.result().treeHash());
      assertThat(rest.result().answer()).isEqualTo(whole.result().answer());
      assertThat(rest.result().stopped()).isEqualTo(whole.result().stopped());
      assertThat(rest.result().tokens().decoded()).isEqualTo(whole.result().tokens().decoded());
      long finished =
          whole.events().subList(0, cut).stream()
              .filter(e -> e instanceof SearchEvent.ThoughtAdded)
              .mapToLong(e -> ((SearchEvent.ThoughtAdded) e).thought().tokens())
              .sum();
      if (seed % 4 != 1) {
        assertThat(rest.decoded())
            .as("what was finished is not sampled again")
            .isLessThanOrEqualTo(whole.decoded() - finished);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void aFreeSearchLosesNothingThatWasFinished(int seed) {
    long tokens = seed % 3 == 0 ? 60 : 100_000;
    Run whole = run(request(seed, tokens), 5);
    Random random = new Random(seed);
    for (int i = 0; i < 5; i++) {
      int cut = 1 + random.nextInt(whole.events().size() - 1);
      Recording recording = until(whole, cut);
      Run rest = run(request(seed, tokens).after(recording), 5);
      for (SearchEvent e : recording.events()) {
        if (e instanceof SearchEvent.ThoughtAdded t && seed % 4 != 1) {
          assertThat(rest.result().thoughts())
              .anyMatch(x ->
                  x.ordinal() == t.thought().ordinal()
                      && x.text().equals(t.thought().text())
                      && x.parent() == t.thought().parent());
        }
      }
      assertThat(rest.result().tokens().decoded() + rest.result().tokens().evaluator())
          .isLessThanOrEqualTo(tokens);
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void aLargerBudgetGoesOnAsIfItHadBeenTheFirst(int seed) {
    if (seed % 4 == 1) {
      return; // Lists are one branch each: nothing of one is kept past the limit.
    }
    Run small = run(request(seed, 30).ordered(8), 64);
    Run large = run(request(seed, 400).ordered(8), 64);
    Recording recording =
        new Recording(small.events(), List.of(), Optional.of(small.result().stopped()), 0);
    Run rest = run(request(seed, 400).ordered(8).after(recording.beforeLimits()), 64);
    assertThat(rest.result().treeHash()).isEqualTo(large.result().treeHash());
    assertThat(rest.result().stopped()).isEqualTo(large.result().stopped());
    assertThat(rest.decoded()).isLessThan(large.decoded());
  }

  @Test
  void aFinishedSearchIsOnlyToldAgain() {
    Run whole = run(request(0, 1000).ordered(8), 64);
    Recording all =
        new Recording(whole.events(), List.of(), Optional.of(whole.result().stopped()), 0);
    Run again = run(request(0, 1000).ordered(8).after(all), 64);
    assertThat(again.decoded()).isZero();
    assertThat(again.result().treeHash()).isEqualTo(whole.result().treeHash());
    assertThat(again.result().best()).isEqualTo(whole.result().best());
    assertThat(again.result().stopped()).isEqualTo(whole.result().stopped());
  }

  @Test
  void aTraceOfAnotherSearchIsRefused() {
    Run whole = run(request(0, 1000).ordered(8), 64);
    SearchRequest other = SearchRequest.of(WORD, new Greedy()).ordered(8);
    assertThatThrownBy(() -> run(other.after(until(whole, whole.events().size() - 1)), 64))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("does not fit this search, at its event");
  }
}
