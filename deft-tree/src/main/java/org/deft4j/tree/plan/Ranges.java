package org.deft4j.tree.plan;

import java.util.Arrays;

/** The groups of each node's path as linked ranges, shared by all below it. */
final class Ranges {
  private int[] first = new int[64];
  private int[] end = new int[64];
  private int[] above = new int[64];
  private int[] stack = new int[64];

  /** First and last group (exclusive) that hold each row's own segment, filled by the planner. */
  int[] rowEnd = new int[64];

  void reset(int nodes, int rows) {
    if (nodes > first.length) {
      int n = Math.max(nodes, first.length * 2);
      first = new int[n];
      end = new int[n];
      above = new int[n];
    }
    if (rows > rowEnd.length) {
      rowEnd = new int[Math.max(rows, rowEnd.length * 2)];
    }
  }

  /** Node {@code k}'s groups [{@code a}, {@code b}) below those of its parent. */
  void link(int k, int parent, int a, int b) {
    if (a == b && parent >= 0) {
      first[k] = first[parent];
      end[k] = end[parent];
      above[k] = above[parent];
    } else if (parent >= 0 && a <= end[parent]) {
      // Blocks that the parent shares with the node, or that follow at once: one range.
      first[k] = first[parent];
      end[k] = Math.max(end[parent], b);
      above[k] = above[parent];
    } else {
      first[k] = a;
      end[k] = b;
      above[k] = parent;
    }
  }

  /**
   * Ends row {@code r}, which sees the path above {@code parent} and groups [{@code a}, {@code b}).
   */
  void emit(AttentionPlan plan, int r, int parent, int a, int b) {
    int n = 0;
    int lo = a;
    int up = parent;
    if (up >= 0 && a <= end[up]) {
      lo = first[up];
      up = above[up];
    }
    while (up >= 0) {
      if (n == stack.length) {
        stack = Arrays.copyOf(stack, n * 2);
      }
      stack[n++] = up;
      up = above[up];
    }
    while (n > 0) {
      int k = stack[--n];
      if (first[k] < end[k]) {
        plan.addRange(first[k], end[k]);
      }
    }
    plan.addRange(lo, b);
    plan.endRow(r);
  }
}
