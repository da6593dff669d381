package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deft4j.search.Thought;

/**
 * Adaptive branching with a mixed model (AB-MCTS-M; Inoue et al., 2025): the scores below each
 * child j of a node are {@code y ~ N(alpha_j, sigma_y^2)} with {@code alpha_j ~ N(mu,
 * sigma_alpha^2)}; a new child's scores follow from a fresh alpha. A draw of the posterior
 * predictive for every child and for a new one decides. Priors: {@code mu ~ N(0.5, 0.2^2)}, {@code
 * sigma_alpha ~ HalfNormal(0.2)}, {@code sigma_y ~ HalfNormal(0.3)}.
 *
 * <p>The posterior of (mu, sigma_alpha, sigma_y) is sampled by Gibbs with the alphas integrated
 * out: mu from its normal, each sigma by slice sampling on its logarithm. Each node keeps the chain
 * where it was, so that a decision needs few sweeps. What is in flight adds {@code fantasy} of a
 * score at its child's shrunken mean.
 */
final class HierarchicalPolicy implements TreePolicy {
  private static final double MU = 0.5;
  private static final double MU_SCALE = 0.2;
  private static final double ALPHA_SCALE = 0.2;
  private static final double Y_SCALE = 0.3;

  private static final long SAMPLER = 0x5851f42d4c957f2dL;

  private final FlatTree tree;
  private final double fantasy;
  private final int sweeps;
  private final long seed;
  private final Draws draws = new Draws();
  private long decisions;

  private int[] count = new int[16];
  private double[] sum = new double[16];
  private double[] squares = new double[16];
  private int[] inFlight = new int[16];
  private int[] making = new int[16];
  // The chain of each node.
  private double[] mu = new double[16];
  private double[] logAlpha = new double[16];
  private double[] logY = new double[16];

  private final List<Chain> chains = new ArrayList<>();

  /** Where a node's chain was before a decision. */
  private final class Chain {
    private final int node;
    private final double m;
    private final double la;
    private final double ly;

    Chain(int node, double m, double la, double ly) {
      this.node = node;
      this.m = m;
      this.la = la;
      this.ly = ly;
    }

    void restore() {
      mu[node] = m;
      logAlpha[node] = la;
      logY[node] = ly;
    }
  }

  // The groups of the node at hand: numbers and means, and the pooled sum of squares within.
  private double[] groupCount = new double[16];
  private double[] groupMean = new double[16];
  private int groups;
  private double within;
  private double total;

  HierarchicalPolicy(FlatTree tree, double fantasy, int sweeps, long seed) {
    Start.share("fantasy", fantasy);
    Start.atLeastOne("sweeps", sweeps);
    this.tree = tree;
    this.fantasy = fantasy;
    this.sweeps = sweeps;
    this.seed = seed;
    begin(0, mu.length);
  }

  private void begin(int from, int to) {
    Arrays.fill(mu, from, to, MU);
    Arrays.fill(logAlpha, from, to, Math.log(.1));
    Arrays.fill(logY, from, to, Math.log(.15));
  }

  private void room() {
    int before = count.length;
    if (before < tree.size()) {
      int more = Math.max(tree.size(), before + (before >> 1));
      count = Arrays.copyOf(count, more);
      sum = Arrays.copyOf(sum, more);
      squares = Arrays.copyOf(squares, more);
      inFlight = Arrays.copyOf(inFlight, more);
      making = Arrays.copyOf(making, more);
      mu = Arrays.copyOf(mu, more);
      logAlpha = Arrays.copyOf(logAlpha, more);
      logY = Arrays.copyOf(logY, more);
      begin(before, more);
    }
  }

  @Override
  public int select() {
    chains.clear();
    int node = descend();
    if (node == NONE) {
      // A draw that has to wait is drawn again, from the same numbers and chains, once something
      // has
      // come back: others would make children until one draw need not wait.
      chains.forEach(Chain::restore);
    } else {
      decisions++;
    }
    return node;
  }

  private int descend() {
    int node = FlatTree.ROOT;
    while (true) {
      boolean childless = tree.children(node) == 0 && making[node] == 0;
      if (tree.open(node) && childless) {
        return fly(node);
      }
      if (tree.live(node) == 0) {
        return tree.open(node) && tree.pending(node) == 0 ? fly(node) : NONE;
      }
      int next = decide(node);
      if (next == node) {
        return fly(node);
      }
      if (next == NONE) {
        return NONE;
      }
      node = next;
    }
  }

  /** A child to enter, the node itself for a new child, or {@link #NONE} to wait. */
  private int decide(int node) {
    chains.add(new Chain(node, mu[node], logAlpha[node], logY[node]));
    // The sampler takes as many numbers as it needs; the draws of the children do not shift with
    // it.
    draws.at(seed ^ SAMPLER, decisions);
    sample(node, sweeps);
    draws.at(seed + tree.depth(node), decisions);
    double sigmaAlpha = Math.exp(logAlpha[node]);
    double sigmaY = Math.exp(logY[node]);
    double top = Double.NEGATIVE_INFINITY;
    int best = NONE;
    if (tree.open(node)) {
      top = mu[node] + Math.hypot(sigmaAlpha, sigmaY) * draws.nextGaussian();
      best = node;
    }
    int first = tree.first(node);
    for (int i = 0; i < tree.children(node); i++) {
      int child = tree.child(first + i);
      if (tree.gone(child)) {
        continue;
      }
      double n = count[child] + fantasy * inFlight[child];
      double mean = count[child] == 0 ? mu[node] : sum[child] / count[child];
      double precision = 1 / (sigmaAlpha * sigmaAlpha) + n / (sigmaY * sigmaY);
      double location =
          (mu[node] / (sigmaAlpha * sigmaAlpha) + n * mean / (sigmaY * sigmaY)) / precision;
      double alpha = location + draws.nextGaussian() / Math.sqrt(precision);
      double y = alpha + sigmaY * draws.nextGaussian();
      if (y > top) {
        top = y;
        // A child without a value stands for itself, but cannot be entered yet.
        best = count[child] == 0 ? NONE : child;
      }
    }
    // Children on their way, which have no node yet.
    for (int i = unborn(node); i > 0; i--) {
      double y = mu[node] + Math.hypot(sigmaAlpha, sigmaY) * draws.nextGaussian();
      if (y > top) {
        top = y;
        best = NONE;
      }
    }
    return best;
  }

  private int unborn(int node) {
    int valueless = 0;
    int first = tree.first(node);
    for (int i = 0; i < tree.children(node); i++) {
      valueless += count[tree.child(first + i)] == 0 ? 1 : 0;
    }
    return Math.max(0, making[node] - valueless);
  }

  /** Moves a node's chain on by so many sweeps. */
  private void sample(int node, int times) {
    gather(node);
    for (int i = 0; i < times; i++) {
      double vAlpha = Math.exp(2 * logAlpha[node]);
      double vY = Math.exp(2 * logY[node]);
      double precision = 1 / (MU_SCALE * MU_SCALE);
      double weighted = MU / (MU_SCALE * MU_SCALE);
      for (int g = 0; g < groups; g++) {
        double p = 1 / (vAlpha + vY / groupCount[g]);
        precision += p;
        weighted += p * groupMean[g];
      }
      mu[node] = weighted / precision + draws.nextGaussian() / Math.sqrt(precision);
      logAlpha[node] = slice(mu[node], logAlpha[node], logY[node], true);
      logY[node] = slice(mu[node], logAlpha[node], logY[node], false);
    }
  }

  private void gather(int node) {
    int n = tree.children(node);
    if (groupCount.length < n) {
      groupCount = new double[2 * n];
      groupMean = new double[2 * n];
    }
    groups = 0;
    within = 0;
    total = 0;
    int first = tree.first(node);
    for (int i = 0; i < n; i++) {
      int child = tree.child(first + i);
      if (count[child] > 0) {
        double mean = sum[child] / count[child];
        groupCount[groups] = count[child];
        groupMean[groups++] = mean;
        within += Math.max(0, squares[child] - sum[child] * mean);
        total += count[child];
      }
    }
  }

  /** Log of the posterior density of the two logarithms, mu given, up to a constant. */
  private double density(double m, double la, double ly) {
    double vAlpha = Math.exp(2 * la);
    double vY = Math.exp(2 * ly);
    double log =
        la
            - vAlpha / (2 * ALPHA_SCALE * ALPHA_SCALE)
            + ly
            - vY / (2 * Y_SCALE * Y_SCALE)
            - (total - groups) * ly
            - within / (2 * vY);
    for (int g = 0; g < groups; g++) {
      double v = vAlpha + vY / groupCount[g];
      double off = groupMean[g] - m;
      log -= 0.5 * (Math.log(v) + off * off / v);
    }
    return log;
  }

  /** Slice sampling with stepping out and shrinkage (Neal, 2003) of one of the logarithms. */
  private double slice(double m, double la, double ly, boolean alpha) {
    double x = alpha ? la : ly;
    double level = density(m, la, ly) + Math.log(draws.unit());
    double low = x - draws.unit();
    double high = low + 1;
    for (int i = 0; i < 20 && density(m, alpha ? low : la, alpha ? ly : low) > level; i++) {
      low -= 1;
    }
    for (int i = 0; i < 20 && density(m, alpha ? high : la, alpha ? ly : high) > level; i++) {
      high += 1;
    }
    while (true) {
      double at = low + draws.unit() * (high - low);
      if (density(m, alpha ? at : la, alpha ? ly : at) >= level) {
        return at;
      }
      if (at < x) {
        low = at;
      } else {
        high = at;
      }
      if (high - low < 1e-12) {
        return x;
      }
    }
  }

  private int fly(int node) {
    making[node]++;
    path(node, 1);
    return node;
  }

  private void path(int from, int change) {
    for (int node = from; node > FlatTree.ROOT; node = tree.parent(node)) {
      inFlight[node] += change;
    }
  }

  @Override
  public void grown(int node, Thought thought) {
    room();
  }

  @Override
  public void joined(int node) {}

  @Override
  public void settle(int node, double value) {
    abandon(tree.parent(node));
    for (int n = node; n > FlatTree.ROOT; n = tree.parent(n)) {
      count[n]++;
      sum[n] += value;
      squares[n] += value * value;
    }
  }

  @Override
  public void abandon(int node) {
    making[node]--;
    path(node, -1);
  }

  @Override
  public void drop(int node) {
    abandon(tree.parent(node));
  }

  /** The least mean on the path, with twice its standard error. */
  @Override
  public double revisit(int node) {
    double least = Double.MAX_VALUE;
    for (int n = node; n > FlatTree.ROOT; n = tree.parent(n)) {
      double mean = count[n] == 0 ? MU : sum[n] / count[n];
      least = Math.min(least, mean + 2 * Math.exp(logY[n]) / Math.sqrt(Math.max(1, count[n])));
    }
    return least;
  }

  /** Puts a simulation in flight that continues this node, whatever a draw would say. */
  void launch(int node) {
    fly(node);
  }

  /**
   * Draws of a node's (mu, sigma_alpha, sigma_y), one a row, for a test of the sampler.
   *
   * @param skip sweeps before the first draw
   */
  double[][] chain(int node, int skip, int length) {
    draws.at(seed, decisions++);
    sample(node, skip);
    double[][] rows = new double[length][];
    for (int i = 0; i < length; i++) {
      sample(node, 1);
      rows[i] = new double[] {mu[node], Math.exp(logAlpha[node]), Math.exp(logY[node])};
    }
    return rows;
  }
}
