package org.deft4j.engine;

import java.util.Arrays;
import java.util.Objects;
import org.deft4j.tree.Forest;
import org.deft4j.tree.RowBatch;
import org.deft4j.tree.RowLayout;
import org.jspecify.annotations.Nullable;

/**
 * Which tokens one step computes, and for which of them logits are wanted, by whom.
 *
 * <p>Branches share ancestors: a token is added once a step, whoever needs it.
 */
final class StepRows {
  private final Forest forest;
  private final RowBatch batch;
  private int budget;

  // By segment id, valid for the step in stamp: how far it is computed after this step, and whether
  // its last token is computed once more.
  private int[] planned = new int[64];
  private int[] plannedStamp = new int[64];
  private int[] againStamp = new int[64];

  // By segment id: the path length at which its last token was a sampled one.
  private int[] sampledEnd = new int[64];
  private int step;

  private int[] path = new int[16];

  private int wants;
  private int[] wantSegment = new int[16];
  private int[] wantIndex = new int[16];
  private int[] wantItem = new int[16];
  private @Nullable Node[] wantNode = new @Nullable Node[16];
  private long[] order = new long[16];

  /** Rows of this step that belong to prompts, extensions and what was evicted. */
  int prefilled;

  /** Rows of this step that were computed before. */
  int again;

  /** Path position up to which all was computed before the last {@link #addPath}. */
  int computedBefore;

  StepRows(Forest forest) {
    this.forest = forest;
    batch = new RowBatch(forest);
  }

  /** Starts a step of at most {@code chunk} rows, decoding branches aside. */
  void begin(int chunk) {
    batch.clear();
    budget = chunk;
    step++;
    Arrays.fill(wantNode, 0, wants, null);
    wants = 0;
    prefilled = 0;
    again = 0;
  }

  /** Leaves at least so many rows for prompts. */
  void leaveFor(int prefill) {
    budget = Math.max(budget, prefill);
  }

  boolean isEmpty() {
    return batch.isEmpty();
  }

  /** Orders the rows; see {@link RowBatch#layout}. */
  RowLayout layout() {
    return batch.layout();
  }

  /** The rows are computed. */
  void commit() {
    batch.commit();
  }

  /** Says that the last token of a segment was sampled, so that it counts for no prompt. */
  void sampled(int segment) {
    reserve(segment);
    sampledEnd[segment] = forest.pathLength(segment);
  }

  private void reserve(int segment) {
    if (segment >= planned.length) {
      int n = Math.max(segment + 1, planned.length * 2);
      planned = Arrays.copyOf(planned, n);
      plannedStamp = Arrays.copyOf(plannedStamp, n);
      againStamp = Arrays.copyOf(againStamp, n);
      sampledEnd = Arrays.copyOf(sampledEnd, n);
    }
  }

  private int computedTo(int segment) {
    reserve(segment);
    return plannedStamp[segment] == step ? planned[segment] : forest.filled(segment);
  }

  /** Adds the newest token of a decoding branch, whatever the budget. */
  void addNewest(int segment) {
    int filled = forest.filled(segment);
    if (computedTo(segment) == filled) {
      batch.add(segment, filled, 1);
      planned[segment] = filled + 1;
      plannedStamp[segment] = step;
      budget--;
      prefilled += sampledEnd[segment] == forest.pathLength(segment) ? 0 : 1;
    }
  }

  /** Whether a branch lacks its newest token alone. */
  boolean lacksNewestOnly(Node node) {
    int s = node.segment;
    if (forest.length(s) - forest.filled(s) != 1) {
      return false;
    }
    if (!node.ready) {
      for (int p = forest.parent(s); p != Forest.NONE; p = forest.parent(p)) {
        if (forest.filled(p) < forest.length(p)) {
          return false;
        }
      }
      node.ready = true;
    }
    return true;
  }

  /**
   * Adds what is not computed of a path, from the top, as far as the budget goes.
   *
   * @param end path position past the last token needed
   * @return path position up to which all is computed after this step
   */
  int addPath(Node node, int end) {
    int depth = 0;
    for (int s = node.segment; s != Forest.NONE; s = forest.parent(s)) {
      if (depth == path.length) {
        path = Arrays.copyOf(path, depth * 2);
      }
      path[depth++] = s;
    }
    computedBefore = -1;
    while (depth > 0) {
      int s = path[--depth];
      int start = forest.start(s);
      int limit = Math.min(forest.length(s), end - start);
      int from = computedTo(s);
      int filled = forest.filled(s);
      if (computedBefore < 0 && filled < forest.length(s)) {
        computedBefore = start + filled;
      }
      if (from < limit) {
        int n = Math.min(limit - from, Math.max(0, budget));
        if (n > 0) {
          // The batch joins runs of a segment; each begins where nothing is computed.
          batch.add(s, filled, from + n - filled);
          planned[s] = from + n;
          plannedStamp[s] = step;
          budget -= n;
          boolean sampled = from + n == forest.length(s) && sampledEnd[s] == start + from + n;
          prefilled += sampled ? n - 1 : n;
        }
        if (n < limit - from) {
          return start + from + n;
        }
      }
    }
    if (computedBefore < 0) {
      computedBefore = end;
    }
    return end;
  }

  /**
   * Asks for the logits after the token at a path position that is computed now or was before.
   *
   * @param item what of the node's request they are for
   */
  void want(Node node, int position, int item) {
    int s = node.segment;
    while (forest.start(s) > position) {
      s = forest.parent(s);
    }
    int index = position - forest.start(s);
    reserve(s);
    if (index < forest.filled(s) && !(againStamp[s] == step && index == forest.length(s) - 1)) {
      batch.add(s, index, 1);
      if (index == forest.length(s) - 1) {
        againStamp[s] = step;
      }
      again++;
    }
    if (wants == wantNode.length) {
      int n = wants * 2;
      wantSegment = Arrays.copyOf(wantSegment, n);
      wantIndex = Arrays.copyOf(wantIndex, n);
      wantItem = Arrays.copyOf(wantItem, n);
      wantNode = Arrays.copyOf(wantNode, n);
    }
    wantSegment[wants] = s;
    wantIndex[wants] = index;
    wantItem[wants] = item;
    wantNode[wants++] = node;
  }

  /** Number of wants. */
  int wants() {
    return wants;
  }

  /** Wants in ascending order of rows: row in the upper, number of the want in the lower half. */
  long[] ordered(RowLayout layout) {
    if (order.length < wants) {
      order = new long[Math.max(wants, order.length * 2)];
    }
    int[] indexOf = layout.rowIndex();
    for (int w = 0; w < wants; w++) {
      int first = layout.firstRow(wantSegment[w]);
      order[w] = (long) (first + wantIndex[w] - indexOf[first]) << 32 | w;
    }
    Arrays.sort(order, 0, wants);
    return order;
  }

  Node wantNode(int want) {
    return Objects.requireNonNull(wantNode[want]);
  }

  int wantItem(int want) {
    return wantItem[want];
  }
}
