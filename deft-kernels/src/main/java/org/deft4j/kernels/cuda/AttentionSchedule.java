package org.deft4j.kernels.cuda;

import java.util.Arrays;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * Lays an {@link AttentionPlan} out for the attention kernels: who computes what, in flat arrays
 * that are the structs of {@code attention_params.cuh} (32-bit words).
 *
 * <p>The same schedule serves all KV heads and layers. Its parts:
 *
 * <ul>
 *   <li><b>Jobs.</b> Consecutive pieces that are computed with one block of query rows: a shared
 *       prefix with all its rows, or several leaves with their rows together (a token that a row
 *       does not see costs nothing while reading is the bound). Rows beyond {@link
 *       AttentionTuning#maxRows} are cut in equal blocks.
 *   <li><b>Tiles.</b> A job's tokens end to end, 64 at a time.
 *   <li><b>Ranges.</b> The line of all jobs' tiles, weighted by cost, cut in equal contiguous
 *       parts: one thread block a range and KV head. What a range holds of a job is an <b>item</b>;
 *       each item writes one partial result a row (one a team where teams share out its tiles).
 * </ul>
 *
 * <p>The groups of {@code node}, {@code node-chunk} and of deterministic plans are never cut or
 * joined: each is an item, as these methods say. All other methods are cut where it suits the
 * device; their groups tell what is read, not where work is divided.
 *
 * <p>Cost: linear in pieces, tiles and partial results; no allocation but growth.
 */
final class AttentionSchedule {
  /** Tokens a tile; {@code TILE} of the kernels. */
  static final int TILE = 64;

  /** Most query heads a KV head. */
  static final int MAX_GROUP = 16;

  /** Words of an item, a tile, a run. */
  static final int ITEM_WORDS = 8;

  static final int RANGE_WORDS = 16;
  static final int TILE_WORDS = 4;
  static final int RUN_WORDS = 4;

  private static final int RUNS = 1 << 8;
  private static final int FULL = 1 << 9;

  private final int group;
  private final int ranges;
  private final AttentionTuning tuning;

  // Coalesced pieces.
  private int segments;
  private int[] segSlot = new int[64];
  private int[] segLength = new int[64];
  private int[] segLo = new int[64];
  private int[] segHi = new int[64];
  private int[] segCausal = new int[64];
  private int[] segColumn = new int[64];

  // Jobs: segments [jobFirst, jobEnd) for query rows [jobLo, jobHi).
  private int jobs;
  private int[] jobFirst = new int[64];
  private int[] jobEnd = new int[64];
  private int[] jobLo = new int[64];
  private int[] jobHi = new int[64];
  private int[] jobTiles = new int[64];

  private final int[] rangeItem;
  private final int[] range;
  private int items;
  private int[] item = new int[64 * ITEM_WORDS];
  private int tiles;
  private int[] tile = new int[256 * TILE_WORDS];
  private int runs;
  private int[] run = new int[256 * RUN_WORDS];
  private int partials;

  private final PartialLists lists = new PartialLists();
  private int[] rowStamp = new int[64];
  private int stamp;
  private int mask;

  // Where the next tile of a job begins.
  private int segment;
  private int offset;

  /**
   * @param group query heads a KV head
   * @param ranges parts to cut the work in: thread blocks a KV head
   */
  AttentionSchedule(int group, int ranges, AttentionTuning tuning) {
    if (group < 1 || group > MAX_GROUP || ranges < 1) {
      throw new IllegalArgumentException(
          "group of " + group + " query heads (1.." + MAX_GROUP + " work), " + ranges + " ranges");
    }
    this.group = group;
    this.ranges = ranges;
    this.tuning = tuning;
    rangeItem = new int[ranges + 1];
    range = new int[ranges * RANGE_WORDS];
  }

  int ranges() {
    return ranges;
  }

  /** What each range holds: first item, item past the last, two words, its first item and tile. */
  int[] range() {
    for (int r = 0; r < ranges; r++) {
      int k = r * RANGE_WORDS;
      range[k] = rangeItem[r];
      range[k + 1] = rangeItem[r + 1];
      if (rangeItem[r] < rangeItem[r + 1]) {
        System.arraycopy(item, rangeItem[r] * ITEM_WORDS, range, k + 4, ITEM_WORDS);
        System.arraycopy(tile, range[k + 6] * TILE_WORDS, range, k + 4 + ITEM_WORDS, TILE_WORDS);
      }
    }
    return range;
  }

  /** First item of each range, {@code [ranges + 1]}. */
  int[] rangeItem() {
    return rangeItem;
  }

  int items() {
    return items;
  }

  int[] item() {
    return item;
  }

  int tiles() {
    return tiles;
  }

  int[] tile() {
    return tile;
  }

  int runs() {
    return runs;
  }

  /** Runs of the tiles that have several. */
  int[] run() {
    return run;
  }

  /** Partial results, in queries a KV head (each of {@code group} rows). */
  int partials() {
    return partials;
  }

  /** First entry of each query row, {@code [rows + 1]}. */
  int[] rowPartial() {
    return lists.rowPartial();
  }

  int entries() {
    return lists.entries();
  }

  /** Partial result of each entry, in the order in which they are merged. */
  int[] partialOf() {
    return lists.partialOf();
  }

  /** Makes the schedule of a plan. */
  void build(AttentionPlan plan) {
    items = 0;
    tiles = 0;
    runs = 0;
    partials = 0;
    lists.clear();
    jobs = 0;
    segments = 0;
    mask =
        switch (plan.maskKind()) {
          case NONE -> 0;
          case DENSE -> 1;
          case BITS -> 2;
        };
    boolean whole =
        tuning.fixed()
            || plan.method() == AttentionMethod.NODE
            || plan.method() == AttentionMethod.NODE_CHUNK;
    if (whole) {
      groupJobs(plan);
      assignWhole();
    } else {
      lineJobs(plan);
      cut();
    }
    lists.sort(plan.rows());
  }

  // --- jobs ---

  private void groupJobs(AttentionPlan plan) {
    for (int g = 0; g < plan.groups(); g++) {
      int first = segments;
      for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
        int lo = firstRow(plan, g, p);
        int hi = endRow(plan, g, p);
        if (lo < hi) {
          addSegment(plan, p, first, lo, hi);
        }
      }
      addJobs(first, segments, plan.groupRowLo()[g], plan.groupRowHi()[g]);
    }
  }

  private void lineJobs(AttentionPlan plan) {
    boolean join = plan.method() == AttentionMethod.FLATTEN;
    int first = 0;
    int lo = 0;
    int hi = 0;
    for (int g = 0; g < plan.groups(); g++) {
      for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
        int pieceLo = firstRow(plan, g, p);
        int pieceHi = endRow(plan, g, p);
        if (pieceLo >= pieceHi) {
          continue;
        }
        if (segments > first) {
          int unionLo = Math.min(lo, pieceLo);
          int unionHi = Math.max(hi, pieceHi);
          boolean same = pieceLo == lo && pieceHi == hi;
          boolean few = (unionHi - unionLo) * group <= tuning.joinRows();
          // Not worth an item of its own: a draft token, the first tokens of a branch.
          boolean little = pieceLo >= lo && pieceHi <= hi && plan.pieceLength()[p] < TILE / 2;
          if (same || join && (few || little)) {
            lo = unionLo;
            hi = unionHi;
            addSegment(plan, p, first, pieceLo, pieceHi);
            continue;
          }
          addJobs(first, segments, lo, hi);
        }
        first = segments;
        lo = pieceLo;
        hi = pieceHi;
        addSegment(plan, p, first, pieceLo, pieceHi);
      }
    }
    if (segments > first) {
      addJobs(first, segments, lo, hi);
    }
  }

  /** First row of a group that may see a piece; with a mask, visibility is by the mask alone. */
  private int firstRow(AttentionPlan plan, int g, int p) {
    int lo = plan.groupRowLo()[g];
    return mask == 0 ? Math.max(lo, plan.pieceRowLo()[p]) : lo;
  }

  private int endRow(AttentionPlan plan, int g, int p) {
    int hi = plan.groupRowHi()[g];
    return mask == 0 ? Math.min(hi, plan.pieceRowHi()[p]) : hi;
  }

  private void addSegment(AttentionPlan plan, int p, int first, int lo, int hi) {
    int slot = plan.pieceSlot()[p];
    int causal = mask == 0 ? plan.pieceCausal()[p] : AttentionPlan.ALL;
    if (causal != AttentionPlan.ALL) {
      causal += lo - plan.pieceRowLo()[p]; // is told for the piece's first row
    }
    int column = plan.pieceToken()[p];
    int last = segments - 1;
    if (last >= first
        && segSlot[last] + segLength[last] == slot
        && segLo[last] == lo
        && segHi[last] == hi
        && causal == AttentionPlan.ALL
        && segCausal[last] == AttentionPlan.ALL
        && segColumn[last] + segLength[last] == column) {
      segLength[last] += plan.pieceLength()[p];
      return;
    }
    if (segments == segSlot.length) {
      int n = segments * 2;
      segSlot = Arrays.copyOf(segSlot, n);
      segLength = Arrays.copyOf(segLength, n);
      segLo = Arrays.copyOf(segLo, n);
      segHi = Arrays.copyOf(segHi, n);
      segCausal = Arrays.copyOf(segCausal, n);
      segColumn = Arrays.copyOf(segColumn, n);
    }
    segSlot[segments] = slot;
    segLength[segments] = plan.pieceLength()[p];
    segLo[segments] = lo;
    segHi[segments] = hi;
    segCausal[segments] = causal;
    segColumn[segments++] = column;
  }

  private void addJobs(int first, int end, int lo, int hi) {
    int most = tuning.maxRows() / group;
    int blocks = Math.ceilDiv(hi - lo, most);
    for (int b = 0; b < blocks; b++) {
      int from = lo + (int) ((long) (hi - lo) * b / blocks);
      int to = lo + (int) ((long) (hi - lo) * (b + 1) / blocks);
      int tokens = 0;
      for (int s = first; s < end; s++) {
        if (segLo[s] < to && from < segHi[s]) {
          tokens += segLength[s];
        }
      }
      if (tokens > 0) {
        if (jobs == jobFirst.length) {
          int n = jobs * 2;
          jobFirst = Arrays.copyOf(jobFirst, n);
          jobEnd = Arrays.copyOf(jobEnd, n);
          jobLo = Arrays.copyOf(jobLo, n);
          jobHi = Arrays.copyOf(jobHi, n);
          jobTiles = Arrays.copyOf(jobTiles, n);
        }
        jobFirst[jobs] = first;
        jobEnd[jobs] = end;
        jobLo[jobs] = from;
        jobHi[jobs] = to;
        jobTiles[jobs++] = Math.ceilDiv(tokens, TILE);
      }
    }
  }

  // --- ranges ---

  private double tileCost(int job) {
    int blocks = Math.ceilDiv((jobHi[job] - jobLo[job]) * group, tuning.block());
    // Gathering a tile of many runs takes longer than one that lies side by side.
    double read = jobEnd[job] - jobFirst[job] > 1 ? 1 : tuning.sideBySide();
    return Math.max(read, blocks * tuning.block() / tuning.rowsPerTile());
  }

  private double itemCost(int job) {
    return tuning.itemTiles() + (jobHi[job] - jobLo[job]) * group / tuning.rowsPerItemTile();
  }

  private void cut() {
    double work = 0;
    for (int j = 0; j < jobs; j++) {
      work += jobTiles[j] * tileCost(j) + itemCost(j);
    }
    double target = work / ranges;
    while (!fits(target)) {
      target *= 1.02;
    }
    int range = 0;
    double used = 0;
    rangeItem[0] = 0;
    for (int j = 0; j < jobs; j++) {
      start(j);
      int left = jobTiles[j];
      double cost = tileCost(j);
      double fixed = itemCost(j);
      while (left > 0) {
        int n = room(target - used - fixed, cost, left);
        if (n == 0 && range + 1 < ranges) {
          rangeItem[++range] = items;
          used = 0;
          continue;
        }
        n = range + 1 == ranges ? left : n;
        emit(j, n);
        used += fixed + n * cost;
        left -= n;
      }
    }
    while (range < ranges) {
      rangeItem[++range] = items;
    }
  }

  /** Tiles of the next item that fit, 0 if the range is full. */
  private int room(double free, double cost, int left) {
    int n = (int) (free / cost + 1e-9);
    if (n >= left) {
      return left;
    }
    return Math.max(0, n);
  }

  private boolean fits(double target) {
    int range = 1;
    double used = 0;
    for (int j = 0; j < jobs; j++) {
      int left = jobTiles[j];
      double cost = tileCost(j);
      double fixed = itemCost(j);
      if (cost + fixed > target) {
        return false;
      }
      while (left > 0) {
        int n = room(target - used - fixed, cost, left);
        if (n == 0) {
          if (++range > ranges) {
            return false;
          }
          used = 0;
          continue;
        }
        used += fixed + n * cost;
        left -= n;
      }
    }
    return true;
  }

  /** Whole jobs to ranges, each to the one where the middle of its cost lies. */
  private void assignWhole() {
    double work = 0;
    for (int j = 0; j < jobs; j++) {
      work += jobTiles[j] * tileCost(j) + itemCost(j);
    }
    double done = 0;
    int range = 0;
    rangeItem[0] = 0;
    for (int j = 0; j < jobs; j++) {
      double cost = jobTiles[j] * tileCost(j) + itemCost(j);
      int own = Math.min(ranges - 1, (int) ((done + cost / 2) / work * ranges));
      while (range < own) {
        rangeItem[++range] = items;
      }
      start(j);
      emit(j, jobTiles[j]);
      done += cost;
    }
    while (range < ranges) {
      rangeItem[++range] = items;
    }
  }

  // --- items and tiles ---

  private void start(int job) {
    segment = jobFirst[job];
    offset = 0;
    skip(job);
  }

  /** Goes on to a segment that rows of the job see. */
  private void skip(int job) {
    while (segment < jobEnd[job]
        && (offset == segLength[segment]
            || segLo[segment] >= jobHi[job]
            || segHi[segment] <= jobLo[job])) {
      segment++;
      offset = 0;
    }
  }

  private void emit(int job, int count) {
    if ((items + 1) * ITEM_WORDS > item.length) {
      item = Arrays.copyOf(item, item.length * 2);
    }
    int lo = Integer.MAX_VALUE;
    int hi = 0;
    int room = count * TILE;
    int at = offset;
    for (int s = segment; s < jobEnd[job] && room > 0; s++, at = 0) {
      if (segLo[s] < jobHi[job] && segHi[s] > jobLo[job]) {
        lo = Math.min(lo, Math.max(segLo[s], jobLo[job]));
        hi = Math.max(hi, Math.min(segHi[s], jobHi[job]));
        room -= segLength[s] - at;
      }
    }
    if (mask != 0) {
      lo = jobLo[job];
      hi = jobHi[job];
    }
    int rows = (hi - lo) * group;
    boolean split = rows <= tuning.splitRows();
    int width = 0;
    while (width + 1 < tuning.widths().length && tuning.widths()[width] < rows) {
      width++;
    }
    int k = items++ * ITEM_WORDS;
    item[k] = lo;
    item[k + 1] = hi - lo;
    item[k + 2] = tiles;
    item[k + 3] = tiles + count;
    item[k + 4] = partials;
    item[k + 5] = tuning.widths()[width];
    item[k + 6] = split ? 1 : 0;
    item[k + 7] = mask;
    ++stamp;
    int first = lists.entries();
    for (int t = 0; t < count; t++) {
      tile(job, lo, hi);
    }
    partials += hi - lo;
    if (split) {
      // The results of the teams that get a tile, one after the other.
      int end = lists.entries();
      for (int team = 1; team < Math.min(tuning.teams(), count); team++) {
        lists.repeat(first, end, team * (hi - lo));
        partials += hi - lo;
      }
    }
  }

  /** Rows of the item see a segment: once each, they merge its partial result. */
  private void mark(int from, int to, int lo) {
    if (to > rowStamp.length) {
      rowStamp = Arrays.copyOf(rowStamp, Math.max(to, rowStamp.length * 2));
    }
    for (int r = from; r < to; r++) {
      if (rowStamp[r] != stamp) {
        rowStamp[r] = stamp;
        lists.add(r, partials + r - lo);
      }
    }
  }

  private void tile(int job, int lo, int hi) {
    if ((tiles + 1) * TILE_WORDS > tile.length) {
      tile = Arrays.copyOf(tile, tile.length * 2);
    }
    int k = tiles++ * TILE_WORDS;
    int n = Math.min(TILE, segLength[segment] - offset);
    int from = Math.max(segLo[segment], lo);
    int to = Math.min(segHi[segment], hi);
    boolean plain = segCausal[segment] == AttentionPlan.ALL;
    int s = segment;
    int o = offset;
    offset += n;
    skip(job);
    if (plain && (n == TILE || segment == jobEnd[job])) {
      tile[k] = segSlot[s] + o;
      tile[k + 1] = rows(from - lo, to - lo);
      boolean whole = n == TILE && from == lo && to == hi && mask == 0;
      tile[k + 2] = n | (whole ? FULL : 0);
      tile[k + 3] = segColumn[s] + o;
      mark(from, to, lo);
      return;
    }
    tile[k] = runs;
    tile[k + 3] = 0;
    int count = 0;
    while (true) {
      if ((runs + 1) * RUN_WORDS > run.length) {
        run = Arrays.copyOf(run, run.length * 2);
      }
      int r = runs++ * RUN_WORDS;
      // Token i of the segment is for rows from segLo + max(0, i - causal) on.
      int seesFrom = Math.max(segLo[s] + Math.max(0, o - segCausal[s]), lo);
      // Rows cut off above the item see their tokens late: count from the item's first row.
      int cause = segCausal[s] + seesFrom - segLo[s] - o;
      run[r] = segSlot[s] + o;
      run[r + 1] = rows(Math.min(seesFrom, to) - lo, to - lo);
      run[r + 2] = count | Math.min(count + cause, 0xff) << 8;
      run[r + 3] = segColumn[s] + o;
      mark(Math.min(seesFrom, to), to, lo);
      count += n;
      if (count == TILE || segment == jobEnd[job]) {
        break;
      }
      s = segment;
      o = offset;
      n = Math.min(TILE - count, segLength[s] - o);
      to = Math.min(segHi[s], hi);
      offset += n;
      skip(job);
    }
    tile[k + 1] = runs - tile[k];
    tile[k + 2] = count | RUNS;
  }

  private int rows(int lo, int hi) {
    return lo * group | hi * group << 16;
  }
}
