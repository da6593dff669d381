package org.deft4j.tree;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one step in depth-first preorder, and the segments on their paths.
 *
 * <p><b>Rows</b> 0..{@link #rows()}-1: a segment's own rows in order of its tokens, then those
 * below it, trees one after another. So the rows that see a segment are one interval.
 *
 * <p><b>Nodes</b> 0..{@link #nodes()}-1 are the segments that have rows or have some below them, in
 * the same order; segments without tokens are left out. Node k holds {@link #nodeTokens} tokens
 * that a plan covers: those filled and those of this step.
 *
 * <p>All arrays may be longer than their used part and are replaced when they grow. Readers must
 * not write to them.
 */
public final class RowLayout {
  private final Forest forest;
  private long stamp;
  private long version = -1;
  private long structure;
  private int ownNodes;
  private int[] nodeRefresh = new int[16];
  private int refreshRound;
  private int rows;
  private int nodes;
  private int[] rowSegment = new int[16];
  private int[] rowIndex = new int[16];
  private int[] rowToken = new int[16];
  private int[] rowPosition = new int[16];
  private int[] rowSlot = new int[16];
  private @Nullable Segment[] nodeOf = new @Nullable Segment[16];
  private int[] nodeSegment = new int[16];
  private int[] nodeParent = new int[16];
  private int[] nodeRowLo = new int[16];
  private int[] nodeOwnEnd = new int[16];
  private int[] nodeRowHi = new int[16];
  private int[] nodeFirst = new int[16];
  private int[] nodeTokens = new int[16];
  private int[] nodeStart = new int[16];
  private int[][] nodeRuns = new int[16][];
  private @Nullable Segment[] path = new @Nullable Segment[16];

  RowLayout(Forest forest) {
    this.forest = forest;
  }

  /** The forest of these rows. */
  public Forest forest() {
    return forest;
  }

  /** Number of rows. */
  public int rows() {
    return rows;
  }

  /** Segment of each row. */
  public int[] rowSegment() {
    return rowSegment;
  }

  /** Place of each row's token in its segment. */
  public int[] rowIndex() {
    return rowIndex;
  }

  /** Token id of each row. */
  public int[] rowToken() {
    return rowToken;
  }

  /** Position of each row's token on its path, from 0. */
  public int[] rowPosition() {
    return rowPosition;
  }

  /** Slot for each row's keys and values. */
  public int[] rowSlot() {
    return rowSlot;
  }

  /** Number of nodes. */
  public int nodes() {
    return nodes;
  }

  /** Segment of each node. */
  public int[] nodeSegment() {
    return nodeSegment;
  }

  /** Node above each node, -1 for the top of a tree. */
  public int[] nodeParent() {
    return nodeParent;
  }

  /** First row that sees each node: its own first, if it has any. */
  public int[] nodeRowLo() {
    return nodeRowLo;
  }

  /** Row past each node's own rows. */
  public int[] nodeOwnEnd() {
    return nodeOwnEnd;
  }

  /** Row past the last that sees each node. */
  public int[] nodeRowHi() {
    return nodeRowHi;
  }

  /** Place of the own first row's token in each node; 0 without own rows. */
  public int[] nodeFirst() {
    return nodeFirst;
  }

  /** Tokens of each node that plans cover, at least 1. */
  public int[] nodeTokens() {
    return nodeTokens;
  }

  /** Position of each node's first token. */
  public int[] nodeStart() {
    return nodeStart;
  }

  /** Runs of each node as pairs (slot, length); they may go beyond {@link #nodeTokens}. */
  public int[][] nodeRuns() {
    return nodeRuns;
  }

  /**
   * The first row of a segment.
   *
   * @throws IllegalArgumentException if it has none
   */
  public int firstRow(int segment) {
    Segment s = forest.get(segment);
    if (s.node >= 0
        && s.node < nodes
        && nodeSegment[s.node] == segment
        && nodeOwnEnd[s.node] > nodeRowLo[s.node]) {
      return nodeRowLo[s.node];
    }
    for (int r = 0; r < rows; r++) {
      if (rowSegment[r] == segment) {
        return r;
      }
    }
    throw new IllegalArgumentException("segment " + segment + " has no row in this step");
  }

  /**
   * The last row of a segment: the one whose logits tell its next token.
   *
   * @throws IllegalArgumentException if it has none
   */
  public int lastRow(int segment) {
    int r = firstRow(segment);
    while (r + 1 < rows && rowSegment[r + 1] == segment) {
      r++;
    }
    return r;
  }

  /**
   * A number that stays the same as long as nodes and rows stand where they stood, and only their
   * tokens went on.
   */
  public long structure() {
    return structure;
  }

  /** Whether {@link #refresh} may be tried for {@code entries} segments. */
  boolean startRefresh(int entries) {
    refreshRound++;
    return version == forest.version() && entries == ownNodes;
  }

  /**
   * Moves a segment's rows on, if it had as many at the same place in the last step.
   *
   * @return false if it had not; then the layout must be made anew
   */
  boolean refresh(Segment s, int firstToken, int n) {
    int k = s.node;
    if (k < 0
        || k >= nodes
        || nodeOf[k] != s
        || nodeOwnEnd[k] - nodeRowLo[k] != n
        || nodeRefresh[k] == refreshRound) {
      return false;
    }
    int tokens = firstToken + n;
    if (nodeRowHi[k] > nodeOwnEnd[k]) {
      tokens = Math.max(tokens, s.filled);
      if (tokens < s.length) {
        return false;
      }
    }
    nodeRefresh[k] = refreshRound;
    nodeFirst[k] = firstToken;
    nodeTokens[k] = tokens;
    nodeRuns[k] = s.runs;
    int r = nodeRowLo[k];
    if (n == 1) {
      rowIndex[r] = firstToken;
      rowToken[r] = s.tokens[firstToken];
      rowPosition[r] = s.start + firstToken;
      rowSlot[r] = s.slot(firstToken);
    } else {
      fillRows(s, r, firstToken, n);
    }
    return true;
  }

  void reset(long newStamp) {
    stamp = newStamp;
    structure++;
    version = -1;
    ownNodes = 0;
    rows = 0;
    Arrays.fill(nodeOf, 0, nodes, null);
    nodes = 0;
  }

  /** Adds a segment's rows; segments come in preorder, each once. */
  void addRows(Segment s, int firstToken, int n) {
    int depth = 0;
    Segment p = s.parent;
    while (p != null && p.stamp != stamp) {
      if (depth == path.length) {
        path = Arrays.copyOf(path, depth * 2);
      }
      path[depth++] = p;
      p = p.parent;
    }
    int above = p == null ? -1 : p.node;
    while (depth > 0) {
      Segment a = path[--depth];
      path[depth] = null;
      if (a != null) {
        above = addNode(a, above, 0, 0);
      }
    }
    addNode(s, above, firstToken, n);
    growRows(rows + n);
    fillRows(s, rows, firstToken, n);
    rows += n;
    ownNodes++;
  }

  private void fillRows(Segment s, int firstRow, int firstToken, int n) {
    int r = firstRow;
    int run = 0;
    int at = 0;
    int[] runs = s.runs;
    while (at + runs[2 * run + 1] <= firstToken) {
      at += runs[2 * run + 1];
      run++;
    }
    for (int i = firstToken; i < firstToken + n; i++) {
      if (i - at >= runs[2 * run + 1]) {
        at += runs[2 * run + 1];
        run++;
      }
      rowSegment[r] = s.id;
      rowIndex[r] = i;
      rowToken[r] = s.tokens[i];
      rowPosition[r] = s.start + i;
      rowSlot[r++] = runs[2 * run] + i - at;
    }
  }

  /** Finds the row intervals and checks that nothing above a row is missing. */
  void finish() {
    for (int k = nodes - 1; k >= 0; k--) {
      int p = nodeParent[k];
      if (p >= 0) {
        nodeRowHi[p] = Math.max(nodeRowHi[p], nodeRowHi[k]);
      }
    }
    for (int k = 0; k < nodes; k++) {
      Segment s = nodeOf[k];
      if (s != null && nodeRowHi[k] > nodeOwnEnd[k]) {
        nodeTokens[k] = Math.max(nodeTokens[k], s.filled);
        if (nodeTokens[k] < s.length) {
          throw new IllegalStateException(
              "segment "
                  + s.id
                  + " has rows below it, but only "
                  + nodeTokens[k]
                  + " of its "
                  + s.length
                  + " tokens are computed");
        }
      }
    }
    version = forest.version();
  }

  /** Adds a node and returns it, or its parent for a segment without tokens. */
  private int addNode(Segment s, int above, int firstToken, int n) {
    s.stamp = stamp;
    s.node = above;
    if (s.length == 0) {
      return above;
    }
    int k = nodes;
    if (k == nodeSegment.length) {
      growNodes(k * 2);
    }
    s.node = k;
    nodeOf[k] = s;
    nodeSegment[k] = s.id;
    nodeParent[k] = above;
    nodeRowLo[k] = rows;
    nodeOwnEnd[k] = rows + n;
    nodeRowHi[k] = rows + n;
    nodeFirst[k] = firstToken;
    nodeTokens[k] = firstToken + n;
    nodeStart[k] = s.start;
    nodeRuns[k] = s.runs;
    nodes++;
    return k;
  }

  private void growNodes(int n) {
    nodeOf = Arrays.copyOf(nodeOf, n);
    nodeSegment = Arrays.copyOf(nodeSegment, n);
    nodeParent = Arrays.copyOf(nodeParent, n);
    nodeRowLo = Arrays.copyOf(nodeRowLo, n);
    nodeOwnEnd = Arrays.copyOf(nodeOwnEnd, n);
    nodeRowHi = Arrays.copyOf(nodeRowHi, n);
    nodeFirst = Arrays.copyOf(nodeFirst, n);
    nodeTokens = Arrays.copyOf(nodeTokens, n);
    nodeStart = Arrays.copyOf(nodeStart, n);
    nodeRuns = Arrays.copyOf(nodeRuns, n);
    nodeRefresh = Arrays.copyOf(nodeRefresh, n);
  }

  private void growRows(int n) {
    if (n > rowSlot.length) {
      int m = Math.max(n, rowSlot.length * 2);
      rowSegment = Arrays.copyOf(rowSegment, m);
      rowIndex = Arrays.copyOf(rowIndex, m);
      rowToken = Arrays.copyOf(rowToken, m);
      rowPosition = Arrays.copyOf(rowPosition, m);
      rowSlot = Arrays.copyOf(rowSlot, m);
    }
  }
}
