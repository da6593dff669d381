package org.deft4j.search.strategy;

import java.util.Arrays;
import org.deft4j.search.Thought;

/**
 * Upper confidence bounds on a tree that widens as it is visited.
 *
 * <p>With N visits and O simulations in flight at a node, and n and o at a child, the child's bound
 * is {@code Q + c sqrt(ln(N + O) / (n + o))} (UCT), or {@code Q + c(N) P sqrt(N + O) / (1 + n + o)}
 * with {@code c(N) = ln((N + O + 19653) / 19652) + c} (PUCT, AlphaZero's schedule). Counting what
 * is in flight as visits without a value is WU-UCT (Liu et al., 2020); {@code virtualLoss} counts
 * it as visits of value 0 in Q too. Where a child that has no value yet would be the one to enter,
 * if its value were the mean of its siblings', the selection waits for it. A node takes another
 * child while it has fewer than {@code k (N + O)^alpha} samples.
 */
final class UctPolicy implements TreePolicy {
  private static final double BASE = 19652;

  private final FlatTree tree;
  private final Rule rule;
  private int[] visits = new int[16];
  private int[] inFlight = new int[16];
  private double[] sum = new double[16];
  private double[] most = new double[16];
  private double[] prior = new double[16];
  private double[] priors = new double[16];
  private double[] widenAt = new double[16];

  /**
   * The rule of selection.
   *
   * @param puct PUCT instead of UCT
   * @param exploration c
   * @param max a node is worth its best simulation instead of the mean of all
   * @param discount what a value keeps of itself on each level that it is passed up
   * @param virtualLoss what is in flight counts as lost
   * @param detour where the way leads to a thought without a value yet, the next best way is taken
   *     instead of waiting
   * @param width k
   * @param alpha alpha
   */
  record Rule(
      boolean puct,
      double exploration,
      boolean max,
      double discount,
      boolean virtualLoss,
      boolean detour,
      double width,
      double alpha) {
    Rule {
      Start.atLeastZero("exploration", exploration);
      Start.share("discount", discount);
      Start.share("alpha", alpha);
      if (!(width >= 1)) {
        throw new IllegalArgumentException("width must be at least 1, was " + width);
      }
    }
  }

  UctPolicy(FlatTree tree, Rule rule) {
    this.tree = tree;
    this.rule = rule;
  }

  private void room() {
    if (visits.length < tree.size()) {
      int more = Math.max(tree.size(), visits.length + (visits.length >> 1));
      visits = Arrays.copyOf(visits, more);
      inFlight = Arrays.copyOf(inFlight, more);
      sum = Arrays.copyOf(sum, more);
      most = Arrays.copyOf(most, more);
      prior = Arrays.copyOf(prior, more);
      priors = Arrays.copyOf(priors, more);
      widenAt = Arrays.copyOf(widenAt, more);
    }
  }

  @Override
  public int select() {
    int node = FlatTree.ROOT;
    while (true) {
      int count = Math.max(1, visits[node] + inFlight[node]);
      if (tree.open(node) && count > widenAt[node]) {
        return begin(node);
      }
      double bonus = bonus(node, count);
      int at = best(node, bonus);
      if (at >= 0 && !(tree.pending(node) > 0 && waits(node, at, bonus))) {
        node = tree.child(at);
      } else if (tree.live(node) == 0 && tree.pending(node) == 0 && tree.open(node)) {
        // All children are exhausted: the only way on is another one.
        return begin(node);
      } else if (node == FlatTree.ROOT || !rule.detour()) {
        return NONE;
      } else {
        // Passed by until something comes back from below.
        tree.x[tree.slot(node)] = Double.NEGATIVE_INFINITY;
        node = tree.parent(node);
      }
    }
  }

  /**
   * Whether a child that has no value yet would be entered if its value were the mean here. One
   * simulation at a time would know the value.
   */
  private boolean waits(int node, int at, double bonus) {
    double mean = visits[node] == 0 ? .5 : sum[node] / visits[node];
    return mean + bonus > tree.x[at] + bonus * tree.y[at];
  }

  /** The slot of the child with the highest bound; -1 where none can be entered now. */
  private int best(int node, double bonus) {
    double[] x = tree.x;
    double[] y = tree.y;
    int best = -1;
    double top = Double.NEGATIVE_INFINITY;
    for (int at = tree.first(node), end = at + tree.children(node); at < end; at++) {
      double bound = x[at] + bonus * y[at];
      if (bound > top) {
        top = bound;
        best = at;
      }
    }
    return best;
  }

  private double bonus(int node, int count) {
    return rule.puct()
        ? (Math.log((count + BASE + 1) / BASE) + rule.exploration())
            * Math.sqrt(count)
            / priors[node]
        : rule.exploration() * Math.sqrt(Math.log(count));
  }

  private int begin(int node) {
    widen(node, tree.samples(node) + 1);
    fly(node, 1);
    return node;
  }

  private void widen(int node, int samples) {
    double share = samples / rule.width();
    widenAt[node] =
        rule.alpha() == 0
            ? (share < 1 ? 0 : Double.POSITIVE_INFINITY)
            : rule.alpha() == .5 ? share * share : Math.pow(share, 1 / rule.alpha());
  }

  private void fly(int from, int change) {
    for (int node = from; node >= 0; node = tree.parent(node)) {
      inFlight[node] += change;
      refresh(node);
    }
  }

  /** Brings a node's slot up to date. */
  private void refresh(int node) {
    int at = tree.slot(node);
    if (at < 0) {
      return;
    }
    int n = visits[node];
    int all = n + inFlight[node];
    // A child is entered once it has a value, as in a search of one simulation at a time.
    tree.x[at] = n == 0 || tree.gone(node) ? Double.NEGATIVE_INFINITY : worth(node, n, all);
    tree.y[at] = rule.puct() ? prior[node] / (1 + all) : all == 0 ? 0 : 1 / Math.sqrt(all);
  }

  private double worth(int node, int n, int all) {
    double mean = rule.max() ? most[node] : sum[node] / n;
    return rule.virtualLoss() ? mean * n / all : mean;
  }

  @Override
  public void grown(int node, Thought thought) {
    room();
    double likely = Math.exp(thought.meanLogProb());
    prior[node] = Double.isNaN(likely) ? 1 : Math.max(likely, 1e-9);
    priors[tree.parent(node)] += prior[node];
    joined(node);
  }

  @Override
  public void joined(int node) {
    inFlight[node]++;
    refresh(node);
  }

  @Override
  public void settle(int node, double value) {
    double v = value;
    for (int n = node; n >= 0; n = tree.parent(n)) {
      inFlight[n]--;
      visits[n]++;
      sum[n] += v;
      most[n] = Math.max(most[n], v);
      refresh(n);
      v *= rule.discount();
    }
  }

  @Override
  public void abandon(int node) {
    widen(node, tree.samples(node));
    fly(node, -1);
  }

  @Override
  public void drop(int node) {
    widen(tree.parent(node), tree.samples(tree.parent(node)));
    fly(node, -1);
  }

  /**
   * How soon the node is entered again, as the negative of an estimate of the simulations until
   * then. A child is entered at its parent once the bounds of its siblings have come down to its
   * own, for which each must be visited so often as its bound then says; and a parent sees the
   * share of simulations that it saw so far.
   */
  @Override
  public double revisit(int node) {
    if (node == FlatTree.ROOT) {
      return 0;
    }
    int above = tree.parent(node);
    double share = 1;
    for (int n = above; n > FlatTree.ROOT; n = tree.parent(n)) {
      share *= (visits[n] + 1.0) / (visits[tree.parent(n)] + 1.0);
    }
    return revisit(above) - wait(node) / share;
  }

  /** Visits of a node's parent that go to its siblings before it is entered. */
  private double wait(int node) {
    if (visits[node] == 0) {
      return 0;
    }
    int above = tree.parent(node);
    int count = Math.max(1, visits[above] + inFlight[above]);
    double bonus = bonus(above, count);
    int own = tree.slot(node);
    double level = tree.x[own] + bonus * tree.y[own];
    double most = 4.0 * count + 16;
    double sum = 0;
    for (int at = tree.first(above), end = at + tree.children(above); at < end; at++) {
      double y = tree.y[at];
      if (at == own || !(tree.x[at] + bonus * y > level)) {
        continue;
      }
      double rest = level - tree.x[at];
      // Until x + bonus y(n) is level: y is 1 / sqrt(n), or P / (1 + n).
      double factor = bonus * y / rest;
      double now = visits[tree.child(at)] + inFlight[tree.child(at)];
      double more =
          rest <= 0 ? most : rule.puct() ? (factor - 1) * (1 + now) : (factor * factor - 1) * now;
      sum += Math.min(most, more);
    }
    return sum;
  }

  int visits(int node) {
    return visits[node];
  }

  int inFlight(int node) {
    return inFlight[node];
  }

  /** A child's bound at this moment. */
  double bound(int node) {
    int above = tree.parent(node);
    int at = tree.slot(node);
    return tree.x[at] + bonus(above, Math.max(1, visits[above] + inFlight[above])) * tree.y[at];
  }
}
