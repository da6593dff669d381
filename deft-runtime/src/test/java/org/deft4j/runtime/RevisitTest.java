package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.Told;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A search in half the memory that it would use: what is evicted by the strategy's own expectation
 * has to be computed again less often than what is evicted by recency.
 */
class RevisitTest {
  private record Run(SearchResult result, long recomputed, long peakBytes) {}

  private static Run run(String strategy, int seed, long kvMemory, boolean lru) {
    DeftOptions options =
        DeftOptions.of("deft-mini")
            .withEngine(e -> e.withDeterministic(true).withPageSize(1).withKvMemory(kvMemory));
    try (Deft deft = Deft.open(options)) {
      AtomicLong peak = new AtomicLong();
      DeftSearch search =
          deft.search("sorting")
              .taskOption("length", 12)
              .option("temperature", 1.6)
              .evaluator("judge")
              .evaluatorOption("threshold", 2)
              .budget(SearchBudget.UNLIMITED.withNodes(90))
              .ordered(4)
              .seed(seed)
              .listener(e -> {
                if (e instanceof SearchEvent.Stepped s) {
                  peak.accumulateAndGet(s.kvBytes(), Math::max);
                }
              });
      SearchStrategy own = deft.registry().strategy(strategy, org.deft4j.search.spi.Options.none());
      search.strategy(lru ? new Recent(own) : own);
      SearchResult result = search.run();
      return new Run(result, deft.decoder().stats().recomputedTokens(), peak.get());
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

  @ParameterizedTest
  @CsvSource({"best-first, 1", "best-first, 2", "best-first, 3"})
  void theStrategysOrderSavesAtLeastHalf(String strategy, int seed) {
    Run whole = run(strategy, seed, 0, false);
    Run own = run(strategy, seed, whole.peakBytes() / 2, false);
    Run recent = run(strategy, seed, whole.peakBytes() / 2, true);
    System.out.println(
        strategy + " " + seed + ": peak " + whole.peakBytes() + " bytes, nodes "
            + whole.result().tree().nodes() + ", tokens computed again: own " + own.recomputed()
            + ", recency " + recent.recomputed());
    assertThat(own.result().treeHash()).isEqualTo(whole.result().treeHash());
    assertThat(recent.result().treeHash()).isEqualTo(whole.result().treeHash());
    assertThat(whole.recomputed()).isZero();
    assertThat(2 * own.recomputed()).isLessThanOrEqualTo(recent.recomputed());
  }
}
