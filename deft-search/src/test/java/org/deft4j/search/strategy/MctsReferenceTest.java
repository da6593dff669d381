package org.deft4j.search.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.common.base.Suppliers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.testing.ScriptedSearch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tree search against values by hand, a plain implementation, and itself at other batch sizes. */
class MctsReferenceTest {
  private static final Supplier<List<Shapes.Figures>> ONE_AT_A_TIME =
      Suppliers.memoize(
          () -> Shapes.sample(seed -> new Mcts(config(400, 1, .5, Mcts.Backup.MEAN, 1)), 1, 0, 60));

  private static Mcts.Config config(
      int iterations, int parallel, double alpha, Mcts.Backup backup, double discount) {
    return new Mcts.Config(
        iterations,
        parallel,
        2,
        alpha,
        50,
        Mcts.Selection.UCT,
        1,
        backup,
        discount,
        Mcts.Parallel.WU,
        false,
        Mcts.Rollout.NONE,
        5,
        1);
  }

  private static UctPolicy.Rule rule(boolean puct, boolean max, double discount, boolean loss) {
    return new UctPolicy.Rule(puct, 1.25, max, discount, loss, false, 2, 0);
  }

  private static Thought thought(double meanLogProb) {
    return new Thought(
        1,
        0,
        1,
        "step",
        "t",
        new ThoughtState.Partial("t"),
        1,
        meanLogProb,
        true,
        Optional.empty());
  }

  /** A root with two children: one visited with .8, the other with .5 and then .2 below it. */
  private static FlatTree three(UctPolicy policy, FlatTree tree) {
    double[] values = {.8, .5, .2};
    for (int i = 0; i < 3; i++) {
      int from = policy.select();
      tree.begin(from);
      assertThat(from).isEqualTo(i < 2 ? FlatTree.ROOT : 1);
      int node = tree.add(i < 2 ? FlatTree.ROOT : 2, i + 1, i, true);
      if (i == 2) {
        // The third one is moved below the second child, whatever the bounds would prefer.
        policy.abandon(1);
        tree.end(1, false);
        policy.grown(node, thought(-2));
        tree.begin(2);
        for (int above = 2; above >= 0; above = tree.parent(above)) {
          policy.joined(above);
        }
        tree.end(2, true);
      } else {
        policy.grown(node, thought(i == 0 ? -1 : -2));
        tree.end(from, true);
      }
      tree.value(node, values[i]);
      policy.settle(node, values[i]);
    }
    return tree;
  }

  @Test
  void boundsOfUctByHand() {
    FlatTree tree = new FlatTree(0);
    UctPolicy policy = new UctPolicy(tree, rule(false, false, 1, false));
    three(policy, tree);
    // N = 3: .8 + 1.25 sqrt(ln 3 / 1) and (.5 + .2) / 2 + 1.25 sqrt(ln 3 / 2).
    assertThat(policy.bound(1)).isCloseTo(.8 + 1.25 * Math.sqrt(Math.log(3)), within(1e-12));
    assertThat(policy.bound(2)).isCloseTo(.35 + 1.25 * Math.sqrt(Math.log(3) / 2), within(1e-12));
    assertThat(policy.visits(0)).isEqualTo(3);
    // One in flight below the first child: N + O = 4 and n + o = 2, the value stays.
    assertThat(policy.select()).isEqualTo(1);
    assertThat(policy.bound(1)).isCloseTo(.8 + 1.25 * Math.sqrt(Math.log(4) / 2), within(1e-12));
    assertThat(policy.bound(2)).isCloseTo(.35 + 1.25 * Math.sqrt(Math.log(4) / 2), within(1e-12));
  }

  @Test
  void virtualLossCountsWhatIsInFlightAsLost() {
    FlatTree tree = new FlatTree(0);
    UctPolicy policy = new UctPolicy(tree, rule(false, false, 1, true));
    three(policy, tree);
    assertThat(policy.select()).isEqualTo(1);
    assertThat(policy.bound(1)).isCloseTo(.4 + 1.25 * Math.sqrt(Math.log(4) / 2), within(1e-12));
  }

  @Test
  void maximumAndDiscountByHand() {
    FlatTree tree = new FlatTree(0);
    UctPolicy policy = new UctPolicy(tree, rule(false, true, .5, false));
    three(policy, tree);
    assertThat(policy.bound(2)).isCloseTo(.5 + 1.25 * Math.sqrt(Math.log(3) / 2), within(1e-12));
    FlatTree other = new FlatTree(0);
    UctPolicy discounted = new UctPolicy(other, rule(false, false, .5, false));
    three(discounted, other);
    assertThat(discounted.bound(2))
        .as("the grandchild's .2 is passed up as .1")
        .isCloseTo(.3 + 1.25 * Math.sqrt(Math.log(3) / 2), within(1e-12));
  }

  @Test
  void boundsOfPuctByHand() {
    FlatTree tree = new FlatTree(0);
    UctPolicy policy = new UctPolicy(tree, rule(true, false, 1, false));
    three(policy, tree);
    double c = Math.log((3 + 19652.0 + 1) / 19652) + 1.25;
    double first = Math.exp(-1) / (Math.exp(-1) + Math.exp(-2));
    assertThat(policy.bound(1)).isCloseTo(.8 + c * first * Math.sqrt(3) / 2, within(1e-12));
    assertThat(policy.bound(2)).isCloseTo(.35 + c * (1 - first) * Math.sqrt(3) / 3, within(1e-12));
  }

  /** UCT as in a textbook: objects, one simulation at a time. */
  private static final class Plain {
    final List<Plain> children = new ArrayList<>();
    final ThoughtState state;
    final @org.jspecify.annotations.Nullable Plain parent;
    int visits;
    double sum;
    double most;

    Plain(ThoughtState state, @org.jspecify.annotations.Nullable Plain parent) {
      this.state = state;
      this.parent = parent;
    }

    static List<String> run(Shapes.Drift world, Mcts.Config c) {
      Plain root = new Plain(new ThoughtState.Partial(""), null);
      List<String> order = new ArrayList<>();
      for (int i = 0; i < c.iterations(); i++) {
        Plain node = root;
        while (node.children.size() >= c.width() * Math.pow(Math.max(1, node.visits), c.alpha())) {
          Plain at = node;
          node =
              at.children.stream()
                  .max(java.util.Comparator.comparingDouble(k -> k.bound(at.visits, c)))
                  .orElseThrow();
        }
        Plain child =
            new Plain(
                new ThoughtState.Partial(node.state.text() + "/" + node.children.size()), node);
        node.children.add(child);
        order.add(child.state.text());
        double v =
            world.value(new Thought(1, 0, 1, "", "", child.state, 1, -1, true, Optional.empty()));
        for (Plain n = child; n != null; n = n.parent) {
          n.visits++;
          n.sum += v;
          n.most = Math.max(n.most, v);
          v *= c.discount();
        }
      }
      return order;
    }

    double bound(int above, Mcts.Config c) {
      double q = c.backup() == Mcts.Backup.MAX ? most : sum / visits;
      return q + c.exploration() * Math.sqrt(Math.log(above) / visits);
    }
  }

  @ParameterizedTest
  @CsvSource({"0.5, MEAN, 1", "0.3, MEAN, 0.9", "0.5, MAX, 1", "0, MEAN, 1"})
  void oneAtATimeItIsPlainUct(double alpha, Mcts.Backup backup, double discount) {
    for (int seed = 0; seed < 5; seed++) {
      Mcts.Config c = config(400, 1, alpha, backup, discount);
      Shapes.Drift world = new Shapes.Drift(seed);
      List<String> made =
          new ScriptedSearch(new Mcts(c), world)
              .run(1, null).thoughts().stream().skip(1).map(t -> t.state().text()).toList();
      assertThat(made).isEqualTo(Plain.run(world, c));
    }
  }

  /**
   * Kolmogorov-Smirnov on 60 trees each of 400 thoughts, seeds 0-59 against 1000-1059, level 0.01:
   * the critical value is 0.297. Trees of batch 16 and 64 are not told from those of batch 1.
   */
  @ParameterizedTest
  @ValueSource(ints = {16, 64})
  void theTreesShapeDoesNotDependOnTheBatch(int batch) {
    int n = 60;
    List<Shapes.Figures> one = ONE_AT_A_TIME.get();
    List<Shapes.Figures> many =
        Shapes.sample(
            seed -> new Mcts(config(400, batch, .5, Mcts.Backup.MEAN, 1)), batch, 1000, n);
    assertThat(Shapes.critical(n, n)).isCloseTo(.297, within(.001));
    assertThat(Arrays.stream(Shapes.distances(one, many)).max().orElseThrow())
        .as("largest distance of " + Shapes.ALL)
        .isLessThan(Shapes.critical(n, n));
  }

  @Test
  void theTestOfShapesSeesADifferentSearch() {
    int n = 60;
    List<Shapes.Figures> one = ONE_AT_A_TIME.get();
    List<Shapes.Figures> other =
        Shapes.sample(seed -> new Mcts(config(400, 1, .45, Mcts.Backup.MEAN, 1)), 1, 1000, n);
    assertThat(Arrays.stream(Shapes.distances(one, other)).max().orElseThrow())
        .isGreaterThan(Shapes.critical(n, n));
  }

  @Test
  void manyAreInFlightAndAllComeBack() {
    Mcts mcts = new Mcts(config(2000, 64, .5, Mcts.Backup.MEAN, 1));
    ScriptedSearch search = new ScriptedSearch(mcts, new Shapes.Drift(3)).run(64, new Random(3));
    assertThat(search.meanOutstanding()).isGreaterThan(6);
    assertThat(mcts.tree().size()).isEqualTo(2001);
    for (int node = 0; node < mcts.tree().size(); node++) {
      assertThat(mcts.policy().inFlight(node)).isZero();
      assertThat(mcts.tree().pending(node)).isZero();
    }
    assertThat(mcts.policy().visits(FlatTree.ROOT)).isEqualTo(2000);
  }

  @Test
  void repeatedSamplesAreVisitsOfTheSiblingThatSaidIt() {
    // Every node has two distinct continuations, whatever is sampled.
    ScriptedSearch.Script coin =
        new ScriptedSearch.Script() {
          @Override
          public ThoughtState sample(List<Thought> path, int sample) {
            String before = path.size() == 1 ? "" : path.getLast().state().text();
            return new ThoughtState.Partial(before + (sample % 2));
          }

          @Override
          public double value(Thought t) {
            return .5;
          }
        };
    Mcts mcts = new Mcts(config(300, 16, .5, Mcts.Backup.MEAN, 1));
    ScriptedSearch search = new ScriptedSearch(mcts, coin).run(16, new Random(1));
    long evaluations = search.asked().stream().filter(a -> a instanceof Ask.Evaluate).count();
    assertThat(mcts.tree().children(FlatTree.ROOT)).isEqualTo(2);
    assertThat(evaluations).isEqualTo(mcts.tree().size() - 1).isLessThan(300);
    assertThat(mcts.policy().visits(FlatTree.ROOT)).isEqualTo(300);
  }

  @Test
  void aThoughtThatEndsItsPathIsNotVisitedAgain() {
    Mcts.Config two =
        new Mcts.Config(
            1000,
            8,
            2,
            0,
            2,
            Mcts.Selection.UCT,
            1,
            Mcts.Backup.MEAN,
            1,
            Mcts.Parallel.WU,
            false,
            Mcts.Rollout.NONE,
            5,
            1);
    Mcts mcts = new Mcts(two);
    new ScriptedSearch(mcts, new Shapes.Drift(1)).run(8, new Random(1));
    assertThat(mcts.policy().visits(FlatTree.ROOT)).isEqualTo(1000);
    for (int node = 1; node < mcts.tree().size(); node++) {
      assertThat(mcts.tree().depth(node)).isLessThanOrEqualTo(2);
      if (mcts.tree().depth(node) == 2) {
        assertThat(mcts.policy().visits(node)).isEqualTo(1);
        assertThat(mcts.tree().gone(node)).isTrue();
      }
    }
  }

  @Test
  @Tag("slow")
  void aMillionNodes() {
    FlatTree tree = new FlatTree(0);
    UctPolicy policy =
        new UctPolicy(tree, new UctPolicy.Rule(false, 1, false, 1, false, false, 2, .5));
    Draws draws = new Draws().at(1, 1);
    for (int i = 1; i <= 1_000_000; i++) {
      int from = policy.select();
      tree.begin(from);
      int node = tree.add(from, i, i, true);
      policy.grown(node, thought(-1));
      double v = draws.unit();
      tree.value(node, v);
      tree.end(from, true);
      policy.settle(node, v);
    }
    assertThat(policy.visits(FlatTree.ROOT)).isEqualTo(1_000_000);
    assertThat(tree.children(FlatTree.ROOT)).isEqualTo(2000);
  }
}
