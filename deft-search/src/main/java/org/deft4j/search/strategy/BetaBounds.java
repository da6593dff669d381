package org.deft4j.search.strategy;

import java.util.Arrays;

/**
 * Upper bounds, a block of slots at a time, on the chance that a draw from a slot's Beta posterior
 * lies above what was drawn so far: so that a choice among many children need look at few.
 *
 * <p>In the slots: shapes a (0 where there is none) and b, and {@code z = -log(b B(a,b))}. Beyond t
 * lies at most {@code M (1-t)^b / (b B(a,b))} of the mass, with M the larger of 1 and t^(a-1). The
 * logarithm of that is, but for M, a line in log(1-t); the highest of a block's lines is convex, so
 * between two points of a grid it is below the chord. Bounds widen with each change, and are made
 * anew after as many changes as a block has slots: amortised constant time.
 */
final class BetaBounds {
  /** Slots of a block, as a power of 2. */
  static final int SHIFT = 8;

  /** Slots of a block. */
  static final int SIZE = 1 << SHIFT;

  /** Where the highest line is kept: 0 and minus the powers of 2. 1 - t is at least 2^-53. */
  private static final int POINTS = 8;

  private final FlatTree tree;
  private double[] most = new double[0];
  private double[] leastA = new double[0];
  private int[] changes = new int[0];

  BetaBounds(FlatTree tree) {
    this.tree = tree;
  }

  /** A slot's numbers have changed. */
  void changed(int slot) {
    int block = slot >> SHIFT;
    room(block);
    if (++changes[block] < SIZE) {
      include(block, slot);
      return;
    }
    clear(block, block + 1);
    int end = Math.min(tree.x.length, (block + 1) << SHIFT);
    for (int at = block << SHIFT; at < end; at++) {
      include(block, at);
    }
  }

  private void room(int block) {
    int had = changes.length;
    if (block >= had) {
      int more = Math.max(block + 1, had + (had >> 1));
      most = Arrays.copyOf(most, more * POINTS);
      leastA = Arrays.copyOf(leastA, more);
      changes = Arrays.copyOf(changes, more);
      clear(had, more);
    }
  }

  private void clear(int from, int to) {
    Arrays.fill(most, from * POINTS, to * POINTS, Double.NEGATIVE_INFINITY);
    Arrays.fill(leastA, from, to, Double.POSITIVE_INFINITY);
    Arrays.fill(changes, from, to, 0);
  }

  private void include(int block, int slot) {
    double a = tree.x[slot];
    if (a > 0) {
      leastA[block] = Math.min(leastA[block], a);
      for (int k = 0; k < POINTS; k++) {
        int at = block * POINTS + k;
        most[at] = Math.max(most[at], tree.z[slot] + tree.y[slot] * point(k));
      }
    }
  }

  private static double point(int k) {
    return k == 0 ? 0 : -(double) (1 << (k - 1));
  }

  /**
   * The logarithm of a bound on the chance of each slot of a block.
   *
   * @param logTop log(t)
   * @param logRest log(1-t); NaN where there is no t yet, and no bound then
   */
  double log(int block, double logTop, double logRest) {
    if (block >= changes.length || leastA[block] == Double.POSITIVE_INFINITY) {
      return Double.NEGATIVE_INFINITY;
    }
    if (Double.isNaN(logRest)) {
      return Double.NaN;
    }
    int k = logRest > -1 ? 0 : Math.getExponent(logRest) + 1;
    double right = point(k);
    double left = point(k + 1);
    double share = (logRest - left) / (right - left);
    int at = block * POINTS + k;
    double line = share * most[at] + (1 - share) * most[at + 1];
    // Rounding must not put the bound below what it bounds.
    return line + (leastA[block] < 1 ? (leastA[block] - 1) * logTop : 0) + 1e-9;
  }
}
