package org.deft4j.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * Random trees of token runs with live rows, and plans over them in the manner of every method,
 * made naively and apart from the planner.
 */
public final class Plans {
  /** A tree node: a run of stored tokens, the newest of which may be query rows. */
  private static final class Node {
    final List<Integer> slots = new ArrayList<>();
    final List<Node> children = new ArrayList<>();
    int own;
    int rowLo;
    int rowHi;
  }

  private final Node root;
  private final List<Node> preorder = new ArrayList<>();
  private final int rows;
  private final int slots;
  private final int[] rowSlot;

  /** A random tree of at most {@code nodes} nodes. */
  public Plans(SplittableRandom random, int nodes, int maxTokens, int maxOwn, int slots) {
    this.slots = slots;
    // Runs of random slots: contiguous within a run, runs shuffled.
    List<Integer> free = new ArrayList<>();
    for (int i = 0; i < slots; i++) {
      free.add(i);
    }
    List<Node> all = new ArrayList<>();
    int cursor = 0;
    for (int i = 0; i < nodes; i++) {
      Node n = new Node();
      int tokens = 1 + random.nextInt(maxTokens);
      cursor += random.nextInt(3);
      for (int t = 0; t < tokens && cursor < slots; t++) {
        n.slots.add(cursor++);
        if (random.nextInt(7) == 0) {
          cursor += random.nextInt(4);
        }
      }
      if (n.slots.isEmpty()) {
        break;
      }
      if (!all.isEmpty()) {
        all.get(random.nextInt(all.size())).children.add(n);
      }
      all.add(n);
    }
    root = all.get(0);
    for (Node n : all) {
      // Leaves have rows; inner nodes sometimes.
      if (n.children.isEmpty() || random.nextInt(4) == 0) {
        n.own = 1 + random.nextInt(Math.min(maxOwn, n.slots.size()));
      }
    }
    rows = number(root, 0);
    rowSlot = new int[rows];
    for (Node n : preorder) {
      for (int j = 0; j < n.own; j++) {
        rowSlot[n.rowLo + j] = n.slots.get(n.slots.size() - n.own + j);
      }
    }
  }

  private int number(Node n, int next) {
    preorder.add(n);
    n.rowLo = next;
    int row = next + n.own;
    for (Node c : n.children) {
      row = number(c, row);
    }
    n.rowHi = row;
    return row;
  }

  /** Query rows. */
  public int rows() {
    return rows;
  }

  /** Slots of the cache. */
  public int slots() {
    return slots;
  }

  /** The slot of each row's own token. */
  public int[] rowSlots() {
    return rowSlot.clone();
  }

  /** The place of each slot's token on its path, 0 for slots of no token. */
  public int[] slotPositions() {
    int[] positions = new int[slots];
    place(root, 0, positions);
    return positions;
  }

  private static void place(Node n, int first, int[] positions) {
    for (int i = 0; i < n.slots.size(); i++) {
      positions[n.slots.get(i)] = first + i;
    }
    for (Node c : n.children) {
      place(c, first + n.slots.size(), positions);
    }
  }

  /** A plan in the manner of {@code method}. */
  public AttentionPlan plan(AttentionMethod method, int chunk) {
    AttentionPlan plan = new AttentionPlan();
    plan.reset(method, rows);
    switch (method) {
      case FLATTEN -> flatten(plan, chunk);
      case NODE -> perNode(plan, Integer.MAX_VALUE);
      case NODE_CHUNK -> perNode(plan, chunk);
      case SEQUENCE, RADIX -> perRow(plan, chunk);
      case TREE_MASK -> masked(plan, true, chunk);
      case TREE_MASK_BITS -> masked(plan, false, chunk);
    }
    return plan;
  }

  // Adds tokens from..to-1 of a node as pieces of contiguous slots.
  private void pieces(AttentionPlan plan, Node n, int from, int to, int token) {
    int i = from;
    while (i < to) {
      int j = i + 1;
      while (j < to && n.slots.get(j).equals(n.slots.get(j - 1) + 1)) {
        j++;
      }
      int stored = n.slots.size() - n.own;
      // Row j of the node's own run sees tokens up to stored + j; later rows see all.
      int causal = n.own == 0 ? AttentionPlan.ALL : stored - i;
      plan.addPiece(n.slots.get(i), j - i, n.rowLo, n.rowHi, causal, token + i - from);
      i = j;
    }
  }

  private void perNode(AttentionPlan plan, int chunk) {
    List<List<Integer>> groups = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      groups.add(new ArrayList<>());
    }
    for (Node n : preorder) {
      for (int i = 0; i < n.slots.size() && n.rowHi > n.rowLo; i += chunk) {
        pieces(plan, n, i, (int) Math.min(n.slots.size(), (long) i + chunk), 0);
        for (int r = n.rowLo; r < n.rowHi; r++) {
          groups.get(r).add(plan.groups());
        }
        plan.endGroup(n.rowLo, n.rowHi);
        if (chunk == Integer.MAX_VALUE) {
          break;
        }
      }
    }
    ranges(plan, groups);
  }

  private void ranges(AttentionPlan plan, List<List<Integer>> groups) {
    for (int r = 0; r < rows; r++) {
      for (int g : groups.get(r)) {
        plan.addRange(g, g + 1);
      }
      plan.endRow(r);
    }
  }

  private void flatten(AttentionPlan plan, int chunk) {
    List<List<Integer>> groups = new ArrayList<>();
    for (int r = 0; r < rows; r++) {
      groups.add(new ArrayList<>());
    }
    int lo = Integer.MAX_VALUE;
    int hi = 0;
    int room = chunk;
    for (Node n : preorder) {
      int i = 0;
      while (i < n.slots.size() && n.rowHi > n.rowLo) {
        int take = Math.min(room, n.slots.size() - i);
        pieces(plan, n, i, i + take, 0);
        lo = Math.min(lo, n.rowLo);
        hi = Math.max(hi, n.rowHi);
        i += take;
        room -= take;
        if (room == 0) {
          close(plan, groups, lo, hi);
          room = chunk;
          lo = Integer.MAX_VALUE;
          hi = 0;
        }
      }
    }
    if (hi > 0) {
      close(plan, groups, lo, hi);
    }
    ranges(plan, groups);
  }

  private static void close(AttentionPlan plan, List<List<Integer>> groups, int lo, int hi) {
    for (int r = lo; r < hi; r++) {
      groups.get(r).add(plan.groups());
    }
    plan.endGroup(lo, hi);
  }

  private void perRow(AttentionPlan plan, int chunk) {
    for (int r = 0; r < rows; r++) {
      int first = plan.groups();
      int row = r;
      for (Node n : preorder) {
        if (n.rowLo <= row && row < n.rowHi) {
          for (int i = 0; i < n.slots.size(); i += chunk) {
            pieces(plan, n, i, Math.min(n.slots.size(), i + chunk), 0);
            plan.endGroup(r, r + 1);
          }
        }
      }
      plan.addRange(first, plan.groups());
      plan.endRow(r);
    }
  }

  private void masked(AttentionPlan plan, boolean dense, int chunk) {
    int tokens = preorder.stream().mapToInt(n -> n.slots.size()).sum();
    byte[] mask = dense ? plan.useDenseMask(tokens) : new byte[0];
    long[] bits = dense ? new long[0] : plan.useBitMask(tokens);
    int column = 0;
    int room = chunk;
    for (Node n : preorder) {
      int stored = n.slots.size() - n.own;
      for (int i = 0; i < n.slots.size(); i++) {
        for (int r = n.rowLo; r < n.rowHi; r++) {
          if (n.own == 0 || i <= r - n.rowLo + stored) {
            if (dense) {
              mask[r * tokens + column + i] = 1;
            } else {
              bits[(column + i) * plan.maskWords() + (r >> 6)] |= 1L << (r & 63);
            }
          }
        }
      }
      pieces(plan, n, 0, n.slots.size(), column);
      column += n.slots.size();
      room -= n.slots.size();
      if (room <= 0) {
        plan.endGroup(0, rows);
        room = chunk;
      }
    }
    if (room < chunk) {
      plan.endGroup(0, rows);
    }
    for (int r = 0; r < rows; r++) {
      plan.addRange(0, plan.groups());
      plan.endRow(r);
    }
  }
}
