package org.deft4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.testing.RandomForests;
import org.deft4j.tree.CopyList;
import org.deft4j.tree.RowLayout;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlanner;
import org.deft4j.tree.plan.PlanOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random forests, edited and stepped, planned by the planner with every method: attention equals
 * that over each row's own path, 4e-6 absolute on values below 1.
 */
class ForestAttentionTest {
  private static final int DIM = 16;
  private static final int KV_HEADS = 2;
  private static final int HEADS = 4;
  private static final int COLS = (HEADS + 2 * KV_HEADS) * DIM;

  @ParameterizedTest
  @ValueSource(strings = {"scalar", "panama"})
  void everyMethodEqualsAttentionOverTheRowsPath(String backend) {
    int rows = 0;
    for (int seed = 0; seed < 12; seed++) {
      BackendOptions options = BackendOptions.defaults().withThreads(1 + seed % 2);
      try (Backend b = Backends.select(backend, options)) {
        rows += forest(b, seed);
      }
    }
    assertThat(rows).isGreaterThan(300);
  }

  private static int forest(Backend b, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    RandomForests forest = new RandomForests(seed, 6000);
    int slots = forest.pool().capacity();
    KvCache kv = b.kvCache(new KvShape(1, KV_HEADS, DIM, slots, KvType.F32));
    float[] keys = new float[slots * KV_HEADS * DIM];
    float[] values = new float[slots * KV_HEADS * DIM];
    List<AttentionPlanner> planners = new ArrayList<>();
    for (AttentionMethod m : AttentionMethod.values()) {
      PlanOptions plain = PlanOptions.exact(8 + seed * 5);
      planners.add(new AttentionPlanner(m, plain.withDeterministic(seed % 3 == 0)));
    }
    Rope rope = b.rope(RopeSpec.of(RopeSpec.Style.INTERLEAVED, DIM, DIM, 10000));
    Batch batch = new Batch();
    int total = 0;
    for (int step = 0; step < 5; step++) {
      forest.edit(5);
      RowLayout layout = forest.nextBatch().layout();
      int rows = layout.rows();
      total += rows;
      float[] x = Oracle.floats(random, rows * COLS);
      Tensor qkv = b.tensor(rows, COLS);
      for (int r = 0; r < rows; r++) {
        int k = r * COLS + HEADS * DIM;
        int to = layout.rowSlot()[r] * KV_HEADS * DIM;
        if (layout.rowIndex()[r] < layout.forest().filled(layout.rowSegment()[r])) {
          // A repeated row gives what it gave before.
          System.arraycopy(keys, to, x, k, KV_HEADS * DIM);
          System.arraycopy(values, to, x, k + KV_HEADS * DIM, KV_HEADS * DIM);
        }
        System.arraycopy(x, k, keys, to, KV_HEADS * DIM);
        System.arraycopy(x, k + KV_HEADS * DIM, values, to, KV_HEADS * DIM);
      }
      double[] want = oracle(layout, x, keys, values);
      for (AttentionPlanner planner : planners) {
        batch.reset(rows);
        batch.plan(planner.plan(layout));
        copy(b, kv, planner.copies());
        // Position 0 turns nothing, so the mirror above holds.
        System.arraycopy(layout.rowSlot(), 0, batch.slots(), 0, rows);
        qkv.write(0, rows, x, 0);
        b.begin(batch);
        b.ropeAppend(rope, kv, 0, qkv);
        Tensor out = b.tensor(rows, HEADS * DIM);
        b.attention(kv, 0, qkv, 0.25f, out);
        float[] got = new float[rows * HEADS * DIM];
        out.read(0, rows, got, 0);
        for (int i = 0; i < got.length; i++) {
          if (!(Math.abs(got[i] - want[i]) <= 4e-6)) {
            throw new AssertionError(
                planner.method()
                    + ", seed "
                    + seed
                    + ", step "
                    + step
                    + ", row "
                    + i / (HEADS * DIM)
                    + " of "
                    + rows
                    + ": "
                    + got[i]
                    + ", not "
                    + want[i]);
          }
        }
      }
      forest.batch().commit();
    }
    planners.forEach(AttentionPlanner::close);
    return total;
  }

  private static void copy(Backend b, KvCache kv, CopyList copies) {
    for (int i = 0; i < copies.size(); i++) {
      int n = copies.length()[i];
      int[] from = new int[n];
      int[] to = new int[n];
      for (int j = 0; j < n; j++) {
        from[j] = copies.source()[i] + j;
        to[j] = copies.target()[i] + j;
      }
      b.copyKv(kv, from, to, n);
    }
  }

  private static double[] oracle(RowLayout layout, float[] x, float[] keys, float[] values) {
    double[] out = new double[layout.rows() * HEADS * DIM];
    for (int r = 0; r < layout.rows(); r++) {
      int[] path =
          RandomForests.visibleSlots(layout.forest(), layout.rowSegment()[r], layout.rowIndex()[r]);
      for (int h = 0; h < HEADS; h++) {
        double sum = 0;
        double[] acc = new double[DIM];
        for (int slot : path) {
          int at = (slot * KV_HEADS + h / (HEADS / KV_HEADS)) * DIM;
          double s = 0;
          for (int d = 0; d < DIM; d++) {
            s += (double) x[r * COLS + h * DIM + d] * keys[at + d];
          }
          double e = Math.exp(0.25 * s);
          sum += e;
          for (int d = 0; d < DIM; d++) {
            acc[d] += e * values[at + d];
          }
        }
        for (int d = 0; d < DIM; d++) {
          out[(r * HEADS + h) * DIM + d] = acc[d] / sum;
        }
      }
    }
    return out;
  }
}
