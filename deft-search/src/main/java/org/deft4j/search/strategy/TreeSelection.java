package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Chooses leaves of a tree: each leaf brings a gain, each node on the way to a chosen leaf costs
 * once however many chosen leaves share it, and each cluster of leaves brings a bonus once.
 *
 * <p>This is the selection problem of ETS (Hooper et al., 2025), which solves it as an integer
 * program. Up to {@value #EXACT} leaves all subsets are tried; beyond that, steepest ascent by
 * adding or dropping one leaf, or all leaves below one node, from several starting points. The
 * objective is a gain less a coverage cost plus a coverage bonus, so that single moves alone would
 * stop at leaves that only pay together: the moves of whole nodes are what opens those.
 */
final class TreeSelection {
  /** Most leaves for which every subset is tried. */
  static final int EXACT = 14;

  private static final int STARTS = 16;

  private final double[] gain;
  private final int[][] path;
  private final double[] cost;
  private final int[] cluster;
  private final double bonus;

  // The state of a search: which leaves are in, and how often each node and cluster is used.
  private boolean[] in;
  private int[] used;
  private int[] covered;
  private double value;

  /**
   * A problem.
   *
   * @param gain of each leaf
   * @param path for each leaf the nodes that it needs, itself included
   * @param cost of each node
   * @param cluster of each leaf
   * @param bonus of each cluster that a chosen leaf is in
   */
  TreeSelection(double[] gain, int[][] path, double[] cost, int[] cluster, double bonus) {
    this.gain = gain;
    this.path = path;
    this.cost = cost;
    this.cluster = cluster;
    this.bonus = bonus;
    this.in = new boolean[gain.length];
    this.used = new int[cost.length];
    this.covered = new int[Arrays.stream(cluster).max().orElse(-1) + 1];
  }

  /** The leaves to keep: at least one, if there are any. */
  boolean[] solve() {
    boolean[] best = gain.length <= EXACT ? enumerate() : ascend();
    boolean none = true;
    for (boolean b : best) {
      none &= !b;
    }
    if (none && best.length > 0) {
      int one = 0;
      for (int i = 1; i < gain.length; i++) {
        one = objective(single(i)) > objective(single(one)) ? i : one;
      }
      best[one] = true;
    }
    return best;
  }

  private boolean[] single(int leaf) {
    boolean[] one = new boolean[gain.length];
    one[leaf] = true;
    return one;
  }

  /** The value of a choice. */
  double objective(boolean[] chosen) {
    reset();
    for (int i = 0; i < chosen.length; i++) {
      if (chosen[i]) {
        flip(i);
      }
    }
    return value;
  }

  private void reset() {
    in = new boolean[gain.length];
    used = new int[cost.length];
    covered = new int[covered.length];
    value = 0;
  }

  private void flip(int leaf) {
    boolean add = !in[leaf];
    int step = add ? 1 : -1;
    in[leaf] = add;
    value += step * gain[leaf];
    for (int node : path[leaf]) {
      int before = used[node];
      used[node] += step;
      if (before == 0 || used[node] == 0) {
        value -= step * cost[node];
      }
    }
    int before = covered[cluster[leaf]];
    covered[cluster[leaf]] += step;
    if (before == 0 || covered[cluster[leaf]] == 0) {
      value += step * bonus;
    }
  }

  private boolean[] enumerate() {
    reset();
    boolean[] best = in.clone();
    double top = value;
    // Gray code: each subset differs from the one before in one leaf.
    for (int i = 1; i < 1 << gain.length; i++) {
      flip(Integer.numberOfTrailingZeros(i));
      if (value > top + 1e-12) {
        top = value;
        best = in.clone();
      }
    }
    return best;
  }

  /** The best of several ascents; package-private for a test against {@link #enumerate}. */
  boolean[] ascend() {
    boolean[] best = new boolean[gain.length];
    double top = 0;
    for (boolean[] from : starts()) {
      boolean[] found = ascend(from);
      double v = objective(found);
      if (v > top + 1e-12) {
        top = v;
        best = found;
      }
    }
    return best;
  }

  /** None, all, those that pay for themselves, and of these the ones below one node. */
  private List<boolean[]> starts() {
    boolean[] all = new boolean[gain.length];
    Arrays.fill(all, true);
    boolean[] worth = new boolean[gain.length];
    double[] below = new double[cost.length];
    for (int i = 0; i < gain.length; i++) {
      worth[i] = gain[i] > cost[path[i][0]];
      for (int node : path[i]) {
        below[node] += worth[i] ? gain[i] - cost[path[i][0]] : 0;
      }
    }
    List<boolean[]> starts = new ArrayList<>(List.of(new boolean[gain.length], all, worth));
    IntStream.range(0, cost.length)
        .boxed()
        .filter(n -> below[n] > 0)
        .sorted(Comparator.comparingDouble(n -> cost[n] - below[n]))
        .limit(STARTS)
        .forEach(n -> {
          boolean[] part = worth.clone();
          for (int i = 0; i < part.length; i++) {
            part[i] &= passes(i, n);
          }
          starts.add(part);
        });
    return starts;
  }

  private boolean[] ascend(boolean[] from) {
    objective(from);
    while (true) {
      double here = value;
      boolean[] start = in.clone();
      double top = here + 1e-12;
      boolean[] best = start;
      for (int i = 0; i < gain.length; i++) {
        flip(i);
        if (value > top) {
          top = value;
          best = in.clone();
        }
        flip(i);
      }
      for (int node = 0; node < cost.length; node++) {
        for (boolean on : new boolean[] {true, false}) {
          setBelow(node, on);
          if (value > top) {
            top = value;
            best = in.clone();
          }
          restore(start);
        }
      }
      if (best == start) {
        return start;
      }
      restore(best);
    }
  }

  private void setBelow(int node, boolean on) {
    for (int i = 0; i < gain.length; i++) {
      if (in[i] != on && passes(i, node)) {
        flip(i);
      }
    }
  }

  private boolean passes(int leaf, int node) {
    for (int n : path[leaf]) {
      if (n == node) {
        return true;
      }
    }
    return false;
  }

  private void restore(boolean[] state) {
    for (int i = 0; i < gain.length; i++) {
      if (in[i] != state[i]) {
        flip(i);
      }
    }
  }
}
