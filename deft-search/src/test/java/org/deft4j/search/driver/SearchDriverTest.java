package org.deft4j.search.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.evaluate.LogProbEvaluator;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.evaluate.Vote;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.Beam;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.Greedy;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.SelfConsistency;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.Told;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.Capabilities;
import org.deft4j.tree.decode.TreeDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SearchDriverTest {
  private static final LetterProblem WORD = new LetterProblem(3, 2, "aabbcc", true);

  private static SearchRequest totWithChecker() {
    return SearchRequest.of(
            WORD, new TotBfs(new TotBfs.Config(8, 0, 2, 6, 1, TotBfs.Generate.SAMPLE, true, .5)))
        .withEvaluator(new Checker());
  }

  @Test
  void greedyFollowsTheLikeliestToken() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(3)) {
      SearchResult result = new SearchDriver(decoder).run(SearchRequest.of(WORD, new Greedy()));
      StringBuilder word = new StringBuilder();
      int[] path = {LetterProblem.token("<|bos|>"), 'q'};
      for (int i = 0; i < 6; i++) {
        double[] p = LetterProblem.model(3).logProbs(path, path.length, -1);
        int best = 'a';
        for (int t = 'b'; t <= 'c'; t++) {
          best = p[t] > p[best] ? t : best;
        }
        word.append((char) best);
        path =
            java.util.stream.IntStream.concat(
                    java.util.Arrays.stream(path), java.util.stream.IntStream.of(best))
                .toArray();
      }
      assertThat(result.answer()).contains(word.toString());
      assertThat(result.best()).hasSize(4);
      assertThat(result.tree()).isEqualTo(new SearchResult.TreeFigures(3, 3, 1));
      assertThat(result.tokens().decoded()).isEqualTo(6);
      assertThat(result.stopped()).isEqualTo(StopReason.FINISHED);
      assertThat(result.grade()).isEqualTo(WORD.grade(result.answer()));
      assertThat(decoder.nodeCount()).as("all is freed").isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void equalSeedsGiveEqualSearches(long seed) {
    List<List<Thought>> runs = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      try (ScriptedDecoder decoder = LetterProblem.decoder(seed)) {
        SearchResult result =
            new SearchDriver(decoder).run(totWithChecker().withSeed(seed).withBudget(budget(999)));
        runs.add(result.thoughts());
        assertThat(decoder.nodeCount()).isZero();
      }
    }
    assertThat(runs.get(1)).isEqualTo(runs.get(0));
  }

  private static SearchBudget budget(long tokens) {
    return SearchBudget.UNLIMITED.withDecodeTokens(tokens);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 4096})
  void theTreeDoesNotDependOnHowManyBranchesRunAtOnce(int leaves) {
    List<String> answers = new ArrayList<>();
    for (int most : new int[] {leaves, 64}) {
      Capabilities few = new Capabilities(true, true, true, true, true, most, 4096);
      try (ScriptedDecoder decoder =
          new ScriptedDecoder(LetterProblem.CODEC, LetterProblem.model(9), few)) {
        // Without a proof nothing ends early, so that levels are whole.
        SearchResult result =
            new SearchDriver(decoder)
                .run(SearchRequest.of(WORD, new TotBfs()).withEvaluator(new Judge(2)).withSeed(5));
        answers.add(result.thoughts().stream().map(Thought::text).sorted().toList().toString());
        assertThat(result.tree().maxWidth()).isLessThanOrEqualTo(most);
      }
    }
    assertThat(answers.get(0)).isEqualTo(answers.get(1));
  }

  @Test
  void manySearchesShareOneDecoder() {
    List<SearchResult> alone = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
        alone.add(new SearchDriver(decoder).run(totWithChecker().withSeed(i)));
      }
    }
    Capabilities few = new Capabilities(true, true, true, true, true, 64, 4096);
    try (ScriptedDecoder decoder =
        new ScriptedDecoder(LetterProblem.CODEC, LetterProblem.model(4), few)) {
      SearchDriver driver = new SearchDriver(decoder);
      List<Search> searches = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        searches.add(driver.submit(totWithChecker().withSeed(i)));
      }
      while (driver.step()) {}
      for (int i = 0; i < 6; i++) {
        assertThat(searches.get(i).result().orElseThrow().thoughts())
            .isEqualTo(alone.get(i).thoughts());
      }
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void findsTheWordAndStopsThere() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(1)) {
      LetterProblem easy = new LetterProblem(1, 2, "ab", false);
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(easy, new BestOfN(new BestOfN.Config(64, 1, 2, false)))
                      .withEvaluator(new Checker()));
      assertThat(result.solved()).isTrue();
      assertThat(result.answer()).contains("ab");
      assertThat(result.stopped()).isEqualTo(StopReason.SOLVED);
      assertThat(result.score()).contains(new Score(1, true, "checker"));
    }
  }

  @Test
  void judgeReadsTheProbabilityOfYesOnABranchOfItsOwn() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(8)) {
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(WORD, new BestOfN(new BestOfN.Config(5, 9, 1, false)))
                      .withEvaluator(new Judge(2)));
      List<Thought> answers =
          result.thoughts().stream().filter(t -> t.answer().isPresent()).toList();
      assertThat(answers).hasSize(5);
      for (Thought t : answers) {
        int[] path =
            LetterProblem.CODEC.encodePrompt("<|bos|>q" + t.state().text() + "<|judge|>", false);
        double[] p = LetterProblem.model(8).logProbs(path, path.length, -1);
        double yes = p[LetterProblem.token("<|yes|>")];
        double no = p[LetterProblem.token("<|no|>")];
        assertThat(t.score().orElseThrow().value())
            .isCloseTo(1 / (1 + Math.exp(no - yes)), org.assertj.core.api.Assertions.within(1e-5));
      }
      double best =
          answers.stream().mapToDouble(t -> t.score().orElseThrow().value()).max().orElse(0);
      assertThat(result.score().orElseThrow().value()).isEqualTo(best);
      assertThat(result.tokens().evaluator()).isZero();
      assertThat(result.tokens().decoded()).isEqualTo(5 * 6);
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void proposalsBecomeSiblings() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(2)) {
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(
                          WORD,
                          new TotBfs(
                              new TotBfs.Config(3, 0, 2, 3, 1, TotBfs.Generate.PROPOSE, false, 0)))
                      .withEvaluator(new Vote()));
      assertThat(result.answer()).isPresent();
      List<Thought> level = result.thoughts().stream().filter(t -> t.depth() == 1).toList();
      assertThat(level).hasSizeBetween(1, 3);
      assertThat(level.stream().map(Thought::state).distinct()).hasSameSizeAs(level);
      assertThat(result.tokens().decoded()).as("12 for each list").isEqualTo(12 * lists(result));
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  private static long lists(SearchResult result) {
    return result.thoughts().stream().map(Thought::parent).filter(p -> p >= 0).distinct().count();
  }

  @Test
  void cancelEndsBeforeTheNextStepWithTheBestSoFar() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(3)) {
      SearchDriver driver = new SearchDriver(decoder);
      Search search =
          driver.submit(
              SearchRequest.of(new LetterProblem(1, 2, "zz", true), new TotBfs())
                  .withEvaluator(new Checker()));
      while (search.current().isEmpty()) {
        driver.step();
      }
      long steps = decoder.stats().steps();
      search.cancel();
      assertThat(driver.step()).isFalse();
      assertThat(decoder.stats().steps()).isEqualTo(steps);
      SearchResult result = search.result().orElseThrow();
      assertThat(result.stopped()).isEqualTo(StopReason.CANCELLED);
      assertThat(result.answer()).isPresent();
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void timeIsUpBeforeAStep() {
    AtomicLong now = new AtomicLong();
    try (ScriptedDecoder decoder = LetterProblem.decoder(3)) {
      SearchResult result =
          new SearchDriver(decoder, now::get)
              .run(
                  SearchRequest.of(new LetterProblem(50, 1, "z", false), new Greedy())
                      .withBudget(SearchBudget.UNLIMITED.withTime(Duration.ofMillis(10)))
                      .withListener(e -> {
                        if (e instanceof SearchEvent.Stepped) {
                          now.addAndGet(1_000_000);
                        }
                      }));
      assertThat(result.stopped()).isEqualTo(StopReason.TIME_BUDGET);
      assertThat(result.tokens().decoded()).isEqualTo(10);
      assertThat(result.seconds()).isEqualTo(.01);
      assertThat(result.answer()).isEmpty();
      assertThat(result.solved()).isFalse();
    }
  }

  /** A decoder that has no room for more than so many nodes, found when forking or in a step. */
  private static TreeDecoder cramped(ScriptedDecoder decoder, int nodes, String operation) {
    return (TreeDecoder)
        Proxy.newProxyInstance(
            TreeDecoder.class.getClassLoader(),
            new Class<?>[] {TreeDecoder.class},
            (proxy, method, args) -> {
              if (method.getName().equals(operation) && decoder.nodeCount() > nodes) {
                throw new DeftException(DeftException.OUT_OF_MEMORY, "no room");
              }
              return method.invoke(decoder, args);
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"fork", "step"})
  void theSearchThatFindsNoRoomEndsWithItsBest(String operation) {
    SearchResult free;
    try (ScriptedDecoder decoder = LetterProblem.decoder(3)) {
      free = new SearchDriver(decoder).run(SearchRequest.of(WORD, new Greedy()));
    }
    try (ScriptedDecoder decoder = LetterProblem.decoder(3)) {
      SearchDriver driver = new SearchDriver(cramped(decoder, 12, operation));
      Search small = driver.submit(SearchRequest.of(WORD, new Greedy()));
      Search large =
          driver.submit(
              SearchRequest.of(
                      WORD,
                      new TotBfs(
                          new TotBfs.Config(8, 0, 2, 6, 1, TotBfs.Generate.SAMPLE, true, .5)))
                  .withEvaluator(new Judge(2)));
      while (driver.step()) {}
      SearchResult result = large.result().orElseThrow();
      assertThat(result.stopped()).isEqualTo(StopReason.MEMORY);
      assertThat(result.answer()).isEqualTo(large.current().flatMap(Thought::answer));
      assertThat(small.result().orElseThrow().answer()).isEqualTo(free.answer());
      assertThat(small.result().orElseThrow().stopped()).isEqualTo(StopReason.FINISHED);
      assertThat(decoder.nodeCount()).as("all is freed").isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"fork", "step"})
  void noRoomForTheFirstThoughtIsAnError(String operation) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(3)) {
      SearchDriver driver = new SearchDriver(cramped(decoder, 0, operation));
      assertThatThrownBy(() -> driver.run(SearchRequest.of(WORD, new Greedy())))
          .isInstanceOf(DeftException.class)
          .hasMessage("no room");
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void eventsTellTheWholeSearch() {
    List<SearchEvent> events = new ArrayList<>();
    try (ScriptedDecoder decoder = LetterProblem.decoder(6)) {
      SearchResult result =
          new SearchDriver(decoder).run(totWithChecker().withListener(events::add));
      assertThat(events.getFirst()).isInstanceOf(SearchEvent.Started.class);
      assertThat(events.getLast()).isEqualTo(new SearchEvent.Finished(result));
      assertThat(
              events.stream()
                  .filter(SearchEvent.TokenBatch.class::isInstance)
                  .mapToInt(e -> ((SearchEvent.TokenBatch) e).samples().size())
                  .sum())
          .isEqualTo((int) result.tokens().decoded());
      assertThat(events.stream().filter(SearchEvent.ThoughtAdded.class::isInstance))
          .hasSize(result.tree().nodes())
          .hasSize(result.thoughts().size() - 1);
    }
  }

  @Test
  void whatTheTreeSharesIsNotSentAgain() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(6)) {
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(
                      new LetterProblem(1, 4, "zzzz", false),
                      new SelfConsistency(new SelfConsistency.Config(7, 1, 1))));
      assertThat(result.tokens().prefilled()).isEqualTo(2);
      assertThat(result.tokens().reused()).isEqualTo(6 * 2);
      assertThat(result.kvBytesShared()).isPositive();
      assertThat(result.io().kvTokens()).isPositive();
    }
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    Capabilities poor = new Capabilities(false, false, false, false, false, 8, 100);
    try (ScriptedDecoder decoder =
        new ScriptedDecoder(LetterProblem.CODEC, LetterProblem.model(1), poor)) {
      SearchDriver driver = new SearchDriver(decoder);
      for (ThoughtEvaluator e : List.of(new Judge(), new Vote(), new LogProbEvaluator(true))) {
        assertThatThrownBy(() -> driver.run(totWithChecker().withEvaluator(e)))
            .hasMessageContaining(e.name());
      }
      assertThatThrownBy(() -> driver.run(SearchRequest.of(WORD, new TotBfs())))
          .hasMessageContaining("needs an evaluator");
      assertThat(driver.run(SearchRequest.of(WORD, new Greedy())).answer()).isPresent();
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void beamOfFullWidthIsExhaustive() {
    for (int seed = 0; seed < 5; seed++) {
      try (ScriptedDecoder decoder = LetterProblem.decoder(seed)) {
        LetterProblem small = new LetterProblem(3, 1, "zzz", false);
        SearchResult result =
            new SearchDriver(decoder)
                .run(
                    SearchRequest.of(
                            small, new Beam(new Beam.Config(9, 40, 9, 3, Beam.Aggregate.LAST, 0)))
                        .withSeed(seed));
        assertThat(result.answer()).contains(likeliestWord(seed, 3));
      }
    }
  }

  private static String likeliestWord(long seed, int length) {
    String best = "";
    double most = Double.NEGATIVE_INFINITY;
    for (int code = 0; code < Math.pow(3, length); code++) {
      StringBuilder word = new StringBuilder();
      for (int i = 0, c = code; i < length; i++, c /= 3) {
        word.append(LetterProblem.ALPHABET.charAt(c % 3));
      }
      double p = logProb(seed, word.toString());
      if (p > most) {
        most = p;
        best = word.toString();
      }
    }
    return best;
  }

  private static double logProb(long seed, String word) {
    double sum = 0;
    for (int i = 0; i < word.length(); i++) {
      int[] path = LetterProblem.CODEC.encodePrompt("<|bos|>q" + word.substring(0, i), false);
      double[] p = LetterProblem.model(seed).logProbs(path, path.length, -1);
      double norm = 0;
      for (double x : p) {
        norm += Math.exp(x);
      }
      sum += p[word.charAt(i)] - Math.log(norm);
    }
    return sum;
  }

  @Test
  void aBrokenStrategyEndsCleanly() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(1)) {
      SearchDriver driver = new SearchDriver(decoder);
      assertThatThrownBy(() -> driver.run(SearchRequest.of(WORD, new AsksForever(7))))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("thought 7");
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void aStrategyThatIgnoresTheBudgetIsEnded() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(1)) {
      SearchResult result =
          new SearchDriver(decoder)
              .run(SearchRequest.of(WORD, new AsksForever(0)).withBudget(budget(5)));
      assertThat(result.stopped()).isEqualTo(StopReason.TOKEN_BUDGET);
      assertThat(result.tokens().decoded()).isEqualTo(5);
    }
  }

  /** Asks for one more thought whenever it may. */
  private static final class AsksForever implements SearchStrategy {
    private final long from;
    private long id;
    private boolean open;

    AsksForever(long from) {
      this.from = from;
    }

    @Override
    public void start(StrategyContext context) {}

    @Override
    public List<Ask> ask(int slots) {
      if (open) {
        return List.of();
      }
      open = true;
      return List.of(
          new Ask.Expand(id++, from, 1, org.deft4j.search.strategy.ThoughtGenerator.greedy()));
    }

    @Override
    public void tell(Told result) {
      open &= !(result instanceof Told.Closed);
    }

    @Override
    public Optional<Thought> current() {
      return Optional.empty();
    }
  }
}
