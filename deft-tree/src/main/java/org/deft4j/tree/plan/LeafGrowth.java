package org.deft4j.tree.plan;

import java.util.Arrays;
import org.deft4j.tree.RowLayout;
import org.jspecify.annotations.Nullable;

/**
 * Takes a plan without a mask one step on where nothing happened but that leaves grew by a token
 * each: their last pieces become longer, all else stays. A block may grow by half before the tree
 * is cut anew.
 */
final class LeafGrowth {
  private @Nullable RowLayout layout;
  private long structure = -1;
  private int slack;
  private int nodes;
  private int[] ownNode = new int[16];
  private int[] tokens = new int[16];
  private int[] first = new int[16];
  private int[] piece = new int[16];
  private int[] group = new int[16];
  private int[] growth = new int[16];

  void forget() {
    layout = null;
  }

  /** Starts to record a plan that is made anew. */
  void begin(RowLayout newLayout, int newSlack) {
    layout = newLayout;
    structure = newLayout.structure();
    slack = newSlack;
    nodes = 0;
  }

  /** Records where the tokens of a node with own rows end in the plan. */
  void record(int k, int lastPiece, int lastGroup) {
    RowLayout l = layout;
    if (l == null) {
      return;
    }
    if (nodes == ownNode.length) {
      int n = nodes * 2;
      ownNode = Arrays.copyOf(ownNode, n);
      tokens = Arrays.copyOf(tokens, n);
      first = Arrays.copyOf(first, n);
      piece = Arrays.copyOf(piece, n);
      group = Arrays.copyOf(group, n);
    }
    ownNode[nodes] = k;
    tokens[nodes] = l.nodeTokens()[k];
    first[nodes] = l.nodeFirst()[k];
    piece[nodes] = lastPiece;
    group[nodes++] = lastGroup;
  }

  /** Ends the record of a new plan. */
  void end(AttentionPlan plan) {
    if (growth.length < plan.groups()) {
      growth = new int[plan.groups() * 2];
    } else {
      Arrays.fill(growth, 0, plan.groups(), 0);
    }
  }

  /**
   * Moves the plan on to the layout's tokens.
   *
   * @return false if it must be made anew
   */
  boolean advance(RowLayout now, AttentionPlan plan) {
    if (layout != now || structure != now.structure()) {
      return false;
    }
    int[] nowTokens = now.nodeTokens();
    int[] nowFirst = now.nodeFirst();
    int[] rowLo = now.nodeRowLo();
    int[] rowHi = now.nodeRowHi();
    int[] slots = now.rowSlot();
    int[] pieceSlot = plan.pieceSlot;
    int[] pieceLength = plan.pieceLength;
    for (int i = 0; i < nodes; i++) {
      int k = ownNode[i];
      int n = nowTokens[k];
      if (n == tokens[i] && nowFirst[k] == first[i]) {
        continue;
      }
      int p = piece[i];
      // A decode row alone at its leaf, whose token went to the next slot.
      if (n != tokens[i] + 1
          || nowFirst[k] != n - 1
          || rowHi[k] != rowLo[k] + 1
          || slots[rowLo[k]] != pieceSlot[p] + pieceLength[p]
          || ++growth[group[i]] > slack) {
        layout = null;
        return false;
      }
      tokens[i] = n;
      first[i] = n - 1;
      pieceLength[p]++;
    }
    return true;
  }
}
