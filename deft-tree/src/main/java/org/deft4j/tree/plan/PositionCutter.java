package org.deft4j.tree.plan;

import java.util.Arrays;
import org.deft4j.tree.RowLayout;

/**
 * The deterministic grouping: each path is cut at positions that are multiples of C.
 *
 * <p>A chunk [kC, (k + 1)C) that is complete within a node is one group for all rows at or below
 * that node; where it began above the node, the end of the ancestors is read again (fewer than C
 * tokens). The tokens after a node's last complete chunk are a group for the node's own rows alone:
 * deeper rows find them in their own chunks. So the tokens of a row's groups depend on nothing but
 * the row's path.
 */
final class PositionCutter {
  private final Ranges ranges = new Ranges();
  private int[] path = new int[16];

  void plan(RowLayout layout, PlanOptions options, AttentionPlan plan, PieceWriter writer) {
    int chunk = options.blockTokens();
    int[] rowLo = layout.nodeRowLo();
    int[] ownEnd = layout.nodeOwnEnd();
    int[] rowHi = layout.nodeRowHi();
    int[] firsts = layout.nodeFirst();
    ranges.reset(layout.nodes(), layout.rows());
    for (int k = 0; k < layout.nodes(); k++) {
      int base = layout.nodeStart()[k];
      int end = base + layout.nodeTokens()[k];
      int ownLimit = base + firsts[k] + ownEnd[k] - rowLo[k];
      int firstGroup = plan.groups();
      int from = base - base % chunk;
      for (; from + chunk <= end; from += chunk) {
        int lo = rowLo[k] + Math.clamp(from - base - firsts[k], 0, ownEnd[k] - rowLo[k]);
        group(layout, plan, writer, k, from, from + chunk, lo, rowHi[k]);
        markRows(k, layout, base, from, Math.min(from + chunk, ownLimit), plan.groups());
      }
      int complete = plan.groups();
      if (from < ownLimit && ownEnd[k] > rowLo[k]) {
        int lo = rowLo[k] + Math.max(from - base - firsts[k], 0);
        group(layout, plan, writer, k, from, ownLimit, lo, ownEnd[k]);
        markRows(k, layout, base, from, ownLimit, plan.groups());
      }
      int up = layout.nodeParent()[k];
      for (int r = rowLo[k]; r < ownEnd[k]; r++) {
        ranges.emit(plan, r, up, firstGroup, ranges.rowEnd[r]);
      }
      ranges.link(k, up, firstGroup, complete);
    }
  }

  private void markRows(int k, RowLayout layout, int base, int from, int to, int end) {
    int lo = layout.nodeRowLo()[k];
    int first = base + layout.nodeFirst()[k];
    for (int p = Math.max(from, first); p < to; p++) {
      ranges.rowEnd[lo + p - first] = end;
    }
  }

  private void group(
      RowLayout layout,
      AttentionPlan plan,
      PieceWriter writer,
      int k,
      int from,
      int to,
      int lo,
      int hi) {
    int base = layout.nodeStart()[k];
    int depth = 0;
    for (int a = k; layout.nodeStart()[a] > from; ) {
      a = layout.nodeParent()[a];
      if (depth == path.length) {
        path = Arrays.copyOf(path, depth * 2);
      }
      path[depth++] = a;
    }
    while (depth > 0) {
      int a = path[--depth];
      int start = layout.nodeStart()[a];
      writer.node(layout, a);
      writer.wholeFor(lo, hi);
      writer.tokens(Math.max(from, start) - start, layout.nodeTokens()[a]);
    }
    writer.node(layout, k);
    writer.rowsUpTo(hi);
    writer.tokens(Math.max(from, base) - base, to - base);
    writer.endGroup(lo, hi);
  }
}
