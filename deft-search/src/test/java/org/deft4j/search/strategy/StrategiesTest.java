package org.deft4j.search.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.testing.StrategySimulator;
import org.junit.jupiter.api.Test;

/** Searches played by hand. */
class StrategiesTest {
  private long ordinal = 1;

  private Thought answer(long parent, int depth, String text) {
    return new Thought(
        ordinal++,
        parent,
        depth,
        "step",
        text,
        new ThoughtState.Answer(text),
        1,
        -1,
        true,
        Optional.empty());
  }

  private static StrategyContext context(boolean proves) {
    return new StrategyContext(StrategySimulator.root(), "by hand", false, false, proves, 0);
  }

  private static void grow(SearchStrategy strategy, Ask.Expand ask, List<Thought> thoughts) {
    thoughts.forEach(t -> strategy.tell(new Told.Grown(ask.id(), t)));
    strategy.tell(new Told.Closed(ask.id(), thoughts.size(), Told.Why.DONE));
  }

  private static void score(SearchStrategy strategy, List<Ask> asks, double... values) {
    int i = 0;
    for (Ask ask : asks) {
      if (ask instanceof Ask.Evaluate e) {
        double value = values[i++];
        strategy.tell(
            new Told.Scored(
                e.id(), e.thoughts().getFirst(), new Score(value, value >= .9, "by hand")));
        strategy.tell(new Told.Closed(e.id(), 1, Told.Why.DONE));
      }
    }
    assertThat(i).as("evaluations asked for").isEqualTo(values.length);
  }

  private static List<Ask.Expand> expands(List<Ask> asks) {
    return asks.stream().filter(Ask.Expand.class::isInstance).map(Ask.Expand.class::cast).toList();
  }

  @Test
  void selfConsistencyTakesTheCommonestAndStopsWhenNothingCanChangeThat() {
    SelfConsistency strategy = new SelfConsistency(new SelfConsistency.Config(7, 1, 1));
    strategy.start(context(false));
    Ask.Expand all = expands(strategy.ask(64)).getFirst();
    assertThat(all.count()).isEqualTo(7);
    for (String text : List.of("x", "y", "x", "x")) {
      strategy.tell(new Told.Grown(all.id(), answer(0, 1, text)));
    }
    assertThat(strategy.ask(64)).as("y could still tie").isEmpty();
    strategy.tell(new Told.Grown(all.id(), answer(0, 1, "x")));
    assertThat(strategy.ask(64)).containsExactly(new Ask.Cancel(all.id()));
    strategy.tell(new Told.Closed(all.id(), 5, Told.Why.CANCELLED));
    assertThat(strategy.ask(64)).isEmpty();
    assertThat(strategy.current().flatMap(Thought::answer)).contains("x");
    assertThat(strategy.current().flatMap(Thought::score))
        .contains(new Score(4 / 7.0, false, "self-consistency"));
  }

  @Test
  void bestOfNCancelsTheRestOnceAnAnswerIsProved() {
    BestOfN strategy = new BestOfN(new BestOfN.Config(3, 1, 1, false));
    strategy.start(context(true));
    Ask.Expand all = expands(strategy.ask(64)).getFirst();
    strategy.tell(new Told.Grown(all.id(), answer(0, 1, "bad")));
    score(strategy, strategy.ask(64), .2);
    strategy.tell(new Told.Grown(all.id(), answer(0, 1, "good")));
    score(strategy, strategy.ask(64), 1);
    assertThat(strategy.ask(64)).containsExactly(new Ask.Cancel(all.id()));
    assertThat(strategy.current().flatMap(Thought::answer)).contains("good");
  }

  @Test
  void weightedBestOfNAddsUpEqualAnswers() {
    BestOfN strategy = new BestOfN(new BestOfN.Config(4, 1, 1, true));
    strategy.start(context(false));
    Ask.Expand all = expands(strategy.ask(64)).getFirst();
    List<Thought> four = new ArrayList<>();
    for (String text : List.of("odd", "same", "same", "same")) {
      four.add(answer(0, 1, text));
    }
    grow(strategy, all, four);
    score(strategy, strategy.ask(64), .8, .5, .5, .5);
    assertThat(strategy.current().flatMap(Thought::answer)).contains("same");
  }

  @Test
  void totKeepsTheBestImprovesThemAndStartsSomeAfresh() {
    TotBfs strategy =
        new TotBfs(new TotBfs.Config(6, 0, 2, 3, 1, TotBfs.Generate.SAMPLE, true, .5));
    strategy.start(context(true));
    List<Ask.Expand> first = expands(strategy.ask(64));
    assertThat(first).extracting(Ask.Expand::count).containsExactly(1, 5);
    assertThat(first.getFirst().how()).isEqualTo(ThoughtGenerator.greedy());
    grow(strategy, first.get(0), List.of(answer(0, 1, "a")));
    List<Thought> five = new ArrayList<>();
    for (String text : List.of("b", "c", "a", "d", "d")) {
      five.add(answer(0, 1, text));
    }
    grow(strategy, first.get(1), five);
    List<Ask> scoring = strategy.ask(64);
    assertThat(scoring).as("equal states are scored once").hasSize(4);
    score(strategy, scoring, .1, .7, .6, .3);
    List<Ask> second = strategy.ask(64);
    assertThat(second.stream().filter(Ask.Prune.class::isInstance))
        .as("all but b and c are freed")
        .hasSize(4)
        .allMatch(a -> ((Ask.Prune) a).why() == PruneReason.OUTRANKED);
    assertThat(expands(second)).extracting(Ask.Expand::from).containsExactly(0L, 2L, 3L);
    assertThat(expands(second)).extracting(Ask.Expand::count).containsExactly(3, 2, 1);
    // Nothing new is better: the best so far stays.
    for (Ask.Expand e : expands(second)) {
      grow(strategy, e, List.of(answer(e.from(), 2, "worse" + e.from())));
    }
    score(strategy, strategy.ask(64), .2, .2, .2);
    assertThat(strategy.current().flatMap(Thought::answer)).contains("b");
    List<Ask.Expand> third = expands(strategy.ask(64));
    assertThat(third).extracting(Ask.Expand::from).containsExactly(0L, 2L, 3L);
    strategy.tell(new Told.Grown(third.get(1).id(), answer(2, 2, "right")));
    score(strategy, strategy.ask(64), 1);
    assertThat(strategy.ask(64)).as("the siblings are cancelled").hasSize(3);
    assertThat(strategy.current().flatMap(Thought::answer)).contains("right");
  }

  @Test
  void totWaitsForTheWholeLevelWhenTheEvaluatorOnlyBelieves() {
    TotBfs strategy =
        new TotBfs(new TotBfs.Config(4, 0, 2, 3, 1, TotBfs.Generate.SAMPLE, false, .5));
    strategy.start(context(false));
    Ask.Expand all = expands(strategy.ask(64)).getFirst();
    strategy.tell(new Told.Grown(all.id(), answer(0, 1, "liked by mistake")));
    score(strategy, strategy.ask(64), .97);
    assertThat(strategy.ask(64)).isEmpty();
    for (int i = 0; i < 3; i++) {
      strategy.tell(new Told.Grown(all.id(), answer(0, 1, "right")));
    }
    strategy.tell(new Told.Closed(all.id(), 4, Told.Why.DONE));
    score(strategy, strategy.ask(64), .95);
    assertThat(strategy.ask(64)).as("sure enough to end").isEmpty();
    assertThat(strategy.current().flatMap(Thought::answer)).contains("right");
  }

  @Test
  void totMayTryTheLikeliestAnswerAloneFirst() {
    TotBfs strategy =
        new TotBfs(new TotBfs.Config(6, 1, 2, 3, 1, TotBfs.Generate.SAMPLE, true, .5));
    strategy.start(context(true));
    List<Ask> asks = strategy.ask(64);
    assertThat(asks).hasSize(1);
    assertThat(expands(asks).getFirst().how()).isEqualTo(ThoughtGenerator.greedy());
    grow(strategy, expands(asks).getFirst(), List.of(answer(0, 1, "a")));
    score(strategy, strategy.ask(64), .5);
    assertThat(expands(strategy.ask(64))).extracting(Ask.Expand::count).containsExactly(3, 3);
  }
}
