package org.deft4j.search.strategy;

import java.util.Arrays;
import org.deft4j.search.Thought;

/**
 * Adaptive branching with node aggregation (AB-MCTS-A; Inoue et al., 2025): at each node a draw
 * from the posterior of what a new child is worth is set against one of what its children's
 * descendants are worth; where the latter is higher, the child with the highest draw is entered.
 *
 * <p>Scores are normal with a normal-inverse-chi-squared prior, or lie in 0..1 with a Beta prior.
 * With n scores of mean a and sum of squared deviations s, the posterior of the mean is
 *
 * <pre>
 * kappa' = kappa + n, nu' = nu + n, m' = (kappa m + n a) / kappa'
 * nu' tau'^2 = nu tau^2 + s + n kappa (a - m)^2 / kappa'
 * mean ~ m' + tau' / sqrt(kappa') t(nu')
 * </pre>
 *
 * <p>What is in flight adds {@code fantasy} of a score at the posterior's own mean: m' stays, the
 * rest grows as if the score had come. A node whose children are all in flight is waited for where
 * a child would be entered, so that many simulations at once build the tree that one at a time
 * would.
 */
final class ThompsonPolicy implements TreePolicy {
  /** Logarithm of a chance below which children are not looked at one by one. */
  private static final double FEW = Math.log(1 / 16.0);

  private final FlatTree tree;
  private final Prior prior;
  private final long seed;
  private final Draws draws = new Draws();

  /** Of Beta posteriors in the tree's slots. */
  private final BetaBounds bounds;

  private long decisions;

  // Scores of a node's own children when they were made, and of what came below those.
  private int[] made = new int[16];
  private double[] madeSum = new double[16];
  private double[] madeSquares = new double[16];
  private int[] below = new int[16];
  private double[] belowSum = new double[16];
  private double[] belowSquares = new double[16];
  // Simulations in flight that make a child here, and such that enter a child.
  private int[] making = new int[16];
  private int[] entered = new int[16];
  // Scores of the node itself and of all below it; in the slots: location, scale, degrees; of a
  // Beta its shapes a and b, and -log(b B(a,b)).
  private int[] count = new int[16];
  private double[] sum = new double[16];
  private double[] squares = new double[16];
  private int[] inFlight = new int[16];

  /** Where a node's slots began when they were last seen. */
  private int[] began = new int[16];

  /** The highest draw of the last choice among children. */
  private double top;

  private double location;
  private double scale;
  private double degrees;

  /** The prior. */
  sealed interface Prior {
    /** How much of a score a simulation in flight counts, 0 to 1. */
    double fantasy();

    /** Normal-inverse-chi-squared. */
    record Normal(double m, double kappa, double nu, double tauSquared, double fantasy)
        implements Prior {
      public Normal {
        Start.share("fantasy", fantasy);
        if (!(kappa > 0 && nu > 0 && tauSquared > 0)) {
          throw new IllegalArgumentException(
              "kappa, nu and tau-squared must be above 0, were "
                  + kappa
                  + ", "
                  + nu
                  + ", "
                  + tauSquared);
        }
      }
    }

    /** Beta. */
    record Beta(double a, double b, double fantasy) implements Prior {
      public Beta {
        Start.share("fantasy", fantasy);
        if (!(a > 0 && b > 0)) {
          throw new IllegalArgumentException("a and b must be above 0, were " + a + ", " + b);
        }
      }
    }
  }

  ThompsonPolicy(FlatTree tree, Prior prior, long seed) {
    this.tree = tree;
    this.prior = prior;
    this.seed = seed;
    this.bounds = new BetaBounds(tree);
  }

  private void room() {
    if (made.length < tree.size()) {
      int more = Math.max(tree.size(), made.length + (made.length >> 1));
      made = Arrays.copyOf(made, more);
      madeSum = Arrays.copyOf(madeSum, more);
      madeSquares = Arrays.copyOf(madeSquares, more);
      below = Arrays.copyOf(below, more);
      belowSum = Arrays.copyOf(belowSum, more);
      belowSquares = Arrays.copyOf(belowSquares, more);
      making = Arrays.copyOf(making, more);
      entered = Arrays.copyOf(entered, more);
      count = Arrays.copyOf(count, more);
      sum = Arrays.copyOf(sum, more);
      squares = Arrays.copyOf(squares, more);
      inFlight = Arrays.copyOf(inFlight, more);
      began = Arrays.copyOf(began, more);
    }
  }

  @Override
  public int select() {
    int node = descend();
    // A draw that has to wait is drawn again, from the same numbers, once something has come back:
    // other numbers would make children until one draw need not wait.
    decisions += node == NONE ? 0 : 1;
    return node;
  }

  private int descend() {
    draws.at(seed, decisions);
    int node = FlatTree.ROOT;
    while (true) {
      boolean childless = tree.children(node) == 0 && making[node] == 0;
      if (tree.open(node) && (childless || makes(node))) {
        return begin(node);
      }
      int at = best(node);
      if (at >= 0 && top < unborn(node)) {
        return NONE;
      }
      if (at >= 0) {
        node = tree.child(at);
      } else if (tree.live(node) == 0 && tree.pending(node) == 0 && tree.open(node)) {
        return begin(node);
      } else {
        return NONE;
      }
    }
  }

  /** The highest draw of the children that have no value yet, each taken to have the mean one. */
  private double unborn(int node) {
    double highest = Double.NEGATIVE_INFINITY;
    if (making[node] > 0) {
      posterior(made[node], madeSum[node], madeSquares[node], 0);
      double mean = prior instanceof Prior.Beta ? location / (location + scale) : location;
      for (int i = 0; i < making[node]; i++) {
        highest = Math.max(highest, draw(1, mean, mean * mean, 0));
      }
    }
    return highest;
  }

  private boolean makes(int node) {
    double fresh =
        draw(made[node], madeSum[node], madeSquares[node], making[node] * prior.fantasy());
    double old =
        draw(below[node], belowSum[node], belowSquares[node], entered[node] * prior.fantasy());
    return fresh >= old;
  }

  private double draw(int n, double total, double squared, double fantasies) {
    posterior(n, total, squared, fantasies);
    return prior instanceof Prior.Beta
        ? draws.beta(location, scale)
        : location + scale * draws.student(degrees);
  }

  /** Location, scale and degrees of freedom of the mean's posterior; of a Beta its two shapes. */
  private void posterior(int n, double total, double squared, double fantasies) {
    switch (prior) {
      case Prior.Beta p -> {
        double a = p.a() + total;
        double b = p.b() + n - total;
        double more = 1 + fantasies / (a + b);
        location = a * more;
        scale = b * more;
        degrees = 0;
      }
      case Prior.Normal p -> {
        double mean = n == 0 ? 0 : total / n;
        double deviations = n == 0 ? 0 : Math.max(0, squared - total * mean);
        double kappa = p.kappa() + n;
        double off = mean - p.m();
        double spread = p.nu() * p.tauSquared() + deviations + n * p.kappa() * off * off / kappa;
        location = (p.kappa() * p.m() + total) / kappa;
        degrees = p.nu() + n + fantasies;
        scale = Math.sqrt(spread / degrees / (kappa + fantasies));
      }
    }
  }

  /** The slot of the child with the highest draw; -1 where none can be entered now. */
  private int best(int node) {
    int first = tree.first(node);
    int end = first + tree.children(node);
    return prior instanceof Prior.Beta ? bestOfBetas(first, end) : bestOfNormals(first, end);
  }

  /**
   * Draws above the highest so far alone, exactly: beyond t a Beta density is at most {@code M
   * (1-x)^(b-1) / B(a,b)} with M the larger of 1 and t^(a-1), which holds {@code M (1-t)^b / (b
   * B(a,b))} of the mass. With that chance a point is drawn from the bound and kept as often as the
   * density is below it there; else the child's draw lies below t, wherever that is.
   *
   * <p>Where that chance is small for a whole block of children, the next one that comes into
   * question under the block's bound is drawn instead, and taken as often as its own chance is part
   * of it.
   */
  private int bestOfBetas(int first, int end) {
    double[] a = tree.x;
    double[] b = tree.y;
    double[] bound = tree.z;
    int best = -1;
    double highest = Double.NEGATIVE_INFINITY;
    double logTop = Double.NaN;
    double logRest = Double.NaN;
    int at = first;
    while (at < end && highest < 1) {
      int stop = Math.min(end, (at | BetaBounds.SIZE - 1) + 1);
      double most = bounds.log(at >> BetaBounds.SHIFT, logTop, logRest);
      boolean few = most < FEW;
      double chance = few ? Math.exp(most) : 1;
      while (at < stop) {
        at += few ? draws.failures(chance, stop - at) : 0;
        if (at == stop) {
          break;
        }
        int here = at++;
        if (a[here] <= 0) {
          continue;
        }
        double log = bound[here] + b[here] * logRest + (a[here] < 1 ? (a[here] - 1) * logTop : 0);
        double value;
        if (!(log < 0)) {
          value = draws.beta(a[here], b[here]);
        } else if (!draws.within(few ? log - most : log)) {
          continue;
        } else {
          value = 1 - (1 - highest) * Math.pow(draws.unit(), 1 / b[here]);
          double over = a[here] < 1 ? value / highest : value;
          if (Math.log(draws.unit()) >= (a[here] - 1) * Math.log(over)) {
            continue;
          }
        }
        if (value > highest) {
          highest = value;
          best = here;
          // NaN while the highest is 0: no bound then.
          logTop = highest > 0 ? Math.log(highest) : Double.NaN;
          logRest = Math.log1p(-highest);
          break;
        }
      }
    }
    top = highest;
    return best;
  }

  private int bestOfNormals(int first, int end) {
    double[] x = tree.x;
    double[] y = tree.y;
    double[] z = tree.z;
    int best = -1;
    top = Double.NEGATIVE_INFINITY;
    for (int at = first; at < end; at++) {
      double nu = z[at];
      if (nu == 0) {
        continue;
      }
      // Bailey's polar method as in Draws.student; the power is taken only where it can matter.
      double u;
      double w;
      do {
        u = 2 * draws.unit() - 1;
        double v = 2 * draws.unit() - 1;
        w = u * u + v * v;
      } while (w >= 1 || w == 0);
      // nu (w^(-2/nu) - 1) falls as nu grows: its value at a smaller nu bounds it.
      double inverse = 1 / w;
      double bound =
          nu >= 4
              ? 4 * (Math.sqrt(inverse) - 1)
              : nu >= 2 ? 2 * (inverse - 1) : inverse * inverse - 1;
      double gap = top - x[at];
      double reach = y[at] * u;
      boolean hopeless =
          gap > 0 ? reach <= 0 || reach * reach * bound * inverse < gap * gap : false;
      if (!hopeless) {
        double t = u * Math.sqrt(nu * (Math.pow(w, -2 / nu) - 1) * inverse);
        double value = x[at] + y[at] * t;
        if (value > top) {
          top = value;
          best = at;
        }
      }
    }
    return best;
  }

  private int begin(int node) {
    making[node]++;
    path(node, 1);
    return node;
  }

  /** Counts a simulation that passes through these nodes, in or out. */
  private void path(int from, int change) {
    for (int node = from; node > FlatTree.ROOT; node = tree.parent(node)) {
      inFlight[node] += change;
      entered[tree.parent(node)] += change;
      refresh(node);
    }
  }

  private void refresh(int node) {
    int at = tree.slot(node);
    if (count[node] == 0 || tree.gone(node)) {
      tree.x[at] = 0;
      tree.y[at] = 0;
      tree.z[at] = 0;
    } else {
      posterior(count[node], sum[node], squares[node], inFlight[node] * prior.fantasy());
      tree.x[at] = location;
      tree.y[at] = scale;
      tree.z[at] =
          prior instanceof Prior.Beta ? -Math.log(scale) - Draws.logBeta(location, scale) : degrees;
    }
    if (prior instanceof Prior.Beta) {
      bounds.changed(at);
    }
  }

  @Override
  public void grown(int node, Thought thought) {
    room();
    refresh(node);
    int above = tree.parent(node);
    int first = tree.first(above);
    if (prior instanceof Prior.Beta && began[above] != first) {
      // The children have moved to other slots.
      began[above] = first;
      for (int i = 0; i < tree.children(above); i++) {
        bounds.changed(first + i);
      }
    }
  }

  @Override
  public void joined(int node) {}

  @Override
  public void settle(int node, double value) {
    int maker = tree.parent(node);
    making[maker]--;
    path(maker, -1);
    made[maker]++;
    madeSum[maker] += value;
    madeSquares[maker] += value * value;
    for (int n = node; n > FlatTree.ROOT; n = tree.parent(n)) {
      count[n]++;
      sum[n] += value;
      squares[n] += value * value;
      refresh(n);
      if (n != node) {
        int above = tree.parent(n);
        below[above]++;
        belowSum[above] += value;
        belowSquares[above] += value * value;
      }
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

  /** The least upper quantile of the posteriors on the path, two scales up. */
  @Override
  public double revisit(int node) {
    double least = Double.MAX_VALUE;
    for (int n = node; n > FlatTree.ROOT; n = tree.parent(n)) {
      posterior(count[n], sum[n], squares[n], 0);
      double upper =
          prior instanceof Prior.Beta ? location / (location + scale) : location + 2 * scale;
      least = Math.min(least, upper);
    }
    return least;
  }

  /** Puts a simulation in flight that continues this node, whatever a draw would say. */
  void launch(int node) {
    begin(node);
  }

  /** Which child a draw of this decision enters, counted from 0. */
  int thompson(int node, long decision) {
    draws.at(seed, decision);
    return best(node) - tree.first(node);
  }

  /**
   * The posterior of what a node's own and its descendants' scores say: location, scale, degrees;
   * of a Beta its shapes.
   */
  double[] posteriorOf(int node) {
    posterior(count[node], sum[node], squares[node], inFlight[node] * prior.fantasy());
    return new double[] {location, scale, degrees};
  }

  /** The same of what a new child of the node would score. */
  double[] posteriorOfMaking(int node) {
    posterior(made[node], madeSum[node], madeSquares[node], making[node] * prior.fantasy());
    return new double[] {location, scale, degrees};
  }

  /** The same of what lies below the node's children. */
  double[] posteriorOfEntering(int node) {
    posterior(below[node], belowSum[node], belowSquares[node], entered[node] * prior.fantasy());
    return new double[] {location, scale, degrees};
  }
}
