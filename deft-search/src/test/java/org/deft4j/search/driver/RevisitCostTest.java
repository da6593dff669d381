package org.deft4j.search.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.Board;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.Told;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.search.testing.StrategySimulator;
import org.deft4j.testing.ScriptedDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A strategy is told what coming back to a thought costs, and that is what it then costs. */
class RevisitCostTest {
  private static final LetterProblem WORD = new LetterProblem(4, 2, "aabbccaa", false);

  /** Makes twelve thoughts, then comes back to the dearest one, again and again. */
  private static final class Returning implements SearchStrategy {
    private final List<Integer> costs = new ArrayList<>();
    private Optional<StrategyContext> context = Optional.empty();
    private Board board = new Board(StrategySimulator.root());

    @Override
    public void start(StrategyContext context) {
      this.context = Optional.of(context);
      board = new Board(context.root());
      board.expand(Thought.ROOT, 12, ThoughtGenerator.sample(1));
    }

    @Override
    public List<Ask> ask(int slots) {
      if (!board.waiting() && costs.size() < 10) {
        StrategyContext c = context.orElseThrow();
        Comparator<Thought> byCost =
            Comparator.comparingInt(t -> c.revisitCost().tokens(t.ordinal()));
        board.thoughts().stream()
            .filter(t -> !t.isRoot() && t.expandable())
            .max(byCost)
            .ifPresent(t -> {
              costs.add(c.revisitCost().tokens(t.ordinal()));
              board.expand(t.ordinal(), 1, ThoughtGenerator.sample(1));
            });
      }
      return board.drain();
    }

    @Override
    public void tell(Told result) {
      board.tell(result);
    }

    @Override
    public Optional<Thought> current() {
      return Optional.empty();
    }
  }

  private static SearchRequest request(SearchStrategy strategy, long tokens) {
    return SearchRequest.of(WORD, strategy)
        .withBudget(SearchBudget.UNLIMITED.withKvBytes(tokens * ScriptedDecoder.TOKEN_BYTES));
  }

  @ParameterizedTest
  @ValueSource(longs = {14, 18, 22})
  void whatItCostsIsWhatWasSaid(long tokens) {
    Returning strategy = new Returning();
    List<Integer> restored = new ArrayList<>();
    List<Map<Long, Integer>> recorded = new ArrayList<>();
    List<SearchEvent> events = new ArrayList<>();
    try (ScriptedDecoder decoder = LetterProblem.decoder(tokens)) {
      new SearchDriver(decoder)
          .run(
              request(strategy, tokens)
                  .withListener(e -> {
                    events.add(e);
                    if (e instanceof SearchEvent.Asked a && !a.costs().isEmpty()) {
                      restored.add(0);
                      recorded.add(a.costs());
                    } else if (e instanceof SearchEvent.Restored r) {
                      restored.set(restored.size() - 1, restored.getLast() + r.tokens());
                    }
                  }));
    }
    assertThat(strategy.costs).hasSize(10).anyMatch(c -> c > 0);
    assertThat(restored).isEqualTo(strategy.costs);
    assertThat(recorded).hasSize(10).allMatch(costs -> costs.size() > 1);
    // Played again without a decoder, it is told the same.
    Returning again = new Returning();
    StrategyContext context =
        events.stream()
            .filter(SearchEvent.Started.class::isInstance)
            .map(e -> ((SearchEvent.Started) e).context())
            .findFirst()
            .orElseThrow();
    StrategyReplay.of(again, context, events, false);
    assertThat(again.costs).isEqualTo(strategy.costs);
  }

  @Test
  void orderedSearchesDoNotDependOnIt() {
    Returning strategy = new Returning();
    try (ScriptedDecoder decoder = LetterProblem.decoder(1)) {
      new SearchDriver(decoder).run(request(strategy, 14).ordered(4));
    }
    assertThat(strategy.costs).hasSize(10).containsOnly(0);
  }
}
