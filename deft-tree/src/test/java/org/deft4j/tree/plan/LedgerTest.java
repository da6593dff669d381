package org.deft4j.tree.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.deft4j.tree.Forest;
import org.deft4j.tree.PagePool;
import org.deft4j.tree.RowBatch;
import org.deft4j.tree.RowLayout;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Ledgers of a prompt of 300 tokens with three leaves of 20, counted by hand. */
class LedgerTest {
  private static final KvGeometry GEOMETRY = new KvGeometry(8, 2, 64, 2, 4);
  private static final int ROWS = 3;

  private final Forest forest = new Forest(new PagePool(16, 256));
  private final RowBatch batch = new RowBatch(forest);

  @BeforeEach
  void build() {
    int prompt = forest.root(new int[300]);
    forest.setFilled(prompt, 300);
    for (int i = 0; i < ROWS; i++) {
      int leaf = forest.child(prompt);
      forest.append(leaf, new int[20], 0, 20);
      forest.setFilled(leaf, 19);
      batch.add(leaf, 1);
    }
  }

  @Test
  void flatten() {
    // 360 tokens in 3 blocks of 120: rows 3, 3, and 3 (the prompt's last 60 tokens and the leaves).
    check(AttentionMethod.FLATTEN, 360, 9, 0, 0);
  }

  @Test
  void node() {
    check(AttentionMethod.NODE, 360, 3 + 3, 0, 0);
  }

  @Test
  void nodeChunk() {
    check(AttentionMethod.NODE_CHUNK, 360, 3 * 3 + 3, 0, 0);
  }

  @Test
  void radixAndSequence() {
    check(AttentionMethod.RADIX, 3 * 320, 3 * 3, 0, 0);
    check(AttentionMethod.SEQUENCE, 3 * 320, 3 * 3, 0, 0);
  }

  @Test
  void masks() {
    long pairs = 360L * ROWS;
    check(AttentionMethod.TREE_MASK, 360, 3 * 3, pairs * 2, 20 * pairs * 8);
    check(AttentionMethod.TREE_MASK_BITS, 360, 3 * 3, 360 * 8 * 2, 0);
  }

  @Test
  void deterministicReadsTailsAgain() {
    // Chunks [0, 128) and [128, 256) once, then 256..320 for each leaf.
    AttentionPlan plan =
        new AttentionPlanner(
                AttentionMethod.FLATTEN, PlanOptions.exact(128).withDeterministic(true))
            .plan(batch.layout());
    assertThat(plan.ledger(GEOMETRY).kvTokens()).isEqualTo(256 + 3 * 64);
  }

  @Test
  void blocksGrowWithTheTree() {
    RowLayout layout = batch.layout();
    int exact =
        new AttentionPlanner(AttentionMethod.FLATTEN, PlanOptions.exact(16)).plan(layout).groups();
    int grown =
        new AttentionPlanner(AttentionMethod.FLATTEN, PlanOptions.exact(16).withBlocks(16, 4))
            .plan(layout)
            .groups();
    assertThat(exact).isEqualTo(23);
    assertThat(grown).isEqualTo(4);
    assertThatThrownBy(() -> new PlanOptions(0, 1, false))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void sumsAndDifferences() {
    IoLedger a = new IoLedger(1, 2, 3, 4, 5, 6);
    assertThat(a.plus(a)).isEqualTo(a.times(2));
    assertThat(a.plus(a).minus(a)).isEqualTo(a);
    assertThat(a.total()).isEqualTo(20);
    assertThat(IoLedger.ZERO.total()).isZero();
  }

  private void check(AttentionMethod method, long kvTokens, long partials, long mask, long scores) {
    AttentionPlan plan = new AttentionPlanner(method, PlanOptions.exact(128)).plan(batch.layout());
    assertThat(plan.partials()).isEqualTo((int) partials);
    long intervals =
        plan.maskKind() == AttentionPlan.MaskKind.NONE ? 12L * plan.pieces() * 2 : mask;
    assertThat(plan.ledger(GEOMETRY))
        .isEqualTo(
            new IoLedger(
                kvTokens,
                kvTokens * 2 * 2 * 64 * 2,
                (partials + ROWS) * 8 * 64 * 4,
                2 * partials * 8 * 65 * 4,
                intervals,
                scores));
  }
}
