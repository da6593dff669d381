package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.kernels.Plans;
import org.deft4j.testing.RandomForests;
import org.deft4j.tree.Forest;
import org.deft4j.tree.PagePool;
import org.deft4j.tree.RowBatch;
import org.deft4j.tree.RowLayout;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;
import org.deft4j.tree.plan.PlanOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A schedule, read as the kernels read it, lets each row see each token of its plan exactly once,
 * in partial results that nothing else writes and that the row merges.
 */
class AttentionScheduleTest {
  private static final int[] GROUPS = {1, 2, 3, 4, 7, 8, 16};
  private static final int[] RANGES = {1, 4, 16, 33, 132};
  private static final int NEW = 1 << 14;

  @ParameterizedTest
  @EnumSource(AttentionMethod.class)
  void coversPlansMadeByHand(AttentionMethod method) {
    for (int seed = 0; seed < 40; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      Plans plans =
          new Plans(random, 1 + random.nextInt(40), 1 + random.nextInt(150), 1 + seed % 90, 20_000);
      check(plans.plan(method, 16 + random.nextInt(200)), seed);
    }
  }

  @ParameterizedTest
  @EnumSource(AttentionMethod.class)
  void coversPlansOfForests(AttentionMethod method) {
    for (int seed = 0; seed < 25; seed++) {
      RandomForests forest = new RandomForests(seed, 20_000);
      PlanOptions options = PlanOptions.DEFAULT.withDeterministic(seed % 3 == 0);
      AttentionPlanner planner = new AttentionPlanner(method, options);
      for (int step = 0; step < 6; step++) {
        forest.edit(6);
        RowLayout layout = forest.nextBatch().layout();
        check(planner.plan(layout), seed + step);
        forest.batch().commit();
      }
      planner.close();
    }
  }

  private static void check(AttentionPlan plan, int seed) {
    int group = GROUPS[seed % GROUPS.length];
    AttentionTuning tuning = seed % 4 == 3 ? AttentionTuning.PORTABLE : AttentionTuning.SM90;
    AttentionSchedule schedule = new AttentionSchedule(group, RANGES[seed % RANGES.length], tuning);
    schedule.direct(seed % 3 != 0);
    for (int round = 0; round < 2; round++) {
      schedule.build(plan);
      String where = plan.method() + ", seed " + seed + ", group " + group;
      assertThat(seen(plan, schedule, group, tuning, where)).as(where).isDeepEqualTo(planned(plan));
    }
  }

  /** What a step does not write may be read before the kernels that write are done. */
  @Test
  void tilesOfEarlierStepsMayBeReadAhead() {
    Forest forest = new Forest(new PagePool(16, 1024));
    int root = forest.root(new int[4000]);
    RowBatch batch = new RowBatch(forest);
    batch.add(root, 0, 4000);
    AttentionPlanner planner = new AttentionPlanner(AttentionMethod.FLATTEN);
    AttentionSchedule schedule = new AttentionSchedule(4, 16, AttentionTuning.SM90);
    assertThat(fresh(schedule, planner.plan(batch.layout()))).isEqualTo(schedule.tiles());
    batch.commit();
    int[] leaves = {forest.child(root), forest.child(root)};
    for (int step = 0; step < 3; step++) {
      batch.clear();
      for (int leaf : leaves) {
        forest.append(leaf, step);
        batch.add(leaf, step, 1);
      }
      // Leaves have a tile each at most; the root's last shares a unit of slots with one, perhaps.
      assertThat(fresh(schedule, planner.plan(batch.layout()))).isBetween(1, 3);
      assertThat(schedule.tiles()).isGreaterThanOrEqualTo(63);
      batch.commit();
    }
    planner.close();
  }

  private static int fresh(AttentionSchedule schedule, AttentionPlan plan) {
    schedule.build(plan);
    int fresh = 0;
    for (int t = 0; t < schedule.tiles(); t++) {
      fresh += (schedule.tile()[t * AttentionSchedule.TILE_WORDS + 2] & NEW) == 0 ? 0 : 1;
    }
    return fresh;
  }

  /** Slots that each row sees by the plan, in ascending order. */
  private static int[][] planned(AttentionPlan plan) {
    int[][] all = new int[plan.rows()][];
    for (int r = 0; r < plan.rows(); r++) {
      List<Integer> slots = new ArrayList<>();
      for (int k = plan.rowRange()[r]; k < plan.rowRange()[r + 1]; k++) {
        for (int g = plan.rangeFirst()[k]; g < plan.rangeEnd()[k]; g++) {
          for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
            for (int i = 0; i < plan.pieceLength()[p]; i++) {
              if (plan.sees(r, p, i)) {
                slots.add(plan.pieceSlot()[p] + i);
              }
            }
          }
        }
      }
      all[r] = slots.stream().mapToInt(Integer::intValue).sorted().toArray();
    }
    return all;
  }

  /** The same by the schedule. */
  private static int[][] seen(
      AttentionPlan plan, AttentionSchedule s, int group, AttentionTuning tuning, String where) {
    int teams = tuning.teams();
    List<List<Integer>> ofPartial = new ArrayList<>();
    int[] rowOfPartial = new int[s.partials()];
    Arrays.fill(rowOfPartial, -1);
    for (int i = 0; i < s.partials(); i++) {
      ofPartial.add(new ArrayList<>());
    }
    assertThat(s.rangeItem()[0]).isZero();
    assertThat(s.rangeItem()[s.ranges()]).isEqualTo(s.items());
    int[] written = new int[plan.rows()];
    Arrays.fill(written, -1);
    boolean known = plan.rowSlot().length >= plan.rows();
    BitSet fresh = new BitSet();
    for (int r = 0; known && r < plan.rows(); r++) {
      fresh.set(plan.rowSlot()[r]);
    }
    int nextTile = 0;
    for (int i = 0; i < s.items(); i++) {
      int[] item = Arrays.copyOfRange(s.item(), i * 8, i * 8 + 8);
      int q0 = item[0];
      int queries = item[1];
      int partial = item[4];
      boolean split = (item[6] & 3) == 1;
      boolean direct = (item[6] & 4) != 0;
      assertThat(direct && split).as(where).isFalse();
      assertThat(item[2]).as(where).isEqualTo(nextTile);
      nextTile = item[3];
      assertThat(queries * group).isLessThanOrEqualTo(tuning.maxRows());
      for (int w = 0; w < (split ? Math.min(teams, item[3] - item[2]) : 1); w++) {
        for (int q = 0; q < queries; q++) {
          int at = partial + w * queries + q;
          assertThat(rowOfPartial[at]).as(where).isEqualTo(-1);
          rowOfPartial[at] = q0 + q;
          if (direct) {
            assertThat(written[q0 + q]).as(where).isEqualTo(-1);
            written[q0 + q] = at;
          }
        }
      }
      for (int t = item[2]; t < item[3]; t++) {
        int into = partial + (split ? (t - item[2]) % teams * queries : 0);
        int flags = s.tile()[t * 4 + 2];
        for (int token = 0; token < (flags & 0xff); token++) {
          int[] sight = sight(s, t, token, group);
          // No assertion object for each of millions of tokens.
          if ((flags & NEW) == 0 && (!known || fresh.get(sight[0]))) {
            fail(where + ": a tile that the step writes is not marked");
          }
          if (sight[1] % group + sight[2] % group != 0) {
            fail(where + ": rows of a query apart");
          }
          int visible = 0;
          for (int row = 0; row < queries * group; row++) {
            boolean sees = sight[1] <= row && row < sight[2];
            if (sees && item[7] != 0) {
              sees = masked(plan, q0 + row / group, sight[3]);
            }
            if (sees) {
              visible++;
              if (row % group == 0) {
                ofPartial.get(into + row / group).add(sight[0]);
              }
            }
            if (sees && !split) {
              int block = block(row, queries * group, item[6] & 3);
              if ((flags & 1 << (10 + block)) != 0) {
                fail(where + ": a block that sees tokens is said to be idle");
              }
            }
          }
          if ((flags & 1 << 9) != 0) {
            assertThat(visible).as(where).isEqualTo(queries * group);
          }
        }
        assertThat((flags & 1 << 9) == 0 || (flags & 0xff) == 64).as(where).isTrue();
      }
    }
    assertThat(nextTile).isEqualTo(s.tiles());
    int[][] all = new int[plan.rows()][];
    int writtenRows = 0;
    boolean[] merged = new boolean[s.partials()];
    for (int r = 0; r < plan.rows(); r++) {
      List<Integer> slots = new ArrayList<>();
      for (int e = s.rowPartial()[r]; e < s.rowPartial()[r + 1]; e++) {
        int p = s.partialOf()[e];
        if (p == -1) {
          p = written[r];
          assertThat(s.rowPartial()[r + 1] - s.rowPartial()[r]).as(where).isEqualTo(1);
          writtenRows++;
        } else {
          assertThat(written[r]).as(where).isEqualTo(-1);
        }
        assertThat(rowOfPartial[p]).as(where).isEqualTo(r);
        assertThat(merged[p]).as(where).isFalse();
        merged[p] = true;
        slots.addAll(ofPartial.get(p));
      }
      all[r] = slots.stream().mapToInt(Integer::intValue).sorted().toArray();
    }
    assertThat(s.directRows()).as(where).isEqualTo(writtenRows);
    for (int p = 0; p < s.partials(); p++) {
      assertThat(merged[p] || ofPartial.get(p).isEmpty()).as(where).isTrue();
    }
    return all;
  }

  /** 2 t + m: a row is of block m of team t, as OwnRows of the kernels shares them out. */
  private static int block(int row, int rows, int split) {
    if (split == 2) {
      return row / 16 % 2 * 2 + row / 128;
    }
    int half = (Math.ceilDiv(rows, 64) + 1) / 2 * 64;
    return row < half ? row / 64 : 2 + (row - half) / 64;
  }

  /** Slot of a tile's token, the item's rows [lo, hi) that see it, its mask column. */
  private static int[] sight(AttentionSchedule s, int t, int token, int group) {
    int[] tile = Arrays.copyOfRange(s.tile(), t * 4, t * 4 + 4);
    if ((tile[2] & 1 << 8) == 0) {
      return new int[] {tile[0] + token, tile[1] & 0xffff, tile[1] >>> 16, tile[3] + token};
    }
    int r = tile[0];
    while (r + 1 < tile[0] + tile[1] && (s.run()[(r + 1) * 4 + 2] & 0xff) <= token) {
      r++;
    }
    int first = s.run()[r * 4 + 2] & 0xff;
    int causal = s.run()[r * 4 + 2] >>> 8;
    int lo = (s.run()[r * 4 + 1] & 0xffff) + Math.max(0, token - causal) * group;
    return new int[] {
      s.run()[r * 4] + token - first,
      lo,
      s.run()[r * 4 + 1] >>> 16,
      s.run()[r * 4 + 3] + token - first
    };
  }

  private static boolean masked(AttentionPlan plan, int row, int column) {
    return plan.maskKind() == AttentionPlan.MaskKind.DENSE
        ? plan.denseMask()[row * plan.maskTokens() + column] != 0
        : (plan.bitMask()[column * plan.maskWords() + (row >> 6)] >>> (row & 63) & 1) != 0;
  }
}
