package org.deft4j.search.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every {@link SearchStrategy} keeps. Extend it and give a strategy. */
public abstract class AbstractSearchStrategyContractTest {
  /** A new strategy. */
  protected abstract SearchStrategy create();

  /** Whether it works with an evaluator that compares thoughts. */
  protected boolean joint() {
    return true;
  }

  /**
   * A simulated search.
   *
   * @param seed of thoughts and scores
   * @param answerDepth depth at which thoughts are answers
   * @param improves whether answers can be continued
   * @param joint whether the evaluator compares
   * @param proves whether it proves
   * @param nodes budget of thoughts
   */
  public record World(
      long seed, int answerDepth, boolean improves, boolean joint, boolean proves, long nodes) {
    StrategySimulator simulate(SearchStrategy strategy) {
      StrategyContext context =
          new StrategyContext(StrategySimulator.root(), "simulated", joint, true, proves, seed);
      return new StrategySimulator(strategy, context, seed, answerDepth, improves, nodes);
    }
  }

  static Stream<World> worlds() {
    Random r = new Random(1);
    return Stream.generate(() ->
            new World(
                r.nextInt(1000),
                1 + r.nextInt(3),
                r.nextBoolean(),
                r.nextInt(3) == 0,
                r.nextBoolean(),
                r.nextInt(3) == 0 ? r.nextInt(12) : 100_000))
        .limit(60);
  }

  @ParameterizedTest
  @MethodSource("worlds")
  void theOrderOfTellingsDoesNotMatter(World world) {
    assumeTrue(joint() || !world.joint(), "needs an evaluator that does not compare");
    SearchStrategy one = create();
    List<Ask> asked = world.simulate(one).run(null, 1);
    SearchStrategy other = create();
    assertThat(world.simulate(other).run(new Random(world.seed() + 1), 1)).isEqualTo(asked);
    assertThat(other.current()).isEqualTo(one.current());
  }

  @ParameterizedTest
  @MethodSource("worlds")
  void tellingTwiceChangesNothing(World world) {
    assumeTrue(joint() || !world.joint(), "needs an evaluator that does not compare");
    SearchStrategy one = create();
    List<Ask> asked = world.simulate(one).run(null, 1);
    SearchStrategy other = create();
    assertThat(world.simulate(other).run(new Random(world.seed() + 2), 2)).isEqualTo(asked);
    assertThat(other.current()).isEqualTo(one.current());
  }

  @ParameterizedTest
  @MethodSource("worlds")
  void endsWithAnAnswerIfThereIsOne(World world) {
    assumeTrue(joint() || !world.joint(), "needs an evaluator that does not compare");
    SearchStrategy strategy = create();
    StrategySimulator simulator = world.simulate(strategy);
    simulator.run(null, 1);
    Optional<Thought> best = strategy.current();
    assertThat(best.isPresent())
        .isEqualTo(simulator.thoughts().stream().anyMatch(t -> t.answer().isPresent()));
    if (world.proves() && simulator.everSolved()) {
      assertThat(best.flatMap(Thought::score).map(Score::solved)).contains(true);
    }
    assertThat(strategy.ask(64)).as("over is over").isEmpty();
  }

  @ParameterizedTest
  @MethodSource("worlds")
  void endsWhenThereIsNoBudget(World world) {
    assumeTrue(joint() || !world.joint(), "needs an evaluator that does not compare");
    SearchStrategy strategy = create();
    World poor =
        new World(
            world.seed(), world.answerDepth(), world.improves(), world.joint(), world.proves(), 0);
    poor.simulate(strategy).run(null, 1);
    assertThat(strategy.current()).isEmpty();
  }
}
