package org.deft4j.kernels.cuda;

import java.util.Arrays;

/**
 * Cuts the line of all jobs' tiles, weighted by cost, in equal contiguous ranges, one a thread
 * block of a KV head. What a range holds of a job is an item.
 *
 * <p>Cost: linear in jobs and items, some ten times in search of the smallest ranges that do; no
 * allocation but growth.
 */
final class RangeCuts {
  private final int group;
  private final int ranges;
  private final AttentionTuning tuning;
  private final int[] rangeItem;
  private int items;
  private int[] itemJob = new int[64];
  private int[] itemTiles = new int[64];
  private double share;

  RangeCuts(int group, int ranges, AttentionTuning tuning) {
    this.group = group;
    this.ranges = ranges;
    this.tuning = tuning;
    rangeItem = new int[ranges + 1];
  }

  /** First item of each range, {@code [ranges + 1]}. */
  int[] rangeItem() {
    return rangeItem;
  }

  int items() {
    return items;
  }

  /** Job of an item; items of one follow each other. */
  int job(int item) {
    return itemJob[item];
  }

  /** Tiles of an item, which follow those of the item before if that is of the same job. */
  int tiles(int item) {
    return itemTiles[item];
  }

  /** Cuts jobs wherever it suits: the most costly range is as cheap as can be found, to 2 %. */
  void cut(AttentionJobs jobs) {
    double target = work(jobs) / ranges;
    while (!fill(jobs, target, false)) {
      target *= 1.02;
    }
    fill(jobs, target, true);
  }

  /** Whole jobs to ranges, each to the one where the middle of its cost lies. */
  void whole(AttentionJobs jobs) {
    double work = work(jobs);
    double done = 0;
    int range = 0;
    items = 0;
    rangeItem[0] = 0;
    for (int j = 0; j < jobs.count; j++) {
      double cost = jobs.tiles[j] * tileCost(jobs, j) + itemCost(jobs, j);
      int own = Math.min(ranges - 1, (int) ((done + cost / 2) / work * ranges));
      while (range < own) {
        rangeItem[++range] = items;
      }
      add(j, jobs.tiles[j]);
      done += cost;
    }
    while (range < ranges) {
      rangeItem[++range] = items;
    }
  }

  private void add(int job, int tiles) {
    if (items == itemJob.length) {
      itemJob = Arrays.copyOf(itemJob, items * 2);
      itemTiles = Arrays.copyOf(itemTiles, items * 2);
    }
    itemJob[items] = job;
    itemTiles[items++] = tiles;
  }

  private double tileCost(AttentionJobs jobs, int job) {
    // Gathering a tile of many runs takes longer than one that lies side by side.
    double read = jobs.end[job] - jobs.first[job] > 1 ? 1 : tuning.sideBySide();
    return Math.max(read, jobs.sight[job] / tuning.rowsPerTile());
  }

  private double itemCost(AttentionJobs jobs, int job) {
    double rows = (jobs.hi[job] - jobs.lo[job]) * group;
    // An item that holds a part of the job's tokens has those rows alone that see them.
    double part = Math.min(1, share / (jobs.tiles[job] * tileCost(jobs, job)));
    return tuning.itemTiles()
        + Math.min(rows, Math.max(jobs.sight[job], rows * part)) / tuning.rowsPerItemTile();
  }

  /** Cost of all jobs, each one item. */
  private double work(AttentionJobs jobs) {
    double work = 0;
    for (int j = 0; j < jobs.count; j++) {
      work += jobs.tiles[j] * tileCost(jobs, j);
    }
    share = work / ranges;
    for (int j = 0; j < jobs.count; j++) {
      work += itemCost(jobs, j);
    }
    return work;
  }

  /**
   * Fills ranges up to a cost of {@code target} each.
   *
   * @param keep the items; all that is left falls to the last range
   * @return whether all fits
   */
  private boolean fill(AttentionJobs jobs, double target, boolean keep) {
    int range = 0;
    double used = 0;
    items = 0;
    rangeItem[0] = 0;
    for (int j = 0; j < jobs.count; j++) {
      int left = jobs.tiles[j];
      double cost = tileCost(jobs, j);
      double fixed = itemCost(jobs, j);
      if (!keep && cost + fixed > target) {
        return false;
      }
      while (left > 0) {
        int n = Math.clamp((long) ((target - used - fixed) / cost + 1e-9), 0, left);
        boolean last = range + 1 == ranges;
        if (n == 0 && !last) {
          range++;
          rangeItem[range] = items;
          used = 0;
          continue;
        }
        if (last && keep) {
          n = left;
        } else if (n == 0) {
          return false;
        }
        if (keep) {
          add(j, n);
        }
        used += fixed + n * cost;
        left -= n;
      }
    }
    while (keep && range < ranges) {
      rangeItem[++range] = items;
    }
    return true;
  }
}
