package org.deft4j.kernels.cuda;

import java.util.Arrays;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * What of a plan is computed together: <b>jobs</b>, blocks of neighbouring query rows with the
 * tokens that any of them sees, in segments that lie side by side.
 *
 * <p>Cost: linear in pieces, rows and segments; no allocation but growth.
 */
final class AttentionJobs {
  private final int group;
  private final int ranges;
  private final AttentionTuning tuning;

  // Segments: tokens in neighbouring slots for query rows [lo, hi).
  int segments;
  int[] segSlot = new int[64];
  int[] segLength = new int[64];
  int[] segLo = new int[64];
  int[] segHi = new int[64];
  int[] segCausal = new int[64];
  int[] segColumn = new int[64];

  // Jobs: segments [first, end), as far as seen, for query rows [lo, hi).
  int count;
  int[] first = new int[64];
  int[] end = new int[64];
  int[] lo = new int[64];
  int[] hi = new int[64];
  int[] tiles = new int[64];

  /** Query rows that see a token, in the mean over the job's tokens and rounded up to blocks. */
  double[] sight = new double[64];

  // Jobs hold all that their rows see, and there is one at least for each range.
  private boolean complete;

  // Most rows of a block, and of a job of a node apart.
  private int blockRows;
  private int nodeRows;

  private int mask;

  // Nodes of the plan: consecutive pieces of equal rows.
  private int nodes;
  private int[] nodePiece = new int[64];
  private int[] nodeEnd = new int[64];
  private int[] nodeLo = new int[64];
  private int[] nodeHi = new int[64];
  private int[] nodeTokens = new int[64];

  // Those that many rows see, and the tokens of all others: what a plan costs is asked several
  // times.
  private int[] wideNode = new int[64];
  private int wideNodes;
  private int narrowTokens;
  private int[] crossing = new int[64];
  private int[] blockOf = new int[64];
  private int[] blockStart = new int[64];
  private int[] blockNodes = new int[64];
  private int[] listed = new int[64];

  // Pieces that wait for their team's turn: piece, first row, row past the last.
  private final int[] waiting = new int[2];
  private final int[][] awaited = {new int[96], new int[96]};
  private final int[] next = new int[2];
  private final int[] taken = new int[2];

  AttentionJobs(int group, int ranges, AttentionTuning tuning) {
    this.group = group;
    this.ranges = ranges;
    this.tuning = tuning;
  }

  /**
   * Makes the jobs of a plan.
   *
   * @param mask how visibility is told: 0 by intervals, else by a mask
   * @param groupsStay the plan's groups are the jobs
   */
  void build(AttentionPlan plan, int mask, boolean groupsStay) {
    this.mask = mask;
    segments = 0;
    count = 0;
    complete = false;
    nodeRows = tuning.maxRows();
    if (groupsStay) {
      groups(plan);
      return;
    }
    nodes(plan);
    if (plan.method() == AttentionMethod.FLATTEN) {
      blocks(plan);
    } else {
      for (int n = 0; n < nodes; n++) {
        own(plan, n);
      }
    }
  }

  private void groups(AttentionPlan plan) {
    for (int g = 0; g < plan.groups(); g++) {
      int from = segments;
      for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
        int rowLo = firstRow(plan, g, p);
        int rowHi = endRow(plan, g, p);
        if (rowLo < rowHi) {
          addSegment(plan, p, from, rowLo, rowHi);
        }
      }
      addJobs(from, segments, plan.groupRowLo()[g], plan.groupRowHi()[g]);
    }
  }

  /** First row of a group that may see a piece; with a mask, visibility is by the mask alone. */
  private int firstRow(AttentionPlan plan, int g, int p) {
    int rowLo = plan.groupRowLo()[g];
    return mask == 0 ? Math.max(rowLo, plan.pieceRowLo()[p]) : rowLo;
  }

  private int endRow(AttentionPlan plan, int g, int p) {
    int rowHi = plan.groupRowHi()[g];
    return mask == 0 ? Math.min(rowHi, plan.pieceRowHi()[p]) : rowHi;
  }

  // --- blocks of rows ---

  private void nodes(AttentionPlan plan) {
    nodes = 0;
    int last = -2;
    for (int g = 0; g < plan.groups(); g++) {
      for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
        int rowLo = firstRow(plan, g, p);
        int rowHi = endRow(plan, g, p);
        if (rowLo >= rowHi) {
          continue;
        }
        int n = nodes - 1;
        if (last == p - 1 && nodeLo[n] == rowLo && nodeHi[n] == rowHi) {
          nodeEnd[n] = p + 1;
          nodeTokens[n] += plan.pieceLength()[p];
        } else {
          n = nodes++;
          if (n == nodePiece.length) {
            nodePiece = Arrays.copyOf(nodePiece, n * 2);
            nodeEnd = Arrays.copyOf(nodeEnd, n * 2);
            nodeLo = Arrays.copyOf(nodeLo, n * 2);
            nodeHi = Arrays.copyOf(nodeHi, n * 2);
            nodeTokens = Arrays.copyOf(nodeTokens, n * 2);
          }
          nodePiece[n] = p;
          nodeEnd[n] = p + 1;
          nodeLo[n] = rowLo;
          nodeHi[n] = rowHi;
          nodeTokens[n] = plan.pieceLength()[p];
        }
        last = p;
      }
    }
    if (wideNode.length < nodes) {
      wideNode = new int[nodePiece.length];
    }
    wideNodes = 0;
    narrowTokens = 0;
    for (int n = 0; n < nodes; n++) {
      if (2 * (nodeHi[n] - nodeLo[n]) * group > tuning.blockRows()[0]) {
        wideNode[wideNodes++] = n;
      } else {
        narrowTokens += nodeTokens[n];
      }
    }
  }

  /** A node's tokens with all rows that see them. */
  private void own(AttentionPlan plan, int n) {
    int from = segments;
    for (int p = nodePiece[n]; p < nodeEnd[n]; p++) {
      addSegment(plan, p, from, nodeLo[n], nodeHi[n]);
    }
    addJobs(from, segments, nodeLo[n], nodeHi[n]);
  }

  /**
   * Whether a node is worth jobs of its own, if as a part of blocks it is read {@code blocks}
   * times: each row then merges one partial result more.
   */
  private boolean apart(int n, int blocks) {
    int rows = (nodeHi[n] - nodeLo[n]) * group;
    int least = Math.ceilDiv(nodeHi[n] - nodeLo[n], nodeRows / group);
    double more = (blocks - least) * tuning.copyTile() * nodeTokens[n] / AttentionSchedule.TILE;
    return blocks > 1 && more > least * tuning.itemTiles() + rows / tuning.rowsPerPartialTile();
  }

  /**
   * Whole jobs of at most so many rows have their tiles shared out between the teams. Where nothing
   * else sees the rows of a job, teams that have rows of their own can write outputs; sharing out
   * tiles, each has a partial result.
   */
  int sharedRows() {
    int[] widths = tuning.widths();
    return complete && widths.length > 1
        ? Math.min(tuning.splitRows(), widths[widths.length - 2])
        : tuning.splitRows();
  }

  /**
   * Chooses query rows of blocks and of the jobs of nodes apart: those that promise to take the
   * shortest.
   */
  private void chooseRows(int rows) {
    int[] sizes = tuning.blockRows();
    int most = nodeRows;
    int best = 0;
    if (rows * group > sizes[0]) {
      double least = Double.MAX_VALUE;
      for (int n = tuning.nodeRows().length - 1; n >= 0; n--) {
        int node = tuning.nodeRows()[n];
        nodeRows = node;
        for (int i = 0; i < sizes.length && sizes[i] <= node; i++) {
          double cost = cost(rows, i);
          if (cost < least) {
            least = cost;
            best = i;
            most = node;
          }
        }
      }
    }
    nodeRows = most;
    blockRows = sizes[best];
  }

  /** What a plan costs with blocks of size {@code i}, in tiles. */
  private double cost(int rows, int i) {
    int size = tuning.blockRows()[i];
    int most = Math.max(1, size / group);
    int blocks = Math.ceilDiv(rows, most);
    int jobs = blocks;
    double merged = 0;
    double cost = (double) narrowTokens / AttentionSchedule.TILE * tuning.narrowTile()[i];
    double rowsOfItem = cost * size; // in the mean, by cost
    for (int w = 0; w < wideNodes; w++) {
      int n = wideNode[w];
      int seenBy = nodeHi[n] - nodeLo[n];
      int times = Math.ceilDiv(seenBy, most);
      double own = (double) nodeTokens[n] / AttentionSchedule.TILE;
      if (apart(n, times)) {
        int cut = Math.ceilDiv(seenBy, nodeRows / group);
        int part = Math.ceilDiv(seenBy * group, cut);
        cost += own * cut * wide(part);
        rowsOfItem += own * cut * wide(part) * part;
        jobs += cut;
        merged += seenBy;
      } else {
        int part = Math.min(seenBy, most) * group;
        double tiles = own * times * (2 * part > size ? wide(part) : tuning.narrowTile()[i]);
        cost += tiles;
        rowsOfItem += tiles * size;
      }
    }
    if (merged > 0 || blocks < ranges) {
      merged += rows * (size <= tuning.splitRows() ? tuning.teams() : 1);
    }
    return cost
        + Math.max(jobs, ranges)
            * (tuning.itemTiles() + rowsOfItem / cost / tuning.rowsPerItemTile())
        + merged * group / tuning.rowsPerPartialTile();
  }

  /** Cost of a tile that so many rows see. */
  private double wide(int rows) {
    return Math.max(1, Math.ceilDiv(rows, tuning.block()) * tuning.block() / tuning.rowsPerTile());
  }

  private void blocks(AttentionPlan plan) {
    int rows = plan.rows();
    chooseRows(rows);
    int most = Math.max(1, blockRows / group);
    if (crossing.length <= rows) {
      crossing = new int[Math.max(rows + 1, crossing.length * 2)];
      blockOf = new int[crossing.length];
      blockStart = new int[crossing.length + 1];
      listed = new int[crossing.length + 1];
    }
    Arrays.fill(crossing, 0, rows + 1, 0);
    for (int n = 0; n < nodes; n++) {
      if (!apart(n, Math.ceilDiv(nodeHi[n] - nodeLo[n], most))) {
        crossing[nodeLo[n] + 1] += nodeTokens[n];
        crossing[nodeHi[n]] -= nodeTokens[n];
      }
    }
    for (int r = 1; r <= rows; r++) {
      crossing[r] += crossing[r - 1];
    }
    // As few blocks as can be; one ends where it cuts as few tokens as can be from others that see
    // them.
    int blocks = 0;
    int left = Math.ceilDiv(rows, most);
    for (int r = 0; r < rows; ) {
      int to = Math.min(rows, r + most);
      if (to < rows) {
        int least = Math.max(r + most / 2, rows - (left - 1) * most);
        for (int e = to - 1; e >= least; e--) {
          if (crossing[e] < crossing[to]) {
            to = e;
          }
        }
      }
      left--;
      Arrays.fill(blockOf, r, to, blocks);
      blockStart[blocks++] = r;
      r = to;
    }
    blockStart[blocks] = rows;
    Arrays.fill(listed, 0, blocks + 1, 0);
    for (int n = 0; n < nodes; n++) {
      int b0 = blockOf[nodeLo[n]];
      int b1 = blockOf[nodeHi[n] - 1];
      if (apart(n, b1 - b0 + 1)) {
        own(plan, n);
        nodeTokens[n] = 0;
      } else {
        for (int b = b0; b <= b1; b++) {
          listed[b + 1]++;
        }
      }
    }
    for (int b = 0; b < blocks; b++) {
      listed[b + 1] += listed[b];
    }
    if (blockNodes.length < listed[blocks]) {
      blockNodes = new int[listed[blocks] * 2];
    }
    for (int n = 0; n < nodes; n++) {
      if (nodeTokens[n] > 0) {
        for (int b = blockOf[nodeLo[n]]; b <= blockOf[nodeHi[n] - 1]; b++) {
          blockNodes[listed[b]++] = n;
        }
      }
    }
    complete = count == 0 && blocks >= ranges;
    // listed[b] is now the end of block b's nodes.
    for (int b = 0; b < blocks; b++) {
      block(plan, b == 0 ? 0 : listed[b - 1], listed[b], blockStart[b], blockStart[b + 1]);
    }
  }

  /**
   * A job of the nodes {@code from..to-1} listed for rows [{@code lo}, {@code hi}). Nodes that only
   * one team's rows see come last and in turns, a tile of each team: so that both have work.
   */
  private void block(AttentionPlan plan, int from, int to, int blockLo, int blockHi) {
    int start = segments;
    int rowLo = blockHi;
    int rowHi = blockLo;
    for (int i = from; i < to; i++) {
      rowLo = Math.min(rowLo, Math.max(nodeLo[blockNodes[i]], blockLo));
      rowHi = Math.max(rowHi, Math.min(nodeHi[blockNodes[i]], blockHi));
    }
    boolean turns = tuning.teams() > 1 && (rowHi - rowLo) * group > sharedRows();
    int tokens = 0;
    waiting[0] = 0;
    waiting[1] = 0;
    for (int i = from; i < to; i++) {
      int n = blockNodes[i];
      int seenFrom = Math.max(nodeLo[n], blockLo);
      int seenTo = Math.min(nodeHi[n], blockHi);
      int unit = (seenFrom - rowLo) * group / AttentionSchedule.UNIT;
      boolean narrow = ((seenTo - rowLo) * group - 1) / AttentionSchedule.UNIT == unit;
      for (int p = nodePiece[n]; p < nodeEnd[n]; p++) {
        int length = plan.pieceLength()[p];
        if (turns && narrow && (mask != 0 || plan.pieceCausal()[p] == AttentionPlan.ALL)) {
          await(unit & 1, p, seenFrom, seenTo);
        } else {
          addSegment(plan, p, 0, length, start, seenFrom, seenTo);
          tokens += length;
        }
      }
    }
    takeTurns(plan, start, AttentionSchedule.TILE - tokens % AttentionSchedule.TILE);
    if (segments > start) {
      addJobs(start, segments, rowLo, rowHi);
    }
  }

  private void await(int team, int p, int seenFrom, int seenTo) {
    int k = 3 * waiting[team]++;
    if (k + 3 > awaited[team].length) {
      awaited[team] = Arrays.copyOf(awaited[team], 2 * (k + 3));
    }
    awaited[team][k] = p;
    awaited[team][k + 1] = seenFrom;
    awaited[team][k + 2] = seenTo;
  }

  /** Adds what waits, a tile of each team in turn; the first has {@code room} for tokens. */
  private void takeTurns(AttentionPlan plan, int start, int room) {
    int left = waiting[0] + waiting[1];
    int team = 0;
    next[0] = next[1] = 0;
    taken[0] = taken[1] = 0;
    while (left > 0) {
      if (next[team] == waiting[team]) {
        team ^= 1;
      }
      int[] from = awaited[team];
      int k = 3 * next[team];
      int length = plan.pieceLength()[from[k]];
      int n = Math.min(room, length - taken[team]);
      addSegment(plan, from[k], taken[team], n, start, from[k + 1], from[k + 2]);
      taken[team] += n;
      if (taken[team] == length) {
        taken[team] = 0;
        next[team]++;
        left--;
      }
      room -= n;
      if (room == 0) {
        room = AttentionSchedule.TILE;
        team ^= 1;
      }
    }
  }

  private void addSegment(AttentionPlan plan, int p, int from, int rowLo, int rowHi) {
    addSegment(plan, p, 0, plan.pieceLength()[p], from, rowLo, rowHi);
  }

  /** Tokens {@code offset..offset+n-1} of a piece; less than all only of one without a limit. */
  private void addSegment(
      AttentionPlan plan, int p, int offset, int n, int from, int rowLo, int rowHi) {
    int slot = plan.pieceSlot()[p] + offset;
    int causal = mask == 0 ? plan.pieceCausal()[p] : AttentionPlan.ALL;
    if (causal != AttentionPlan.ALL) {
      causal += rowLo - plan.pieceRowLo()[p]; // is told for the piece's first row
    }
    int column = plan.pieceToken()[p] + offset;
    int last = segments - 1;
    if (last >= from
        && segSlot[last] + segLength[last] == slot
        && segLo[last] == rowLo
        && segHi[last] == rowHi
        && causal == AttentionPlan.ALL
        && segCausal[last] == AttentionPlan.ALL
        && segColumn[last] + segLength[last] == column) {
      segLength[last] += n;
      return;
    }
    if (segments == segSlot.length) {
      int room = segments * 2;
      segSlot = Arrays.copyOf(segSlot, room);
      segLength = Arrays.copyOf(segLength, room);
      segLo = Arrays.copyOf(segLo, room);
      segHi = Arrays.copyOf(segHi, room);
      segCausal = Arrays.copyOf(segCausal, room);
      segColumn = Arrays.copyOf(segColumn, room);
    }
    segSlot[segments] = slot;
    segLength[segments] = n;
    segLo[segments] = rowLo;
    segHi[segments] = rowHi;
    segCausal[segments] = causal;
    segColumn[segments++] = column;
  }

  private void addJobs(int from, int to, int rowLo, int rowHi) {
    int blocks = Math.ceilDiv(rowHi - rowLo, nodeRows / group);
    for (int b = 0; b < blocks; b++) {
      int jobLo = rowLo + (int) ((long) (rowHi - rowLo) * b / blocks);
      int jobHi = rowLo + (int) ((long) (rowHi - rowLo) * (b + 1) / blocks);
      int tokens = 0;
      double seen = 0;
      for (int s = from; s < to; s++) {
        int n = Math.min(segHi[s], jobHi) - Math.max(segLo[s], jobLo);
        if (n > 0) {
          tokens += segLength[s];
          seen += (double) segLength[s] * Math.ceilDiv(n * group, tuning.block());
        }
      }
      if (tokens > 0) {
        if (count == first.length) {
          int n = count * 2;
          first = Arrays.copyOf(first, n);
          end = Arrays.copyOf(end, n);
          lo = Arrays.copyOf(lo, n);
          hi = Arrays.copyOf(hi, n);
          tiles = Arrays.copyOf(tiles, n);
          sight = Arrays.copyOf(sight, n);
        }
        first[count] = from;
        end[count] = to;
        lo[count] = jobLo;
        hi[count] = jobHi;
        sight[count] = seen / tokens * tuning.block();
        tiles[count++] = Math.ceilDiv(tokens, AttentionSchedule.TILE);
      }
    }
  }
}
