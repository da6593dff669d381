package org.deft4j.tree.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deft4j.testing.RandomForests;
import org.deft4j.tree.CopyList;
import org.deft4j.tree.Forest;
import org.deft4j.tree.PagePool;
import org.deft4j.tree.RowBatch;
import org.deft4j.tree.RowLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every plan covers each (row, ancestor token) pair exactly once, over random forests. */
class PlanCoverageTest {
  private static final int SLOTS = 4096;
  private static final int STEPS = 5;

  @ParameterizedTest
  @EnumSource
  void coversEveryPairOnce(AttentionMethod method) {
    for (int seed = 0; seed < 500; seed++) {
      check(seed, method, PlanOptions.exact(seed % 3 == 0 ? 128 : 16).withBlocks(16, 8));
    }
  }

  @ParameterizedTest
  @EnumSource
  void deterministicGroupsDependOnThePathAlone(AttentionMethod method) {
    for (int seed = 0; seed < 500; seed++) {
      check(seed, method, PlanOptions.exact(16).withDeterministic(true));
    }
  }

  @Test
  void defaultOptionsOnLongerTrees() {
    for (AttentionMethod method : AttentionMethod.values()) {
      for (int seed = 0; seed < 4; seed++) {
        RandomForests f = new RandomForests(seed, 1 << 16).longestRun(400);
        steps(f, method, PlanOptions.DEFAULT, seed);
      }
    }
  }

  /** Where only leaves grow, plans are moved on; they must be as good as new ones. */
  @ParameterizedTest
  @EnumSource
  void growingLeavesKeepThePlan(AttentionMethod method) {
    for (int seed = 0; seed < 12; seed++) {
      for (boolean deterministic : new boolean[] {false, true}) {
        PlanOptions options = PlanOptions.exact(32).withDeterministic(deterministic);
        RandomForests f = new RandomForests(seed, 1 << 14);
        AttentionPlanner planner = new AttentionPlanner(method, options);
        Keys keys = new Keys(f.pool().capacity());
        f.edit(20);
        f.growAll(1);
        for (int step = 0; step < 40; step++) {
          RowLayout layout = f.growAll(1).layout();
          AttentionPlan plan = planner.plan(layout);
          keys.copy(planner.copies());
          keys.store(f.forest(), layout);
          for (int r = 0; r < layout.rows(); r += 1 + step % 7) {
            checkRow(f.forest(), layout, plan, options, keys, r);
          }
          checkTotals(plan);
          f.batch().commit();
        }
      }
    }
  }

  private static void check(int seed, AttentionMethod method, PlanOptions options) {
    steps(new RandomForests(seed, SLOTS), method, options, seed);
  }

  private static void steps(
      RandomForests f, AttentionMethod method, PlanOptions options, int seed) {
    AttentionPlanner planner = new AttentionPlanner(method, options);
    Keys keys = new Keys(f.pool().capacity());
    for (int step = 0; step < STEPS; step++) {
      f.edit(8);
      RowLayout layout = f.nextBatch().layout();
      AttentionPlan plan = planner.plan(layout);
      keys.copy(planner.copies());
      keys.store(f.forest(), layout);
      try {
        assertThat(plan.rows()).isEqualTo(layout.rows());
        for (int r = 0; r < layout.rows(); r++) {
          checkRow(f.forest(), layout, plan, options, keys, r);
        }
        checkTotals(plan);
        if (options.deterministic()) {
          checkAlone(f, layout, plan, method, options, keys);
        }
      } catch (AssertionError e) {
        throw new AssertionError(method + " seed " + seed + " step " + step, e);
      }
      f.batch().commit();
    }
    planner.close();
    f.releaseAll();
    assertThat(f.pool().usedSlots()).isZero();
    assertThat(f.pool().usedPages()).isZero();
    assertThat(f.forest().segments()).isZero();
  }

  private static void checkRow(
      Forest forest, RowLayout layout, AttentionPlan plan, PlanOptions options, Keys keys, int r) {
    int segment = layout.rowSegment()[r];
    int[] slots = RandomForests.visibleSlots(forest, segment, layout.rowIndex()[r]);
    assertThat(layout.rowSlot()[r]).isEqualTo(slots[slots.length - 1]);
    assertThat(layout.rowPosition()[r]).isEqualTo(slots.length - 1);
    List<long[]> groups = seen(plan, keys, r);
    int[] path = forest.pathTokens(segment, 0, slots.length);
    long[] expected = hashes(path);
    for (int i = 0; i < slots.length; i++) {
      require(keys.content[slots[i]] == expected[i], "slot holds another token");
    }
    if (options.deterministic()) {
      int chunk = options.blockTokens();
      if (plan.maskKind() == AttentionPlan.MaskKind.NONE) {
        assertThat(groups).hasSize(Math.ceilDiv(expected.length, chunk));
      }
      for (int i = 0; i < groups.size(); i++) {
        assertThat(groups.get(i))
            .isEqualTo(
                Arrays.copyOfRange(
                    expected, i * chunk, Math.min(expected.length, (i + 1) * chunk)));
      }
    }
    long[] all = groups.stream().flatMapToLong(Arrays::stream).toArray();
    Arrays.sort(all);
    Arrays.sort(expected);
    assertThat(all).isEqualTo(expected);
  }

  /** Contents that a row sees, group by group; checks the ranges of stage 2. */
  private static List<long[]> seen(AttentionPlan plan, Keys keys, int r) {
    List<long[]> groups = new ArrayList<>();
    int before = -1;
    int named = 0;
    for (int k = plan.rowRange()[r]; k < plan.rowRange()[r + 1]; k++) {
      require(plan.rangeFirst()[k] > before, "ranges ascend");
      require(plan.rangeEnd()[k] > plan.rangeFirst()[k], "ranges are not empty");
      for (int g = plan.rangeFirst()[k]; g < plan.rangeEnd()[k]; g++) {
        require(
            plan.groupRowLo()[g] <= r && r < plan.groupRowHi()[g], "a range's group has the row");
        long[] group = new long[groupTokens(plan, g)];
        int n = 0;
        for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
          for (int i = 0; i < plan.pieceLength()[p]; i++) {
            if (plan.sees(r, p, i)) {
              group[n++] = keys.content[plan.pieceSlot()[p] + i];
            }
          }
        }
        require(n > 0 || plan.maskKind() != AttentionPlan.MaskKind.NONE, "the row sees something");
        groups.add(Arrays.copyOf(group, n));
        named++;
      }
      before = plan.rangeEnd()[k] - 1;
    }
    int containing = 0;
    for (int g = 0; g < plan.groups(); g++) {
      containing += plan.groupRowLo()[g] <= r && r < plan.groupRowHi()[g] ? 1 : 0;
    }
    require(named == containing, "ranges name every group of the row");
    return groups;
  }

  private static int groupTokens(AttentionPlan plan, int g) {
    int n = 0;
    for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
      n += plan.pieceLength()[p];
    }
    return n;
  }

  private static void checkTotals(AttentionPlan plan) {
    int partials = 0;
    for (int g = 0; g < plan.groups(); g++) {
      int lo = plan.groupRowLo()[g];
      int hi = plan.groupRowHi()[g];
      require(plan.groupPartial()[g] == partials, "partials are numbered in order");
      require(0 <= lo && lo < hi && hi <= plan.rows(), "a group's rows");
      require(plan.groupPiece()[g + 1] > plan.groupPiece()[g], "a group has pieces");
      partials += hi - lo;
      for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
        require(plan.pieceLength()[p] > 0, "a piece has tokens");
        require(lo <= plan.pieceRowLo()[p] && plan.pieceRowHi()[p] <= hi, "a piece's rows");
      }
    }
    assertThat(plan.partials()).isEqualTo(partials);
  }

  /** The same groups of the same tokens as when the row's path is the only one. */
  private static void checkAlone(
      RandomForests f,
      RowLayout layout,
      AttentionPlan plan,
      AttentionMethod method,
      PlanOptions options,
      Keys keys) {
    int r = f.random().nextInt(layout.rows());
    int[] path = f.forest().pathTokens(layout.rowSegment()[r], 0, layout.rowPosition()[r] + 1);
    Forest alone = new Forest(new PagePool(16, path.length / 16 + 1));
    int root = alone.root(path);
    alone.setFilled(root, path.length - 1);
    RowBatch batch = new RowBatch(alone);
    batch.add(root, 1);
    RowLayout one = batch.layout();
    Keys oneKeys = new Keys(alone.pool().capacity());
    long[] hashes = hashes(path);
    for (int i = 0; i < path.length; i++) {
      oneKeys.content[alone.slot(root, i)] = hashes[i];
    }
    AttentionPlan onePlan = new AttentionPlanner(method, options).plan(one);
    Object[] together = seen(plan, keys, r).toArray();
    assertThat(Arrays.deepEquals(together, seen(onePlan, oneKeys, 0).toArray())).isTrue();
  }

  /** A hash of each prefix of a path. */
  private static long[] hashes(int[] path) {
    long[] out = new long[path.length];
    long h = 1;
    for (int i = 0; i < path.length; i++) {
      h = (h ^ path[i] + 1) * 0x9E3779B97F4A7C15L;
      h ^= h >>> 29;
      out[i] = h;
    }
    return out;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  /** Stands for the key-value store: what each slot holds, as a hash of its path. */
  private static final class Keys {
    final long[] content;

    Keys(int slots) {
      content = new long[slots];
    }

    void copy(CopyList list) {
      for (int i = 0; i < list.size(); i++) {
        System.arraycopy(content, list.source()[i], content, list.target()[i], list.length()[i]);
      }
    }

    void store(Forest forest, RowLayout layout) {
      for (int r = 0; r < layout.rows(); r++) {
        int position = layout.rowPosition()[r];
        content[layout.rowSlot()[r]] =
            hashes(forest.pathTokens(layout.rowSegment()[r], 0, position + 1))[position];
      }
    }
  }
}
