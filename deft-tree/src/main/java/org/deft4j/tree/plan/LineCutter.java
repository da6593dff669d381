package org.deft4j.tree.plan;

import org.deft4j.tree.RowLayout;

/**
 * The KV-guided groupings: nodes in preorder, end to end, cut at blocks ({@code flatten}), at nodes
 * ({@code node}) or at both ({@code node-chunk}). Each block meets all rows that see any of it; as
 * nodes stand in preorder these are one interval.
 */
final class LineCutter {
  private final Ranges ranges = new Ranges();

  void plan(
      RowLayout layout,
      PlanOptions options,
      AttentionPlan plan,
      PieceWriter writer,
      LeafGrowth growth) {
    int nodes = layout.nodes();
    int[] parent = layout.nodeParent();
    int[] rowLo = layout.nodeRowLo();
    int[] ownEnd = layout.nodeOwnEnd();
    int[] firsts = layout.nodeFirst();
    int[] tokens = layout.nodeTokens();
    ranges.reset(nodes, layout.rows());
    AttentionMethod method = plan.method();
    boolean flatten = method == AttentionMethod.FLATTEN;
    growth.begin(
        layout, method == AttentionMethod.NODE ? Integer.MAX_VALUE : options.blockTokens() / 2 + 1);
    int block = Integer.MAX_VALUE;
    int room = Integer.MAX_VALUE;
    for (int k = 0; k < nodes; k++) {
      int n = tokens[k];
      if (flatten) {
        if (parent[k] < 0) {
          block = options.block(treeTokens(layout, k));
          room = block;
        }
      } else {
        block = method == AttentionMethod.NODE ? n : options.block(n);
        room = block;
      }
      boolean last = !flatten || k + 1 == nodes || parent[k + 1] < 0;
      writer.node(layout, k);
      int firstGroup = plan.groups();
      int own = ownEnd[k] - rowLo[k];
      int limit = firsts[k] + own;
      int a = 0;
      while (a < n) {
        int b = Math.min(n, a + room);
        writer.tokens(a, b);
        for (int i = Math.max(a, firsts[k]); i < Math.min(b, limit); i++) {
          ranges.rowEnd[rowLo[k] + i - firsts[k]] = plan.groups() + 1;
        }
        room -= b - a;
        a = b;
        if (room == 0 || last && a == n) {
          writer.endGroup();
          room = block;
        }
      }
      if (own > 0) {
        growth.record(k, plan.pieces() - 1, ranges.rowEnd[ownEnd[k] - 1] - 1);
      }
      // A block that goes on in the next node is not counted yet.
      int endGroup = plan.groups() + (room < block ? 1 : 0);
      int up = parent[k];
      for (int r = rowLo[k]; r < ownEnd[k]; r++) {
        ranges.emit(plan, r, up, firstGroup, ranges.rowEnd[r]);
      }
      ranges.link(k, up, firstGroup, endGroup);
    }
    growth.end(plan);
  }

  /** Tokens of the tree whose top is node {@code top}. */
  static int treeTokens(RowLayout layout, int top) {
    int[] tokens = layout.nodeTokens();
    int[] parent = layout.nodeParent();
    int n = tokens[top];
    for (int k = top + 1; k < layout.nodes() && parent[k] >= 0; k++) {
      n = Math.addExact(n, tokens[k]);
    }
    return n;
  }
}
