package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Partial results that are dropped from the cache were merged before: the bits are the same. */
@EnabledIfCuda
final class DroppedPartialsTest {
  private static AttentionTuning dropPast(double caches) {
    AttentionTuning t = AttentionTuning.SM90;
    return new AttentionTuning(
        t.widths(),
        t.teams(),
        t.maxRows(),
        t.nodeRows(),
        t.splitRows(),
        t.blockRows(),
        t.narrowTile(),
        t.block(),
        t.rowsPerTile(),
        t.sideBySide(),
        t.itemTiles(),
        t.rowsPerItemTile(),
        t.copyTile(),
        t.rowsPerPartialTile(),
        caches,
        t.fixed());
  }

  // Of a query four, two and one head are merged side by side; many partial results, and few.
  @ParameterizedTest
  @CsvSource({
    "50, 5000, 32, 8, 128",
    "200, 5000, 16, 4, 64",
    "130, 3000, 16, 8, 128",
    "90, 30000, 8, 8, 128",
    "20, 9000, 8, 8, 64"
  })
  void theBitsAreTheSame(int rows, int shared, int heads, int kvHeads, int dim) {
    AttentionPlan plan = new AttentionPlan();
    plan.reset(AttentionMethod.FLATTEN, rows);
    plan.addPiece(0, shared, 0, rows, AttentionPlan.ALL, 0);
    for (int r = 0; r < rows; r++) {
      plan.addPiece(shared + 64 * r, 30 + r % 35, r, r + 1, AttentionPlan.ALL, 0);
    }
    plan.endGroup(0, rows);
    for (int r = 0; r < rows; r++) {
      plan.addRange(0, 1);
      plan.endRow(r);
    }
    try (CudaAttentionMeter meter = CudaAttentionMeter.open()) {
      List<CudaAttentionMeter.Swept> swept =
          meter.sweep(
              plan,
              shared + 64L * rows,
              heads,
              kvHeads,
              dim,
              KvType.BF16,
              List.of(dropPast(1e9), dropPast(0), dropPast(1e9)));
      // The error of sampled outputs against float64, which other bits would change.
      assertThat(swept.get(0).error()).isBetween(1e-5, 3e-3);
      assertThat(swept.get(1).error()).isEqualTo(swept.get(0).error());
      assertThat(swept.get(2).error()).isEqualTo(swept.get(0).error());
    }
  }
}
