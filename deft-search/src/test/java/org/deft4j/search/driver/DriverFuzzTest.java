package org.deft4j.search.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.PruneReason;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.Told;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.tree.decode.Capabilities;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Strategies that do anything they may, in any order, on decoders of little room. */
class DriverFuzzTest {
  static List<Integer> seeds() {
    return java.util.stream.IntStream.range(0, 150).boxed().toList();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyAskIsClosedOnceAndNothingLeaks(int seed) {
    Random random = new Random(seed);
    int leaves = 1 + random.nextInt(9);
    int context = 8 + random.nextInt(60);
    long tokens = random.nextBoolean() ? 1 + random.nextInt(300) : 3000;
    long nodes = random.nextBoolean() ? 1 + random.nextInt(60) : 3000;
    Capabilities poor = new Capabilities(false, true, true, false, true, leaves, context);
    try (ScriptedDecoder decoder =
        new ScriptedDecoder(LetterProblem.CODEC, LetterProblem.model(seed), poor)) {
      SearchDriver driver = new SearchDriver(decoder);
      List<Monkey> monkeys = new ArrayList<>();
      List<Search> searches = new ArrayList<>();
      for (int i = 0; i < 1 + random.nextInt(3); i++) {
        Monkey monkey = new Monkey(new Random(seed * 7L + i));
        monkeys.add(monkey);
        searches.add(
            driver.submit(
                SearchRequest.of(new LetterProblem(3, 2, "abcabc", true), monkey)
                    .withEvaluator(new Critic())
                    .withBudget(SearchBudget.UNLIMITED.withDecodeTokens(tokens).withNodes(nodes))
                    .withSeed(seed)));
      }
      while (driver.step()) {
        assertThat(decoder.nodeCount()).isPositive();
      }
      assertThat(decoder.nodeCount()).isZero();
      long sampled = 0;
      for (int i = 0; i < searches.size(); i++) {
        SearchResult result = searches.get(i).result().orElseThrow();
        assertThat(result.tokens().decoded() + result.tokens().evaluator())
            .isLessThanOrEqualTo(tokens);
        assertThat((long) result.tree().nodes()).isLessThanOrEqualTo(nodes);
        assertThat(result.tree().maxWidth()).isLessThanOrEqualTo(leaves);
        sampled += result.tokens().decoded() + result.tokens().evaluator();
        monkeys.get(i).check(result);
      }
      assertThat(decoder.stats().decodedTokens()).isEqualTo(sampled);
    }
  }

  /** Scores by a choice and two texts, on branches at the thought and at the root. */
  private static final class Critic implements ThoughtEvaluator {
    @Override
    public String name() {
      return "critic";
    }

    @Override
    public boolean oracle() {
      return false;
    }

    @Override
    public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
      long at = paths.getFirst().getLast().ordinal();
      List<Integer> ask = List.of(LetterProblem.token("<|judge|>"));
      Stage stage = new Stage("critique", ask, 3, List.of(), List.of());
      ThoughtGenerator.Sampling sampling = ThoughtGenerator.sample(1).sampling();
      return new Evaluation(
          List.of(
              new Probe.Choice(at, layout.judge(paths.getFirst()).orElseThrow()),
              new Probe.Write(at, stage, sampling),
              new Probe.Write(Thought.ROOT, stage, sampling)),
          readings -> {
            assertThat(readings.get(0).logProbs()).hasSize(2);
            assertThat(readings.get(1).text()).isNotEmpty();
            return paths.stream().map(p -> new Score(.5, false, "critic")).toList();
          });
    }
  }

  /** Asks at random; keeps book of what it is told. */
  private static final class Monkey implements SearchStrategy {
    private final Random random;
    private final TreeMap<Long, Thought> living = new TreeMap<>();
    private final Map<Long, Integer> results = new HashMap<>();
    private final Map<Long, Integer> closed = new HashMap<>();
    private final Set<Long> grown = new HashSet<>();
    private long nextId;
    private int rounds;

    Monkey(Random random) {
      this.random = random;
    }

    @Override
    public void start(StrategyContext context) {
      living.put(Thought.ROOT, context.root());
    }

    @Override
    public List<Ask> ask(int slots) {
      List<Ask> asks = new ArrayList<>();
      if (rounds++ > 60 || random.nextInt(3) > 0 && closed.size() < nextId) {
        return asks;
      }
      for (int i = 0; i < 1 + random.nextInt(4); i++) {
        long at = pick();
        asks.add(
            switch (random.nextInt(9)) {
              case 0, 1, 2, 3 ->
                  new Ask.Expand(nextId++, at, 1 + random.nextInt(6), ThoughtGenerator.sample(1));
              case 4 ->
                  new Ask.Expand(
                      nextId++,
                      at,
                      1 + random.nextInt(6),
                      new ThoughtGenerator.Propose(ThoughtGenerator.sample(1).sampling()));
              case 5, 6 -> new Ask.Evaluate(nextId++, List.of(at));
              case 7 -> new Ask.Cancel(random.nextInt((int) nextId + 1));
              default -> prune(at);
            });
      }
      return asks;
    }

    private long pick() {
      List<Long> all = List.copyOf(living.keySet());
      return all.get(random.nextInt(all.size()));
    }

    private Ask prune(long at) {
      if (at == Thought.ROOT) {
        return new Ask.Evaluate(nextId++, List.of(at));
      }
      forget(at);
      return new Ask.Prune(at, PruneReason.OUTRANKED);
    }

    private void forget(long at) {
      living.remove(at);
      for (Thought t : List.copyOf(living.values())) {
        if (t.parent() == at) {
          forget(t.ordinal());
        }
      }
    }

    @Override
    public void tell(Told told) {
      assertThat(closed).doesNotContainKey(told.ask());
      switch (told) {
        case Told.Grown g -> {
          results.merge(g.ask(), 1, Integer::sum);
          assertThat(grown.add(g.thought().ordinal())).isTrue();
          if (!g.thought().dead() && living.containsKey(g.thought().parent())) {
            living.put(g.thought().ordinal(), g.thought());
          }
        }
        case Told.Scored s -> results.merge(s.ask(), 1, Integer::sum);
        case Told.Closed c -> {
          assertThat(c.results()).isEqualTo(results.getOrDefault(c.ask(), 0));
          closed.put(c.ask(), c.results());
        }
      }
    }

    @Override
    public Optional<Thought> current() {
      return living.values().stream().filter(t -> t.answer().isPresent()).findFirst();
    }

    void check(SearchResult result) {
      assertThat(result.tree().nodes()).isEqualTo(grown.size());
      boolean natural = result.stopped() == StopReason.FINISHED;
      if (natural) {
        assertThat(closed.size()).isEqualTo((int) nextId);
      }
    }
  }
}
