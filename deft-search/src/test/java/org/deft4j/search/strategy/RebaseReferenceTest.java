package org.deft4j.search.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.testing.ScriptedSearch;
import org.junit.jupiter.api.Test;

/** Reward-balanced search by hand, and its selection against all subsets. */
class RebaseReferenceTest {
  @Test
  void sharesAreThoseOfThePaper() {
    // Weights 1, e^-2, e^-4: 16 x .867 = 13.9 -> 14, then 2 x .881 = 1.8 -> 2, and nothing is left.
    assertThat(BalancedTree.allocate(new double[] {.5, .9, .1}, 16, .2)).containsExactly(2, 14, 0);
    assertThat(BalancedTree.allocate(new double[] {.3, .3, .3}, 16, .2)).containsExactly(6, 5, 5);
    assertThat(BalancedTree.allocate(new double[] {1, 0}, 5, 1e-3)).containsExactly(5, 0);
    assertThat(BalancedTree.allocate(new double[0], 5, .2)).isEmpty();
  }

  @Test
  void sharesSumToTheWidthAndFollowTheScores() {
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      double[] scores = random.doubles(1 + random.nextInt(20)).toArray();
      int width = 1 + random.nextInt(64);
      int[] shares = BalancedTree.allocate(scores, width, .01 + random.nextDouble());
      assertThat(Arrays.stream(shares).sum()).isEqualTo(width);
      for (int a = 0; a < scores.length; a++) {
        assertThat(shares[a]).isNotNegative();
        for (int b = 0; b < scores.length; b++) {
          if (scores[a] > scores[b]) {
            // A ceiling can favour a worse one by one where parts are nearly equal.
            assertThat(shares[a]).isGreaterThanOrEqualTo(shares[b] - 1);
          }
        }
      }
    }
  }

  /** Four first thoughts; the last level answers. */
  private static final ScriptedSearch.Script FOUR =
      new ScriptedSearch.Script() {
        @Override
        public ThoughtState sample(List<Thought> path, int sample) {
          String before = path.size() == 1 ? "" : path.getLast().state().text();
          String word = before + (char) ('a' + sample % 4);
          return word.length() == 3 || word.equals("d")
              ? new ThoughtState.Answer(word)
              : new ThoughtState.Partial(word);
        }

        @Override
        public double value(Thought t) {
          return Map.of('a', .9, 'b', .5, 'c', .1, 'd', .2)
              .getOrDefault(t.state().text().charAt(0), 0.0);
        }
      };

  @Test
  void anAnswerTakesOneOffTheWidth() {
    Rebase rebase = new Rebase(new Rebase.Config(4, .2, 9, 1));
    ScriptedSearch search = new ScriptedSearch(rebase, FOUR).run(64, null);
    List<Ask.Expand> expands =
        search.asked().stream()
            .filter(Ask.Expand.class::isInstance)
            .map(Ask.Expand.class::cast)
            .toList();
    // 4 at the root, of which d answers: 3 are left for a, b and c; a alone gets 3 x .867 -> 3.
    assertThat(expands).extracting(Ask.Expand::count).startsWith(4, 3);
    assertThat(search.path(expands.get(1).from()).getLast().text()).isEqualTo("a");
    assertThat(rebase.current().flatMap(Thought::answer).orElse("")).startsWith("a");
  }

  @Test
  void ascentIsNearTheBestOfAllSubsets() {
    Random random = new Random(5);
    int same = 0;
    int trials = 300;
    double worst = 1;
    for (int i = 0; i < trials; i++) {
      TreeSelection problem = random(random, 6 + random.nextInt(7));
      double exact = Math.max(0, problem.objective(problem.solve()));
      double found = problem.objective(problem.ascend());
      assertThat(found).isLessThanOrEqualTo(exact + 1e-9);
      same += found > exact - 1e-9 ? 1 : 0;
      worst = exact < 1e-3 ? worst : Math.min(worst, found / exact);
    }
    assertThat(same).as("solved exactly, of " + trials).isGreaterThan(trials * 95 / 100);
    assertThat(worst).isGreaterThan(.8);
  }

  /** Leaves below a few parents below a root, shares that sum to 1, costs too, a few clusters. */
  private static TreeSelection random(Random random, int leaves) {
    int parents = 1 + random.nextInt(4);
    double[] gain = random.doubles(leaves).toArray();
    double sum = Arrays.stream(gain).sum();
    int[][] path = new int[leaves][];
    int[] cluster = new int[leaves];
    int clusters = 1 + random.nextInt(4);
    for (int i = 0; i < leaves; i++) {
      gain[i] /= sum;
      path[i] = new int[] {1 + parents + i, 1 + random.nextInt(parents), 0};
      cluster[i] = random.nextInt(clusters);
    }
    double[] cost = random.doubles(1 + parents + leaves).toArray();
    double total = Arrays.stream(cost).sum();
    double weight = 1 + random.nextDouble();
    return new TreeSelection(
        gain,
        path,
        Arrays.stream(cost).map(c -> weight * c / total).toArray(),
        cluster,
        random.nextDouble() / clusters);
  }

  @Test
  void leavesThatShareTheirPathAreKeptBeforeThoseThatDoNot() {
    // Leaves 0 and 1 share a dear parent; each alone is not worth it, both together are.
    double[] gain = {.3, .3, .3};
    int[][] path = {{2, 0}, {3, 0}, {4, 1}};
    double[] cost = {.4, .4, .01, .01, .01};
    TreeSelection problem = new TreeSelection(gain, path, cost, new int[] {0, 0, 0}, 0);
    assertThat(problem.solve()).containsExactly(true, true, false);
    assertThat(problem.ascend()).containsExactly(true, true, false);
    assertThat(problem.objective(new boolean[] {true, true, false}))
        .isCloseTo(.6 - .42, within(1e-12));
    // A bonus for meeting the other cluster opens the third path.
    TreeSelection diverse = new TreeSelection(gain, path, cost, new int[] {0, 0, 1}, .2);
    assertThat(diverse.solve()).containsExactly(true, true, true);
  }

  @Test
  void somethingIsAlwaysKept() {
    TreeSelection dear =
        new TreeSelection(
            new double[] {.1, .2},
            new int[][] {{0}, {1}},
            new double[] {9, 9},
            new int[] {0, 0},
            0);
    assertThat(dear.solve()).containsExactly(false, true);
  }

  @Test
  void alikeTextsAreOneCluster() {
    assertThat(
            Clusters.of(List.of("add 2 and 3", "add 2 and 4", "multiply by x", "add 2 and 3"), .35))
        .containsExactly(0, 0, 1, 0);
    assertThat(Clusters.of(List.of("a", "b"), 0)).containsExactly(0, 1);
    assertThat(Clusters.of(List.of("a", "b"), 1)).containsExactly(0, 0);
  }

  @Test
  void etsContinuesFewerThoughtsThanRebase() {
    Rebase.Config wide = new Rebase.Config(16, 10, 3, 1);
    int all = continued(new Rebase(wide));
    int some = continued(new Ets(new Ets.Config(wide, 2, 0, Ets.Cost.TOKENS, .3)));
    assertThat(some).isPositive().isLessThan(all);
  }

  private static int continued(SearchStrategy strategy) {
    return (int)
        new ScriptedSearch(strategy, FOUR)
            .run(64, null).asked().stream()
                .filter(a -> a instanceof Ask.Expand e && e.from() != Thought.ROOT)
                .count();
  }
}
