package org.deft4j.search.strategy;

import java.util.Arrays;

/**
 * A tree of up to some millions of nodes in flat arrays. Nodes are numbered from the root, 0, in
 * order of creation and never removed. The children of a node lie side by side in arrays of slots,
 * with three numbers each that belong to the policy, so that a selection reads memory in order.
 *
 * <p>About 100 bytes a node and, with slack, 80 a slot. A node's slots move when they are full, to
 * twice the room: amortised constant time.
 */
final class FlatTree {
  /** The root's number. */
  static final int ROOT = 0;

  private static final int GONE = -1;

  private int size;
  private int slots;
  private int[] parent = new int[16];
  private int[] depth = new int[16];
  private int[] first = new int[16];
  private int[] room = new int[16];
  private int[] children = new int[16];
  private int[] live = new int[16];
  private int[] samples = new int[16];
  private int[] pending = new int[16];
  private int[] slot = new int[16];
  private long[] ordinal = new long[16];
  private long[] key = new long[16];
  private double[] value = new double[16];
  private boolean[] open = new boolean[16];

  private int[] child = new int[16];

  /** Nodes by parent and key, in open addressing: plus 1, 0 for none; at most half full. */
  private int[] index = new int[64];

  /** First number of each slot. */
  double[] x = new double[16];

  /** Second number of each slot. */
  double[] y = new double[16];

  /** Third number of each slot. */
  double[] z = new double[16];

  /** A tree with a root of this ordinal. */
  FlatTree(long rootOrdinal) {
    node(-1, rootOrdinal, 0, true);
  }

  private int node(int above, long named, long keyed, boolean isOpen) {
    if (size == parent.length) {
      int more = size + (size >> 1);
      parent = Arrays.copyOf(parent, more);
      depth = Arrays.copyOf(depth, more);
      first = Arrays.copyOf(first, more);
      room = Arrays.copyOf(room, more);
      children = Arrays.copyOf(children, more);
      live = Arrays.copyOf(live, more);
      samples = Arrays.copyOf(samples, more);
      pending = Arrays.copyOf(pending, more);
      slot = Arrays.copyOf(slot, more);
      ordinal = Arrays.copyOf(ordinal, more);
      key = Arrays.copyOf(key, more);
      value = Arrays.copyOf(value, more);
      open = Arrays.copyOf(open, more);
    }
    int node = size++;
    parent[node] = above;
    depth[node] = above < 0 ? 0 : depth[above] + 1;
    slot[node] = -1;
    ordinal[node] = named;
    key[node] = keyed;
    value[node] = Double.NaN;
    open[node] = isOpen;
    return node;
  }

  /**
   * A new child.
   *
   * @param named the ordinal of its thought
   * @param keyed equal for equal states
   * @param isOpen whether it can have children
   */
  int add(int above, long named, long keyed, boolean isOpen) {
    if (children[above] == room[above]) {
      move(above);
    }
    int at = first[above] + children[above]++;
    int node = node(above, named, keyed, isOpen);
    enter(node);
    slot[node] = at;
    child[at] = node;
    x[at] = Double.NEGATIVE_INFINITY;
    y[at] = 0;
    z[at] = 0;
    live[above]++;
    return node;
  }

  private void move(int node) {
    int more = Math.max(2, 2 * room[node]);
    if (slots + more > child.length) {
      int length = Math.max(slots + more, child.length + (child.length >> 1));
      child = Arrays.copyOf(child, length);
      x = Arrays.copyOf(x, length);
      y = Arrays.copyOf(y, length);
      z = Arrays.copyOf(z, length);
    }
    int from = first[node];
    int n = children[node];
    System.arraycopy(child, from, child, slots, n);
    System.arraycopy(x, from, x, slots, n);
    System.arraycopy(y, from, y, slots, n);
    System.arraycopy(z, from, z, slots, n);
    for (int i = 0; i < n; i++) {
      slot[child[slots + i]] = slots + i;
    }
    first[node] = slots;
    room[node] = more;
    slots += more;
  }

  int size() {
    return size;
  }

  int parent(int node) {
    return parent[node];
  }

  int depth(int node) {
    return depth[node];
  }

  long ordinal(int node) {
    return ordinal[node];
  }

  /** First slot of a node's children; they fill {@link #children} slots from there. */
  int first(int node) {
    return first[node];
  }

  int children(int node) {
    return children[node];
  }

  /** The node in a slot. */
  int child(int at) {
    return child[at];
  }

  /** How many children are not {@link #gone}. */
  int live(int node) {
    return live[node];
  }

  /** The slot of a node; -1 for the root. */
  int slot(int node) {
    return slot[node];
  }

  private void enter(int node) {
    if (2 * size > index.length) {
      // In order of creation: of equal children the first one stays the one that is found.
      index = new int[2 * index.length];
      for (int i = ROOT + 1; i < node; i++) {
        place(i);
      }
    }
    place(node);
  }

  private void place(int node) {
    int at = start(parent[node], key[node]);
    while (index[at] != 0) {
      at = at + 1 & index.length - 1;
    }
    index[at] = node + 1;
  }

  private int start(int above, long keyed) {
    return (int) Draws.mix(keyed ^ Draws.mix(above)) & index.length - 1;
  }

  /** The child of this key, the first of several; -1 for none. */
  int find(int above, long keyed) {
    for (int at = start(above, keyed); index[at] != 0; at = at + 1 & index.length - 1) {
      int node = index[at] - 1;
      if (parent[node] == above && key[node] == keyed) {
        return node;
      }
    }
    return -1;
  }

  /** How often a continuation of the node was asked for, those that gave nothing not counted. */
  int samples(int node) {
    return samples[node];
  }

  /** Simulations that are at work on a continuation of this very node. */
  int pending(int node) {
    return pending[node];
  }

  /** A simulation begins to continue a node. */
  void begin(int node) {
    samples[node]++;
    pending[node]++;
  }

  /**
   * A simulation that continued a node ends.
   *
   * @param counts whether it gave a thought
   */
  void end(int node, boolean counts) {
    pending[node]--;
    samples[node] -= counts ? 0 : 1;
    settle(node);
  }

  /** The value that a node itself was given; NaN while it has none. */
  double value(int node) {
    return value[node];
  }

  void value(int node, double given) {
    value[node] = given;
  }

  boolean open(int node) {
    return open[node];
  }

  /** The node takes no more children. */
  void close(int node) {
    open[node] = false;
    settle(node);
  }

  private boolean exhausted(int node) {
    return !open[node] && live[node] == 0 && pending[node] == 0 && !Double.isNaN(value[node]);
  }

  /** Whether nothing more can come of a node or from below it. */
  boolean gone(int node) {
    return live[node] == GONE;
  }

  /** Notes that a node is exhausted, if it is, and what that exhausts above it. */
  void settle(int from) {
    int node = from;
    while (node > ROOT && exhausted(node)) {
      live[node] = GONE;
      node = parent[node];
      live[node]--;
    }
  }
}
