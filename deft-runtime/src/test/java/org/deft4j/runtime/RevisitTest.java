package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.Told;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Searches in half the memory that they would use, on the shipped model: what is evicted and
 * computed again does not change the tree, in whichever order thoughts lose their keys and values.
 * Prints how many tokens the strategy's own order and recency computed again.
 */
class RevisitTest {
  /** Values that wander from thought to thought, a function of what they say. */
  private record Wander(long seed) implements ThoughtEvaluator {
    @Override
    public String name() {
      return "wander";
    }

    @Override
    public boolean oracle() {
      return false;
    }

    @Override
    public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
      return Evaluation.of(
          paths.stream()
              .map(path -> {
                double value = .5;
                for (Thought t : path) {
                  double step =
                      new SplittableRandom(seed * 31 + t.state().text().hashCode()).nextDouble();
                  value += (step - .5) * .25;
                }
                return new Score(Math.clamp(value, 0, 1), false, "wander");
              })
              .toList());
    }
  }

  /** A strategy without an opinion on memory: recency decides. */
  private record Recent(SearchStrategy of) implements SearchStrategy {
    @Override
    public void start(StrategyContext context) {
      of.start(context);
    }

    @Override
    public List<Ask> ask(int slots) {
      return of.ask(slots);
    }

    @Override
    public void tell(Told result) {
      of.tell(result);
    }

    @Override
    public Optional<Thought> current() {
      return of.current();
    }
  }

  private record Run(SearchResult result, long recomputed, long peakBytes) {}

  private static Run run(String strategy, Options how, int seed, long kvMemory, boolean recent) {
    DeftOptions options =
        DeftOptions.of("deft-mini")
            .withEngine(e ->
                e.withThreads(1).withDeterministic(true).withPageSize(1).withKvMemory(kvMemory));
    try (Deft deft = Deft.open(options)) {
      AtomicLong peak = new AtomicLong();
      SearchStrategy own = deft.registry().strategy(strategy, how);
      SearchResult result =
          deft.driver()
              .run(
                  SearchRequest.of(new WalkProblem(12), recent ? new Recent(own) : own)
                      .withEvaluator(new Wander(seed))
                      .withSeed(seed)
                      .ordered(4)
                      .withListener(e -> {
                        if (e instanceof SearchEvent.Stepped s) {
                          peak.accumulateAndGet(s.kvBytes(), Math::max);
                        }
                      }));
      return new Run(result, deft.decoder().stats().recomputedTokens(), peak.get());
    }
  }

  /** The queue knows the order in which thoughts are come back to. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  @Tag("slow")
  void bestFirstGrowsTheSameTreeAndComputesHalfAsMuchAgain(int seed) {
    Options how = Options.none().with("steps", "80").with("branch", "3").with("width", "2");
    long[] again = halfTheMemory("best-first", how, seed);
    assertThat(2 * again[0]).isLessThanOrEqualTo(again[1]);
  }

  /** The bounds say well which thoughts are come back to: at most half of recency's tokens. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  @Tag("slow")
  void mctsGrowsTheSameTreeAndComputesHalfAsMuchAgain(int seed) {
    long[] again = halfTheMemory("mcts", Options.none().with("iterations", "240"), seed);
    assertThat(2 * again[0]).isLessThanOrEqualTo(again[1]);
  }

  /** Tokens computed again by the strategy's order, and by recency. */
  private static long[] halfTheMemory(String strategy, Options how, int seed) {
    Run whole = run(strategy, how, seed, 0, false);
    assertThat(whole.recomputed()).isZero();
    assertThat(whole.result().tree().nodes()).isPositive();
    Run own = run(strategy, how, seed, whole.peakBytes() / 2, false);
    Run recent = run(strategy, how, seed, whole.peakBytes() / 2, true);
    for (Run r : List.of(own, recent)) {
      assertThat(r.result().stopped()).isNotEqualTo(StopReason.MEMORY);
      assertThat(r.result().treeHash()).isEqualTo(whole.result().treeHash());
    }
    assertThat(recent.recomputed()).isPositive();
    System.out.printf(
        "%s, seed %d: %d thoughts, peak %,d bytes; in half of it computed again: %d tokens"
            + " by the strategy's order, %d by recency%n",
        strategy,
        seed,
        whole.result().tree().nodes(),
        whole.peakBytes(),
        own.recomputed(),
        recent.recomputed());
    return new long[] {own.recomputed(), recent.recomputed()};
  }
}
