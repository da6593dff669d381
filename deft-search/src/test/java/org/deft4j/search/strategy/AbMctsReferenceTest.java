package org.deft4j.search.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.testing.ScriptedSearch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Posteriors against closed forms and quadrature; shapes of trees against batch 1. */
class AbMctsReferenceTest {
  private static final Thought ANY =
      new Thought(
          1, 0, 1, "step", "t", new ThoughtState.Partial("t"), 1, -1, true, Optional.empty());

  /** Adds a child with a score, wherever the policy itself would go. */
  private static int child(FlatTree tree, TreePolicy policy, int above, double score) {
    int selected = policy.select();
    assertThat(selected).isNotEqualTo(TreePolicy.NONE);
    policy.abandon(selected);
    int node = tree.add(above, tree.size(), tree.size(), true);
    policy.grown(node, ANY);
    tree.value(node, score);
    // As if the policy had gone there: what settling takes back is put in flight first.
    if (policy instanceof ThompsonPolicy p) {
      p.launch(above);
    } else if (policy instanceof HierarchicalPolicy p) {
      p.launch(above);
    }
    policy.settle(node, score);
    return node;
  }

  private static double[] closedForm(double... scores) {
    // Murphy, Probabilistic Machine Learning: Advanced Topics, 3.4.3.3, with m 0, kappa 1, nu 1.
    int n = scores.length;
    double mean = Arrays.stream(scores).average().orElse(0);
    double squares = Arrays.stream(scores).map(s -> (s - mean) * (s - mean)).sum();
    double kappa = 1 + n;
    double nu = 1 + n;
    double tau = (.1 + squares + n * mean * mean / kappa) / nu;
    return new double[] {n * mean / kappa, Math.sqrt(tau / kappa), nu};
  }

  @Test
  void normalPosteriorsAreTheClosedForms() {
    FlatTree tree = new FlatTree(0);
    ThompsonPolicy policy =
        new ThompsonPolicy(tree, new ThompsonPolicy.Prior.Normal(0, 1, 1, .1, 1), 1);
    int a = child(tree, policy, 0, .6);
    int b = child(tree, policy, 0, .2);
    child(tree, policy, a, .9);
    child(tree, policy, a, .7);
    assertThat(policy.posteriorOf(a)).containsExactly(closedForm(.6, .9, .7), within(1e-12));
    assertThat(policy.posteriorOf(b)).containsExactly(closedForm(.2), within(1e-12));
    assertThat(policy.posteriorOfMaking(0)).containsExactly(closedForm(.6, .2), within(1e-12));
    assertThat(policy.posteriorOfEntering(0)).containsExactly(closedForm(.9, .7), within(1e-12));
    assertThat(policy.posteriorOfMaking(a)).containsExactly(closedForm(.9, .7), within(1e-12));
    assertThat(policy.posteriorOfEntering(a)).containsExactly(closedForm(), within(1e-12));
  }

  @Test
  void betaPosteriorsAreTheClosedForms() {
    FlatTree tree = new FlatTree(0);
    ThompsonPolicy policy = new ThompsonPolicy(tree, new ThompsonPolicy.Prior.Beta(.5, .5, 1), 1);
    int a = child(tree, policy, 0, .6);
    child(tree, policy, a, .9);
    assertThat(policy.posteriorOf(a)).containsExactly(new double[] {2, 1, 0}, within(1e-12));
    assertThat(policy.posteriorOfMaking(0))
        .containsExactly(new double[] {1.1, .9, 0}, within(1e-12));
  }

  @Test
  void aFantasyIsAScoreAtTheMean() {
    FlatTree tree = new FlatTree(0);
    ThompsonPolicy policy =
        new ThompsonPolicy(tree, new ThompsonPolicy.Prior.Normal(0, 1, 1, .1, 1), 1);
    child(tree, policy, 0, .6);
    child(tree, policy, 0, .2);
    double[] before = policy.posteriorOfMaking(0);
    policy.launch(0);
    // Another score at the location leaves it there, and kappa, nu and the spread as computed.
    assertThat(policy.posteriorOfMaking(0))
        .containsExactly(closedForm(.6, .2, before[0]), within(1e-12));
  }

  @Test
  void drawsHaveTheMomentsOfTheirDistributions() {
    Draws draws = new Draws().at(7, 7);
    int n = 200_000;
    double[] t = java.util.stream.DoubleStream.generate(() -> draws.student(9)).limit(n).toArray();
    double[] b =
        java.util.stream.DoubleStream.generate(() -> draws.beta(.5, 1.5)).limit(n).toArray();
    assertThat(Arrays.stream(t).average().orElseThrow()).isCloseTo(0, within(.02));
    assertThat(Arrays.stream(t).map(x -> x * x).average().orElseThrow())
        .as("variance nu / (nu - 2)")
        .isCloseTo(9.0 / 7, within(.03));
    assertThat(Arrays.stream(b).average().orElseThrow()).isCloseTo(.25, within(.005));
    assertThat(Arrays.stream(b).map(x -> x * x).average().orElseThrow())
        .as("a (a + 1) / ((a + b) (a + b + 1))")
        .isCloseTo(.5 * 1.5 / (2 * 3), within(.005));
  }

  /** The draws that are skipped as hopeless change no decision: shares against plain sampling. */
  @Test
  void childrenAreEnteredAsOftenAsTheirPosteriorsSay() {
    FlatTree tree = new FlatTree(0);
    ThompsonPolicy policy =
        new ThompsonPolicy(tree, new ThompsonPolicy.Prior.Normal(0, 1, 1, .1, 0), 3);
    double[][] scores = {{.9, .8, .7}, {.5, .6}, {.2}, {.85, .1, .9, .8, .7, .9}};
    for (double[] s : scores) {
      int top = child(tree, policy, 0, s[0]);
      for (int i = 1; i < s.length; i++) {
        child(tree, policy, top, s[i]);
      }
    }
    Draws draws = new Draws().at(11, 1);
    int n = 100_000;
    double[] plain = new double[4];
    double[] mine = new double[4];
    for (int i = 0; i < n; i++) {
      int best = 0;
      double top = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < 4; c++) {
        double[] p = closedForm(scores[c]);
        double x = p[0] + p[1] * draws.student(p[2]);
        if (x > top) {
          top = x;
          best = c;
        }
      }
      plain[best] += 1.0 / n;
      mine[policy.thompson(FlatTree.ROOT, i)] += 1.0 / n;
    }
    assertThat(mine).containsExactly(plain, within(.01));
  }

  /** Shares against plain sampling from the closed forms, for shapes below, at and above 1. */
  @ParameterizedTest
  @ValueSource(doubles = {.5, 1, 3})
  void childrenWithBetasAreEnteredAsOftenAsTheirPosteriorsSay(double shape) {
    FlatTree tree = new FlatTree(0);
    ThompsonPolicy policy =
        new ThompsonPolicy(tree, new ThompsonPolicy.Prior.Beta(shape, shape, 0), 3);
    double[][] scores = {
      {.9, .8, .7}, {.5, .6}, {.2}, {1, .1, .9, .8, .7, .9}, {1}, {0}, {1, 1, 1, 1, .2, 1, 1, 1}
    };
    int n = scores.length;
    double[] a = new double[n];
    double[] b = new double[n];
    for (int c = 0; c < n; c++) {
      int top = child(tree, policy, 0, scores[c][0]);
      for (int i = 1; i < scores[c].length; i++) {
        child(tree, policy, top, scores[c][i]);
      }
      a[c] = shape + Arrays.stream(scores[c]).sum();
      b[c] = shape + Arrays.stream(scores[c]).map(x -> 1 - x).sum();
    }
    Draws draws = new Draws().at(11, 1);
    int rounds = 200_000;
    double[] plain = new double[n];
    double[] mine = new double[n];
    for (int i = 0; i < rounds; i++) {
      int best = 0;
      double top = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < n; c++) {
        double x = draws.beta(a[c], b[c]);
        if (x > top) {
          top = x;
          best = c;
        }
      }
      plain[best] += 1.0 / rounds;
      mine[policy.thompson(FlatTree.ROOT, i)] += 1.0 / rounds;
    }
    // Four standard errors of the difference of two such shares.
    assertThat(mine).containsExactly(plain, within(4 * Math.sqrt(2 * .25 / rounds)));
  }

  /** 700 children over several blocks of slots, by tenths of their score, before and after more. */
  @Test
  void manyChildrenWithBetasAreEnteredAsOftenAsTheirPosteriorsSay() {
    FlatTree tree = new FlatTree(0);
    ThompsonPolicy policy = new ThompsonPolicy(tree, new ThompsonPolicy.Prior.Beta(.5, .5, 0), 3);
    Random random = new Random(4);
    int n = 700;
    int[] nodes = new int[n];
    double[] first = new double[n];
    double[] a = new double[n];
    double[] b = new double[n];
    for (int c = 0; c < n; c++) {
      first[c] = Math.clamp(random.nextGaussian(.5, .25), 0, .999);
      nodes[c] = child(tree, policy, 0, first[c]);
      a[c] = .5 + first[c];
      b[c] = 1.5 - first[c];
    }
    Draws draws = new Draws().at(11, 1);
    int rounds = 20_000;
    for (int round = 0; round < 2; round++) {
      double[] plain = new double[10];
      double[] mine = new double[10];
      for (int i = 0; i < rounds; i++) {
        int best = 0;
        double top = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < n; c++) {
          double x = draws.beta(a[c], b[c]);
          if (x > top) {
            top = x;
            best = c;
          }
        }
        plain[(int) (10 * first[best])] += 1.0 / rounds;
        int chosen = policy.thompson(FlatTree.ROOT, (long) round * rounds + i);
        mine[(int) (10 * first[chosen])] += 1.0 / rounds;
      }
      assertThat(mine).containsExactly(plain, within(4 * Math.sqrt(2 * .25 / rounds)));
      for (int i = 0; i < 3000; i++) {
        int c = random.nextInt(n);
        double score = Math.clamp(first[c] + random.nextGaussian(0, .2), 0, 1);
        child(tree, policy, nodes[c], score);
        a[c] += score;
        b[c] += 1 - score;
      }
    }
  }

  /** No slot's chance lies above its block's bound, after many changes too; and not far below. */
  @Test
  void boundsOfBlocksHold() {
    FlatTree tree = new FlatTree(0);
    for (int i = 0; i < 1500; i++) {
      tree.add(FlatTree.ROOT, i, i, true);
    }
    BetaBounds bounds = new BetaBounds(tree);
    Random random = new Random(1);
    int first = tree.first(FlatTree.ROOT);
    double slack = 0;
    int known = 0;
    for (int i = 0; i < 40_000; i++) {
      int at = first + random.nextInt(1500);
      double b = .5 + 3 * random.nextDouble() * random.nextDouble();
      tree.x[at] = random.nextInt(9) == 0 ? 0 : .5 + 4 * random.nextDouble();
      tree.y[at] = b;
      tree.z[at] = tree.x[at] <= 0 ? 0 : -Math.log(b) - Draws.logBeta(tree.x[at], b);
      bounds.changed(at);
      if (i % 40 == 0) {
        int block = (first + random.nextInt(1500)) >> BetaBounds.SHIFT;
        double rest = Math.exp(-36 * random.nextDouble());
        double logTop = Math.log1p(-rest);
        double logRest = Math.log(rest);
        double highest = Double.NEGATIVE_INFINITY;
        int end = Math.min(first + 1500, (block + 1) << BetaBounds.SHIFT);
        for (int s = Math.max(first, block << BetaBounds.SHIFT); s < end; s++) {
          if (tree.x[s] > 0) {
            double more = tree.x[s] < 1 ? (tree.x[s] - 1) * logTop : 0;
            highest = Math.max(highest, tree.z[s] + tree.y[s] * logRest + more);
          }
        }
        double bound = bounds.log(block, logTop, logRest);
        assertThat(bound).isGreaterThanOrEqualTo(highest);
        if (i > 20_000 && highest > Double.NEGATIVE_INFINITY) {
          slack += bound - highest;
          known++;
        }
      }
    }
    assertThat(slack / known).as("mean distance of logarithms").isLessThan(2);
  }

  @Test
  void theBetaFunctionIsThatOfFactorialsAndOfPi() {
    assertThat(Draws.logBeta(.5, .5)).isCloseTo(Math.log(Math.PI), within(1e-10));
    assertThat(Draws.logBeta(1, 7)).isCloseTo(-Math.log(7), within(1e-10));
    assertThat(Draws.logBeta(4, 5)).isCloseTo(Math.log(6.0 * 24 / 40320), within(1e-10));
    // B(a, b + 1) = B(a, b) b / (a + b), far from where the series was moved.
    assertThat(Draws.logBeta(300.3, 41.7) - Draws.logBeta(300.3, 40.7))
        .isCloseTo(Math.log(40.7 / 341), within(1e-9));
  }

  /** Equal states below one node are one node, below two they are two. */
  @Test
  void nodesAreFoundByParentAndKey() {
    FlatTree tree = new FlatTree(0);
    java.util.Random random = new java.util.Random(4);
    java.util.Map<Long, Integer> known = new java.util.HashMap<>();
    for (int i = 1; i < 5000; i++) {
      int above = random.nextInt(Math.min(i, 40));
      long key = random.nextInt(200);
      assertThat(tree.find(above, key)).isEqualTo(known.getOrDefault(above * 1000L + key, -1));
      int node = tree.add(above, i, key, true);
      known.putIfAbsent(above * 1000L + key, node);
    }
  }

  @Test
  void theSamplerOfTheHierarchicalModelAgreesWithQuadrature() {
    double[][] scores = {{.9, .8, .7, .85}, {.4, .5}, {.2, .3, .1}};
    FlatTree tree = new FlatTree(0);
    HierarchicalPolicy policy = new HierarchicalPolicy(tree, 0, 8, 5);
    for (double[] s : scores) {
      int top = child(tree, policy, 0, s[0]);
      for (int i = 1; i < s.length; i++) {
        child(tree, policy, top, s[i]);
      }
    }
    double[][] chain = policy.chain(FlatTree.ROOT, 200, 40_000);
    double[] exact = quadrature(scores);
    for (int i = 0; i < 3; i++) {
      int p = i;
      double mean = Arrays.stream(chain).mapToDouble(r -> r[p]).average().orElseThrow();
      double square = Arrays.stream(chain).mapToDouble(r -> r[p] * r[p]).average().orElseThrow();
      assertThat(mean).isCloseTo(exact[i], within(.006));
      assertThat(Math.sqrt(square - mean * mean)).isCloseTo(exact[3 + i], within(.006));
    }
  }

  /** Means and deviations of (mu, sigma_alpha, sigma_y) on a fine grid, the plain likelihood. */
  private static double[] quadrature(double[][] scores) {
    double total = 0;
    double[] first = new double[3];
    double[] second = new double[3];
    for (double mu = -.3; mu < 1.3; mu += .02) {
      for (double sa = .005; sa < .9; sa += .01) {
        for (double sy = .005; sy < .7; sy += .01) {
          double log =
              -(mu - .5) * (mu - .5) / (2 * .04) - sa * sa / (2 * .04) - sy * sy / (2 * .09);
          for (double[] s : scores) {
            // A group's scores are jointly normal: variance sy^2 on top of a common sa^2.
            int n = s.length;
            double mean = Arrays.stream(s).average().orElseThrow();
            double squares = Arrays.stream(s).map(y -> (y - mean) * (y - mean)).sum();
            double v = n * sa * sa + sy * sy;
            log -=
                .5 * (Math.log(v) + (n - 1) * Math.log(sy * sy))
                    + squares / (2 * sy * sy)
                    + n * (mean - mu) * (mean - mu) / (2 * v);
          }
          double p = Math.exp(log);
          total += p;
          double[] at = {mu, sa, sy};
          for (int i = 0; i < 3; i++) {
            first[i] += p * at[i];
            second[i] += p * at[i] * at[i];
          }
        }
      }
    }
    double[] all = new double[6];
    for (int i = 0; i < 3; i++) {
      all[i] = first[i] / total;
      all[3 + i] = Math.sqrt(second[i] / total - all[i] * all[i]);
    }
    return all;
  }

  /**
   * Kolmogorov-Smirnov on 60 trees each of 200 thoughts, seeds 0-59 against 1000-1059, level 0.01:
   * the critical value is 0.297.
   */
  @ParameterizedTest
  @CsvSource({
    "NORMAL, 16",
    "NORMAL, 64",
    "BETA, 16",
    "BETA, 64",
    "HIERARCHICAL, 16",
    "HIERARCHICAL, 64"
  })
  void theTreesShapeDoesNotDependOnTheBatch(AbMcts.Model model, int batch) {
    int n = 60;
    AbMcts.Config config = AbMcts.Config.CONJUGATE.with(model);
    List<Shapes.Figures> one =
        Shapes.sample(seed -> seeded(config.withIterations(200, 1), seed), 1, 0, n);
    List<Shapes.Figures> many =
        Shapes.sample(seed -> seeded(config.withIterations(200, batch), seed), batch, 1000, n);
    double[] distances = Shapes.distances(one, many);
    assertThat(Arrays.stream(distances).max().orElseThrow())
        .as(Shapes.ALL + " " + Arrays.toString(distances) + Shapes.means(one) + Shapes.means(many))
        .isLessThan(Shapes.critical(n, n));
  }

  /** The strategy under a seed of its own, whatever the context's. */
  private static SearchStrategy seeded(AbMcts.Config config, int seed) {
    return new Seeded(new AbMcts(config), seed);
  }

  @Test
  void allComesBack() {
    for (AbMcts.Model model : AbMcts.Model.values()) {
      AbMcts mcts = new AbMcts(AbMcts.Config.CONJUGATE.with(model).withIterations(300, 32));
      new ScriptedSearch(mcts, new Shapes.Drift(1)).run(32, new Random(1));
      assertThat(mcts.tree().size()).isEqualTo(301);
      for (int node = 0; node < 301; node++) {
        assertThat(mcts.tree().pending(node)).isZero();
      }
    }
  }
}
