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
      for (int seed = 0; seed < 10; seed++) {
        RandomForests f = new RandomForests(seed, 1 << 16).longestRun(600);
        steps(f, method, PlanOptions.DEFAULT, seed);
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
    long[] expected = Arrays.stream(slots).mapToLong(s -> keys.content[s]).toArray();
    assertThat(expected).doesNotContain(0);
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
      assertThat(plan.rangeFirst()[k]).isGreaterThan(before);
      assertThat(plan.rangeEnd()[k]).isGreaterThan(plan.rangeFirst()[k]);
      for (int g = plan.rangeFirst()[k]; g < plan.rangeEnd()[k]; g++) {
        assertThat(r).isBetween(plan.groupRowLo()[g], plan.groupRowHi()[g] - 1);
        long[] group = new long[groupTokens(plan, g)];
        int n = 0;
        for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
          for (int i = 0; i < plan.pieceLength()[p]; i++) {
            if (plan.sees(r, p, i)) {
              group[n++] = keys.content[plan.pieceSlot()[p] + i];
            }
          }
        }
        if (plan.maskKind() == AttentionPlan.MaskKind.NONE) {
          assertThat(n).as("tokens that row %s sees in group %s", r, g).isPositive();
        }
        groups.add(Arrays.copyOf(group, n));
        named++;
      }
      before = plan.rangeEnd()[k] - 1;
    }
    int containing = 0;
    for (int g = 0; g < plan.groups(); g++) {
      containing += plan.groupRowLo()[g] <= r && r < plan.groupRowHi()[g] ? 1 : 0;
    }
    assertThat(named).isEqualTo(containing);
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
      assertThat(plan.groupPartial()[g]).isEqualTo(partials);
      assertThat(plan.groupRowLo()[g]).isBetween(0, plan.groupRowHi()[g] - 1);
      assertThat(plan.groupRowHi()[g]).isLessThanOrEqualTo(plan.rows());
      assertThat(plan.groupPiece()[g + 1]).isGreaterThan(plan.groupPiece()[g]);
      partials += plan.groupRowHi()[g] - plan.groupRowLo()[g];
      for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
        assertThat(plan.pieceLength()[p]).isPositive();
        assertThat(plan.pieceRowLo()[p]).isGreaterThanOrEqualTo(plan.groupRowLo()[g]);
        assertThat(plan.pieceRowHi()[p]).isLessThanOrEqualTo(plan.groupRowHi()[g]);
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
    for (int i = 0; i < path.length; i++) {
      oneKeys.content[alone.slot(root, i)] = hash(alone.pathTokens(root, 0, i + 1));
    }
    AttentionPlan onePlan = new AttentionPlanner(method, options).plan(one);
    Object[] together = seen(plan, keys, r).toArray();
    assertThat(Arrays.deepEquals(together, seen(onePlan, oneKeys, 0).toArray())).isTrue();
  }

  private static long hash(int[] path) {
    long h = 1;
    for (int t : path) {
      h = (h ^ t + 1) * 0x9E3779B97F4A7C15L;
      h ^= h >>> 29;
    }
    return h | 1;
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
        content[layout.rowSlot()[r]] =
            hash(forest.pathTokens(layout.rowSegment()[r], 0, layout.rowPosition()[r] + 1));
      }
    }
  }
}
