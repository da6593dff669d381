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
 *   <li><b>Jobs</b> ({@link AttentionJobs}). Tokens that are computed with one block of query rows:
 *       a long shared prefix with all its rows, or neighbouring leaves with their rows and with
 *       what short nodes above them hold. A token that a row does not see costs nothing while
 *       reading is the bound, but each partial result is written and read.
 *   <li><b>Tiles.</b> A job's tokens end to end, 64 at a time.
 *   <li><b>Ranges</b> ({@link RangeCuts}). The line of all jobs' tiles, weighted by cost, cut in
 *       equal contiguous parts: one thread block a range and KV head. What a range holds of a job
 *       is an <b>item</b>; each item writes one partial result a row (one a team where teams share
 *       out its tiles), or the output itself where its rows have no other.
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
  private static final int IDLE = 1 << 10;
  private static final int NEW = 1 << 14;

  private static final int SPLIT_HALVES = 0;
  private static final int SPLIT_TILES = 1;
  private static final int SPLIT_ROWS = 2;
  private static final int DIRECT = 4;

  /** Rows that teams take in turn where they share out rows. */
  static final int UNIT = 16;

  private final int group;
  private final int ranges;
  private final AttentionTuning tuning;

  private final int[] range;
  private int items;
  private int[] item = new int[64 * ITEM_WORDS];
  private int tiles;
  private int[] tile = new int[256 * TILE_WORDS];
  private int runs;
  private int[] run = new int[256 * RUN_WORDS];
  private int partials;

  private final WrittenSlots written = new WrittenSlots();
  private final AttentionJobs jobs;
  private final RangeCuts cuts;
  private final PartialLists lists = new PartialLists();
  private int[] rowStamp = new int[64];
  private int stamp;

  // Rows that the item's last new segment marked: most tiles of a shared prefix have the same.
  private int markedFrom;
  private int markedTo;
  private int mask;
  private boolean direct;
  private int directRows;

  // The item's units of rows that are block m of team t: bits of [2 t + m]; none where it has no
  // rows of its own.
  private final int[] unitsOf = new int[4];
  private boolean ownRows;

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
    jobs = new AttentionJobs(group, ranges, tuning);
    cuts = new RangeCuts(group, ranges, tuning);
    range = new int[ranges * RANGE_WORDS];
  }

  int ranges() {
    return ranges;
  }

  /** Rows whose outputs items write. */
  int directRows() {
    return directRows;
  }

  /** Whether items may write outputs themselves. */
  void direct(boolean may) {
    direct = may;
  }

  /**
   * What each range holds: first item, item past the last, what stage 2 does (0 where no row is
   * left for it, 2 to drop what it merged), a word, its first item and tile.
   *
   * @param rows of the step, those of padding among them
   * @param drop whether partial results that were merged are dropped from the cache
   */
  int[] range(int rows, boolean drop) {
    int[] rangeItem = cuts.rangeItem();
    int merge = rows > directRows ? drop ? 2 : 1 : 0;
    for (int r = 0; r < ranges; r++) {
      int k = r * RANGE_WORDS;
      range[k] = rangeItem[r];
      range[k + 1] = rangeItem[r + 1];
      range[k + 2] = merge;
      if (rangeItem[r] < rangeItem[r + 1]) {
        System.arraycopy(item, rangeItem[r] * ITEM_WORDS, range, k + 4, ITEM_WORDS);
        System.arraycopy(tile, range[k + 6] * TILE_WORDS, range, k + 4 + ITEM_WORDS, TILE_WORDS);
      }
    }
    return range;
  }

  /** First item of each range, {@code [ranges + 1]}. */
  int[] rangeItem() {
    return cuts.rangeItem();
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
    mask =
        switch (plan.maskKind()) {
          case NONE -> 0;
          case DENSE -> 1;
          case BITS -> 2;
        };
    boolean groupsStay =
        tuning.fixed()
            || plan.method() == AttentionMethod.NODE
            || plan.method() == AttentionMethod.NODE_CHUNK;
    written.are(plan.rowSlot(), plan.rows());
    jobs.build(plan, mask, groupsStay);
    if (groupsStay) {
      cuts.whole(jobs);
    } else {
      cuts.cut(jobs);
    }
    for (int i = 0; i < cuts.items(); i++) {
      if (i == 0 || cuts.job(i) != cuts.job(i - 1)) {
        start(cuts.job(i));
      }
      emit(cuts.job(i), cuts.tiles(i));
    }
    lists.sort(plan.rows());
    direct();
  }

  /** Items whose rows have no other partial result write outputs. */
  private void direct() {
    directRows = 0;
    if (!direct || tuning.teams() == 1) {
      return;
    }
    int widest = tuning.widths()[tuning.widths().length - 1];
    for (int k = 0; k < items * ITEM_WORDS; k += ITEM_WORDS) {
      int lo = item[k];
      int hi = lo + item[k + 1];
      boolean only = item[k + 6] != SPLIT_TILES && item[k + 5] == widest;
      for (int r = lo; only && r < hi; r++) {
        only = lists.only(r, item[k + 4] + r - lo);
      }
      if (only) {
        item[k + 6] |= DIRECT;
        directRows += hi - lo;
        for (int r = lo; r < hi; r++) {
          lists.written(r);
        }
      }
    }
  }

  // --- items and tiles ---

  private void start(int job) {
    segment = jobs.first[job];
    offset = 0;
    skip(job);
  }

  /** Goes on to a segment that rows of the job see. */
  private void skip(int job) {
    while (segment < jobs.end[job]
        && (offset == jobs.segLength[segment]
            || jobs.segLo[segment] >= jobs.hi[job]
            || jobs.segHi[segment] <= jobs.lo[job])) {
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
    for (int s = segment; s < jobs.end[job] && room > 0; s++, at = 0) {
      if (jobs.segLo[s] < jobs.hi[job] && jobs.segHi[s] > jobs.lo[job]) {
        lo = Math.min(lo, Math.max(jobs.segLo[s], jobs.lo[job]));
        hi = Math.max(hi, Math.min(jobs.segHi[s], jobs.hi[job]));
        room -= jobs.segLength[s] - at;
      }
    }
    if (mask != 0) {
      lo = jobs.lo[job];
      hi = jobs.hi[job];
    }
    if ((hi - lo) * group > jobs.sharedRows() && tuning.teams() > 1) {
      // So that a token's rows have one team, if they do so in the whole job.
      int pair = Math.max(1, 2 * UNIT / group);
      lo = jobs.lo[job] + (lo - jobs.lo[job]) / pair * pair;
    }
    int rows = (hi - lo) * group;
    int split =
        rows <= (count == jobs.tiles[job] ? jobs.sharedRows() : tuning.splitRows())
            ? SPLIT_TILES
            : tuning.teams() > 1 && (rows <= 2 * tuning.block() || rows > 3 * tuning.block())
                ? SPLIT_ROWS
                : SPLIT_HALVES;
    blocks(rows, split);
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
    item[k + 6] = split;
    item[k + 7] = mask;
    ++stamp;
    markedFrom = 0;
    markedTo = 0;
    int first = lists.entries();
    for (int t = 0; t < count; t++) {
      tile(job, lo, hi);
    }
    partials += hi - lo;
    if (split == SPLIT_TILES) {
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
    if (from >= markedFrom && to <= markedTo) {
      return;
    }
    markedFrom = from;
    markedTo = to;
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
    int n = Math.min(TILE, jobs.segLength[segment] - offset);
    int from = Math.max(jobs.segLo[segment], lo);
    int to = Math.min(jobs.segHi[segment], hi);
    boolean plain = jobs.segCausal[segment] == AttentionPlan.ALL;
    int s = segment;
    int o = offset;
    offset += n;
    skip(job);
    if (plain && (n == TILE || segment == jobs.end[job])) {
      tile[k] = jobs.segSlot[s] + o;
      tile[k + 1] = rows(from - lo, to - lo);
      boolean whole = n == TILE && from == lo && to == hi && mask == 0;
      tile[k + 2] =
          n | (whole ? FULL : 0) | idle(units(from - lo, to - lo)) | fresh(jobs.segSlot[s] + o, n);
      tile[k + 3] = jobs.segColumn[s] + o;
      mark(from, to, lo);
      return;
    }
    tile[k] = runs;
    tile[k + 3] = 0;
    int count = 0;
    int seen = 0;
    int fresh = 0;
    while (true) {
      if ((runs + 1) * RUN_WORDS > run.length) {
        run = Arrays.copyOf(run, run.length * 2);
      }
      int r = runs++ * RUN_WORDS;
      // Token i of the segment is for rows from segLo + max(0, i - causal) on.
      int seesFrom = Math.max(jobs.segLo[s] + Math.max(0, o - jobs.segCausal[s]), lo);
      // Rows cut off above the item see their tokens late: count from the item's first row.
      int cause = jobs.segCausal[s] + seesFrom - jobs.segLo[s] - o;
      run[r] = jobs.segSlot[s] + o;
      run[r + 1] = rows(Math.min(seesFrom, to) - lo, to - lo);
      run[r + 2] = count | Math.min(count + cause, 0xff) << 8;
      run[r + 3] = jobs.segColumn[s] + o;
      mark(Math.min(seesFrom, to), to, lo);
      seen |= units(Math.min(seesFrom, to) - lo, to - lo);
      fresh |= fresh(jobs.segSlot[s] + o, n);
      count += n;
      if (count == TILE || segment == jobs.end[job]) {
        break;
      }
      s = segment;
      o = offset;
      n = Math.min(TILE - count, jobs.segLength[s] - o);
      to = Math.min(jobs.segHi[s], hi);
      offset += n;
      skip(job);
    }
    tile[k + 1] = runs - tile[k];
    tile[k + 2] = count | RUNS | idle(seen) | fresh;
  }

  private int fresh(int slot, int n) {
    return written.mayHold(slot, n) ? NEW : 0;
  }

  /** Bit u: the item's rows 16 u to 16 u + 15, some of which are of queries lo to hi - 1. */
  private int units(int lo, int hi) {
    return lo >= hi ? 0 : -1 << lo * group / UNIT & -1 >>> 31 - (hi * group - 1) / UNIT;
  }

  /** Which rows of an item fall to which block of which team ({@code OwnRows} of the kernel). */
  private void blocks(int rows, int split) {
    ownRows = split != SPLIT_TILES && tuning.teams() > 1;
    int inBlock = tuning.block() / UNIT;
    int half = Math.ceilDiv(Math.ceilDiv(rows, tuning.block()), 2) * inBlock;
    for (int team = 0; team < 2; team++) {
      for (int block = 0; block < 2; block++) {
        int units;
        if (split == SPLIT_ROWS) {
          units = (1 << 2 * inBlock) / 3 << team << 2 * inBlock * block; // every other one
        } else {
          units = (1 << inBlock) - 1 << inBlock * block & (1 << half) - 1;
          units <<= half * team;
        }
        unitsOf[2 * team + block] = units;
      }
    }
  }

  /** Which blocks have no row of those. */
  private int idle(int units) {
    int idle = 0;
    for (int b = 0; ownRows && b < unitsOf.length; b++) {
      if ((units & unitsOf[b]) == 0) {
        idle |= IDLE << b;
      }
    }
    return idle;
  }

  private int rows(int lo, int hi) {
    return lo * group | hi * group << 16;
  }
}
