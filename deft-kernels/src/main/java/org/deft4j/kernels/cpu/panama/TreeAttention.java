package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.incubator.vector.FloatVector;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.ScoreRule;
import org.deft4j.kernels.cpu.WorkerPool;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * Executes attention plans: partial results of each group and KV head, then their reduction.
 *
 * <p>Scores are in base 2 and their running maximum is kept a whole number. Rescaling a sum then
 * multiplies it by a power of two, which is exact, so that a row's bits do not depend on where
 * chunks, pieces or other rows' tokens begin: only on the group's tokens that it sees, in order. A
 * partial is kept as (sum, maximum, sum of weights) instead of (mean, log-sum-exp), which says the
 * same (log-sum-exp = (max + log2(sum of weights)) * ln 2) and reduces without a logarithm.
 */
final class TreeAttention {
  // Multiply-adds below which a second thread costs more than it saves.
  private static final long SMALL = 20_000;

  // Groups a run at most, and items a worker below which runs are kept shorter.
  private static final int LONGEST = 8;
  private static final int ITEMS = 8;

  private final WorkerPool pool;
  private final boolean exactOrder;
  private final GroupKernel[] kernels;
  private final AtomicInteger next = new AtomicInteger();
  // Where runs of groups begin, and the end; by group whether one begins there.
  private int[] runs = new int[1];
  private boolean[] leads = new boolean[0];
  private float[] sums = new float[0];
  private float[] maxima = new float[0];
  private float[] weights = new float[0];

  /**
   * Attention over a worker pool.
   *
   * @param exactOrder bits do not depend on which groups happen to have the same rows
   */
  TreeAttention(WorkerPool pool, boolean exactOrder) {
    this.pool = pool;
    this.exactOrder = exactOrder;
    kernels = new GroupKernel[pool.workers()];
    for (int i = 0; i < kernels.length; i++) {
      kernels[i] = new GroupKernel();
    }
  }

  void run(
      PanamaKvCache kv,
      int layer,
      Batch batch,
      float[] qkv,
      int qkvCols,
      int heads,
      ScoreRule rule,
      float[] out) {
    AttentionPlan plan = batch.plan();
    int kvHeads = kv.shape().kvHeads();
    int dim = kv.shape().headDim();
    int row = kv.row();
    int cells = Math.multiplyExact(plan.partials(), heads);
    if (maxima.length < cells) {
      maxima = new float[cells];
      weights = new float[cells];
    }
    if (sums.length < Math.multiplyExact(cells, row)) {
      sums = new float[cells * row];
    }
    int items = findRuns(plan, kvHeads) * kvHeads;
    next.set(0);
    WorkerPool.Task task =
        (worker, workers) -> {
          GroupKernel kernel = kernels[worker];
          for (int i = next.getAndIncrement(); i < items; i = next.getAndIncrement()) {
            kernel.run(
                kv,
                layer,
                batch,
                runs[i / kvHeads],
                runs[i / kvHeads + 1] - 1,
                i % kvHeads,
                qkv,
                qkvCols,
                heads / kvHeads,
                rule,
                sums,
                maxima,
                weights);
          }
          if (workers > 1) {
            pool.barrier();
          }
          int end = WorkerPool.share(plan.rows(), worker + 1, workers);
          for (int r = WorkerPool.share(plan.rows(), worker, workers); r < end; r++) {
            for (int h = 0; h < heads; h++) {
              reduce(plan, r, h, heads / kvHeads, dim, row, out, (r * heads + h) * dim);
            }
          }
        };
    if (work(plan) * heads * dim < SMALL) {
      task.run(0, 1);
    } else {
      pool.run(task);
    }
  }

  /**
   * Finds runs of groups that have the same rows and stand together wherever one of them is merged:
   * they can do as one group, with one partial result.
   */
  private int findRuns(AttentionPlan plan, int kvHeads) {
    int groups = plan.groups();
    if (leads.length < groups + 1) {
      leads = new boolean[2 * groups + 1];
      runs = new int[2 * groups + 1];
    }
    Arrays.fill(leads, 0, groups + 1, exactOrder);
    for (int k = 0; k < plan.rowRange()[plan.rows()]; k++) {
      leads[plan.rangeFirst()[k]] = true;
      leads[plan.rangeEnd()[k]] = true;
    }
    int longest = Math.clamp(groups * kvHeads / (ITEMS * pool.workers()), 1, LONGEST);
    int n = 0;
    for (int g = 0; g < groups; g++) {
      boolean same =
          g > 0
              && plan.groupRowLo()[g] == plan.groupRowLo()[g - 1]
              && plan.groupRowHi()[g] == plan.groupRowHi()[g - 1];
      if (!same || leads[g] || g - runs[n - 1] == longest) {
        leads[g] = true;
        runs[n++] = g;
      }
    }
    runs[n] = groups;
    return n;
  }

  private static long work(AttentionPlan plan) {
    long n = 0;
    for (int g = 0; g < plan.groups(); g++) {
      long tokens = 0;
      for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
        tokens += plan.pieceLength()[p];
      }
      n += tokens * (plan.groupRowHi()[g] - plan.groupRowLo()[g]);
    }
    return n;
  }

  /** Where a partial result lies: {@code [kvHead][partial][query head of it]}. */
  static int cell(AttentionPlan plan, int group, int row, int kvHead, int perKv, int j) {
    int partial = plan.groupPartial()[group] + row - plan.groupRowLo()[group];
    return (kvHead * plan.partials() + partial) * perKv + j;
  }

  private void reduce(
      AttentionPlan plan, int r, int head, int perKv, int dim, int row, float[] out, int at) {
    float max = GroupKernel.NOTHING;
    for (int k = plan.rowRange()[r]; k < plan.rowRange()[r + 1]; k++) {
      for (int g = plan.rangeFirst()[k]; g < plan.rangeEnd()[k]; g++) {
        if (leads[g]) {
          max = Math.max(max, maxima[cell(plan, g, r, head / perKv, perKv, head % perKv)]);
        }
      }
    }
    Arrays.fill(out, at, at + dim, 0);
    if (max == GroupKernel.NOTHING) {
      return;
    }
    float total = 0;
    int whole = dim / L * L;
    for (int k = plan.rowRange()[r]; k < plan.rowRange()[r + 1]; k++) {
      for (int g = plan.rangeFirst()[k]; g < plan.rangeEnd()[k]; g++) {
        if (!leads[g]) {
          continue;
        }
        int cell = cell(plan, g, r, head / perKv, perKv, head % perKv);
        float f = GroupKernel.powerOfTwo(maxima[cell] - max);
        total = Math.fma(f, weights[cell], total);
        int from = cell * row;
        FloatVector v = all(f);
        for (int i = 0; i < whole; i += L) {
          load(sums, from + i).fma(v, load(out, at + i)).intoArray(out, at + i);
        }
        for (int i = whole; i < dim; i++) {
          out[at + i] = Math.fma(sums[from + i], f, out[at + i]);
        }
      }
    }
    float inverse = 1 / total;
    for (int i = 0; i < whole; i += L) {
      load(out, at + i).mul(inverse).intoArray(out, at + i);
    }
    for (int i = whole; i < dim; i++) {
      out[at + i] *= inverse;
    }
  }
}
