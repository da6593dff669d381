package org.deft4j.tree.plan;

import java.util.Arrays;
import org.deft4j.tree.RowLayout;

/**
 * {@code tree-mask} and {@code tree-mask-bits}: all tokens of a tree against all its rows, and a
 * mask. Columns are numbered for each tree anew: a row belongs to one tree, so trees share columns.
 */
final class TreeMasker {
  private int[] nodeColumn = new int[16];

  void plan(RowLayout layout, PlanOptions options, AttentionPlan plan, PieceWriter writer) {
    int nodes = layout.nodes();
    int[] parent = layout.nodeParent();
    int[] tokens = layout.nodeTokens();
    if (nodes > nodeColumn.length) {
      nodeColumn = new int[nodes * 2];
    }
    int columns = 0;
    for (int top = 0; top < nodes; ) {
      int treeTokens = LineCutter.treeTokens(layout, top);
      columns = Math.max(columns, treeTokens);
      int block = options.block(treeTokens);
      int room = block;
      int lo = layout.nodeRowLo()[top];
      int hi = layout.nodeRowHi()[top];
      int firstGroup = plan.groups();
      writer.resetColumns();
      int k = top;
      do {
        nodeColumn[k] = writer.columns();
        writer.runs(layout.nodeRuns()[k], lo, hi);
        for (int a = 0; a < tokens[k]; ) {
          int b = Math.min(tokens[k], a + room);
          writer.tokens(a, b);
          room -= b - a;
          a = b;
          if (room == 0) {
            writer.endGroup();
            room = block;
          }
        }
        k++;
      } while (k < nodes && parent[k] >= 0);
      if (room < block) {
        writer.endGroup();
      }
      for (int r = lo; r < hi; r++) {
        plan.addRange(firstGroup, plan.groups());
        plan.endRow(r);
      }
      top = k;
    }
    if (plan.method() == AttentionMethod.TREE_MASK) {
      dense(layout, plan, columns);
    } else {
      bits(layout, plan, columns);
    }
  }

  private void dense(RowLayout layout, AttentionPlan plan, int columns) {
    byte[] mask = plan.useDenseMask(columns);
    for (int k = 0; k < layout.nodes(); k++) {
      int first = layout.nodeFirst()[k];
      int lo = layout.nodeRowLo()[k];
      for (int r = lo; r < layout.nodeRowHi()[k]; r++) {
        int n = r < layout.nodeOwnEnd()[k] ? first + r - lo + 1 : layout.nodeTokens()[k];
        int at = r * columns + nodeColumn[k];
        Arrays.fill(mask, at, at + n, (byte) 1);
      }
    }
  }

  private void bits(RowLayout layout, AttentionPlan plan, int columns) {
    long[] mask = plan.useBitMask(columns);
    int words = plan.maskWords();
    for (int k = 0; k < layout.nodes(); k++) {
      int first = layout.nodeFirst()[k];
      int lo = layout.nodeRowLo()[k];
      int ownEnd = layout.nodeOwnEnd()[k];
      int hi = layout.nodeRowHi()[k];
      for (int i = 0; i < layout.nodeTokens()[k]; i++) {
        int from = i <= first ? lo : Math.min(ownEnd, lo + i - first);
        int at = (nodeColumn[k] + i) * words;
        for (int w = from >> 6; w << 6 < hi; w++) {
          long bits = -1L;
          if (w == from >> 6) {
            bits &= -1L << (from & 63);
          }
          if (hi - (w << 6) < 64) {
            bits &= (1L << (hi - (w << 6))) - 1;
          }
          mask[at + w] |= bits;
        }
      }
    }
  }
}
