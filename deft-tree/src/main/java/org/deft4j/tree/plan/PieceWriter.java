package org.deft4j.tree.plan;

import org.deft4j.tree.RowLayout;

/**
 * Writes tokens of a layout's nodes into a plan as pieces, and tracks the rows that see the group.
 *
 * <p>A cursor goes forward through the runs of a node, so that all of a node's pieces cost one
 * walk.
 */
final class PieceWriter {
  private AttentionPlan plan = new AttentionPlan();
  private int[] runs = new int[0];
  private int run;
  private int runStart;
  private int rowLo;
  private int ownEnd;
  private int rowHi;
  private int first;
  private int column;

  /** Rows of the group so far. */
  int groupLo;

  int groupHi;

  void begin(AttentionPlan newPlan) {
    plan = newPlan;
    column = 0;
    newGroup();
  }

  private void newGroup() {
    groupLo = Integer.MAX_VALUE;
    groupHi = 0;
  }

  /** Mask columns start anew, with each tree. */
  void resetColumns() {
    column = 0;
  }

  /** Mask columns written so far. */
  int columns() {
    return column;
  }

  /** Goes to the first token of a node. */
  void node(RowLayout layout, int k) {
    runs = layout.nodeRuns()[k];
    run = 0;
    runStart = 0;
    rowLo = layout.nodeRowLo()[k];
    ownEnd = layout.nodeOwnEnd()[k];
    rowHi = layout.nodeRowHi()[k];
    first = layout.nodeFirst()[k];
  }

  /** Goes to the first token of runs that rows [{@code lo}, {@code hi}) see whole. */
  void runs(int[] newRuns, int lo, int hi) {
    runs = newRuns;
    run = 0;
    runStart = 0;
    rowLo = lo;
    ownEnd = lo;
    rowHi = hi;
    first = 0;
  }

  /** Rows [{@code lo}, {@code hi}) alone are in the group, and see the node whole. */
  void wholeFor(int lo, int hi) {
    rowLo = lo;
    ownEnd = lo;
    rowHi = hi;
  }

  /** Rows from {@code hi} on are not in the group. */
  void rowsUpTo(int hi) {
    rowHi = hi;
  }

  /**
   * Writes tokens [{@code a}, {@code b}) of the node; a < b, and a is not before the end of the
   * last call unless the node was started again.
   */
  void tokens(int a, int b) {
    int limit = first + ownEnd - rowLo;
    if (ownEnd > rowLo && limit < b) {
      // Own rows end before: what is after is for the rows below alone.
      if (a < limit) {
        span(a, limit);
      }
      int lo = rowLo;
      rowLo = ownEnd;
      span(Math.max(a, limit), b);
      rowLo = lo;
    } else {
      span(a, b);
    }
  }

  private void span(int from, int to) {
    while (from >= runStart + runs[2 * run + 1]) {
      runStart += runs[2 * run + 1];
      run++;
    }
    plan.ensurePieces(runs.length / 2 - run);
    if (ownEnd == rowLo || to <= first + 1) {
      wholeSpan(from, to);
    } else {
      causalSpan(from, to);
    }
    groupHi = Math.max(groupHi, rowHi);
  }

  /** All rows see all tokens: decode rows, and nodes without own rows. */
  private void wholeSpan(int from, int to) {
    AttentionPlan out = plan;
    int[] slots = out.pieceSlot;
    int[] lengths = out.pieceLength;
    int[] los = out.pieceRowLo;
    int[] his = out.pieceRowHi;
    int[] causals = out.pieceCausal;
    int[] tokens = out.pieceToken;
    int[] source = runs;
    int p = out.pieces;
    int c = column;
    int lo = rowLo;
    int hi = rowHi;
    int r = run;
    int start = runStart;
    int a = from;
    while (true) {
      int end = start + source[2 * r + 1];
      int b = Math.min(to, end);
      slots[p] = source[2 * r] + a - start;
      lengths[p] = b - a;
      los[p] = lo;
      his[p] = hi;
      causals[p] = AttentionPlan.ALL;
      tokens[p++] = c;
      c += b - a;
      a = b;
      if (a == to) {
        break;
      }
      start = end;
      r++;
    }
    run = r;
    runStart = start;
    column = c;
    out.pieces = p;
    groupLo = Math.min(groupLo, lo);
  }

  private void causalSpan(int from, int to) {
    int a = from;
    while (true) {
      int b = Math.min(to, runStart + runs[2 * run + 1]);
      int lo = rowLo;
      int causal = AttentionPlan.ALL;
      if (b > first + 1) {
        if (a <= first) {
          causal = first - a;
        } else {
          lo += a - first;
          causal = b - a > 1 ? 0 : AttentionPlan.ALL;
        }
      }
      plan.addPiece(runs[2 * run] + a - runStart, b - a, lo, rowHi, causal, column);
      column += b - a;
      groupLo = Math.min(groupLo, lo);
      a = b;
      if (a == to) {
        break;
      }
      runStart += runs[2 * run + 1];
      run++;
    }
  }

  /** Ends the group with the rows that see any of it. */
  void endGroup() {
    plan.endGroup(groupLo, groupHi);
    newGroup();
  }

  /** Ends the group with given rows. */
  void endGroup(int lo, int hi) {
    plan.endGroup(lo, hi);
    newGroup();
  }
}
