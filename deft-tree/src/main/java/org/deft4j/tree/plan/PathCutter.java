package org.deft4j.tree.plan;

import java.util.Arrays;
import org.deft4j.tree.PrivatePaths;
import org.deft4j.tree.RowLayout;
import org.jspecify.annotations.Nullable;

/**
 * The query-guided groupings, {@code sequence} and {@code radix}: each segment's own rows against
 * its whole path, cut along the path. Rows of one segment (a prompt's chunk) are one sequence and
 * share their groups; different branches never do.
 */
final class PathCutter {
  private int[] path = new int[16];

  void plan(
      RowLayout layout,
      PlanOptions options,
      @Nullable PrivatePaths copies,
      AttentionPlan plan,
      PieceWriter writer,
      LeafGrowth growth) {
    growth.begin(layout, options.blockTokens() / 2 + 1);
    int[] rowLo = layout.nodeRowLo();
    int[] ownEnd = layout.nodeOwnEnd();
    int[] firsts = layout.nodeFirst();
    int[] starts = layout.nodeStart();
    for (int k = 0; k < layout.nodes(); k++) {
      if (ownEnd[k] == rowLo[k]) {
        continue;
      }
      int total = starts[k] + firsts[k] + ownEnd[k] - rowLo[k];
      int block = options.deterministic() ? options.blockTokens() : options.block(total);
      int firstGroup = plan.groups();
      int at = 0;
      if (copies != null) {
        int copied = copies.tokens(layout.nodeSegment()[k]);
        if (copied > 0) {
          writer.runs(copies.runs(layout.nodeSegment()[k]), rowLo[k], ownEnd[k]);
          at = cut(plan, writer, 0, copied, 0, block, total);
        }
      }
      int depth = climb(layout, k);
      while (depth > 0) {
        int a = path[--depth];
        int end = starts[a] + layout.nodeTokens()[a];
        if (end > at) {
          writer.node(layout, a);
          writer.wholeFor(rowLo[k], ownEnd[k]);
          at = cut(plan, writer, at, end, starts[a], block, total);
        }
      }
      writer.node(layout, k);
      writer.rowsUpTo(ownEnd[k]);
      cut(plan, writer, at, total, starts[k], block, total);
      growth.record(k, plan.pieces() - 1, plan.groups() - 1);
      for (int r = rowLo[k]; r < ownEnd[k]; r++) {
        int position = starts[k] + firsts[k] + r - rowLo[k];
        plan.addRange(firstGroup, firstGroup + position / block + 1);
        plan.endRow(r);
      }
    }
    growth.end(plan);
  }

  /** Writes positions [{@code from}, {@code to}) and ends groups at multiples of {@code block}. */
  private static int cut(
      AttentionPlan plan, PieceWriter writer, int from, int to, int start, int block, int total) {
    int a = from;
    while (a < to) {
      int b = Math.min(to, (a / block + 1) * block);
      writer.tokens(a - start, b - start);
      if (b % block == 0 || b == total) {
        writer.endGroup();
      }
      a = b;
    }
    return a;
  }

  /** The nodes above {@code k}, nearest first. */
  private int climb(RowLayout layout, int k) {
    int depth = 0;
    for (int a = layout.nodeParent()[k]; a >= 0; a = layout.nodeParent()[a]) {
      if (depth == path.length) {
        path = Arrays.copyOf(path, depth * 2);
      }
      path[depth++] = a;
    }
    return depth;
  }
}
