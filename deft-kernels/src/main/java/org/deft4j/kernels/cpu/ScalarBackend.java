package org.deft4j.kernels.cpu;

import java.util.Arrays;
import org.deft4j.kernels.BackendInfo;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.ScoreRule;
import org.deft4j.kernels.Weights;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * Plain loops that accumulate in float64: the reference, and what runs where nothing else does. A
 * row's bits never depend on the batch or the threads.
 */
public final class ScalarBackend extends CpuBackend {
  private final BackendInfo info;
  private double[] partial = new double[0];
  private double[] lse = new double[0];

  /** A backend with the threads of these options. */
  public ScalarBackend(BackendOptions options) {
    super(options.effectiveThreads());
    info =
        new BackendInfo(
            "scalar",
            "scalar: plain loops in float64, " + pool.workers() + " threads",
            pool.workers(),
            0,
            true);
  }

  @Override
  public BackendInfo info() {
    return info;
  }

  void forget(AutoCloseable resource) {
    disown(resource);
  }

  @Override
  protected CpuMatrix newMatrix(Weights[] parts) {
    return new ScalarMatrix(parts);
  }

  @Override
  protected CpuKvCache newKvCache(KvShape shape) {
    return new ScalarKvCache(shape, this);
  }

  @Override
  protected void normRows(
      float[] x, float[] weight, float eps, float[] y, int cols, int lo, int hi) {
    for (int r = lo; r < hi; r++) {
      int at = r * cols;
      double sum = 0;
      for (int i = 0; i < cols; i++) {
        sum += (double) x[at + i] * x[at + i];
      }
      double f = 1 / Math.sqrt(sum / cols + eps);
      for (int i = 0; i < cols; i++) {
        y[at + i] = (float) (x[at + i] * f * weight[i]);
      }
    }
  }

  @Override
  protected void multiply(CpuMatrix w, float[] x, float[] y, int rows, boolean add) {
    int cols = w.cols();
    int n = w.rows();
    pool.run((worker, workers) -> {
      float[] row = new float[cols];
      int end = WorkerPool.share(n, worker + 1, workers);
      for (int i = WorkerPool.share(n, worker, workers); i < end; i++) {
        w.decodeRow(i, row, 0);
        for (int r = 0; r < rows; r++) {
          float sum = (float) dot(row, x, r * cols, cols);
          y[r * n + i] = add ? y[r * n + i] + sum : sum;
        }
      }
    });
  }

  @Override
  protected void multiplyGated(CpuMatrix gateUp, float[] x, float[] y, int rows, boolean gelu) {
    int cols = gateUp.cols();
    int n = gateUp.rows() / 2;
    pool.run((worker, workers) -> {
      float[] gate = new float[cols];
      float[] up = new float[cols];
      int end = WorkerPool.share(n, worker + 1, workers);
      for (int i = WorkerPool.share(n, worker, workers); i < end; i++) {
        gateUp.decodeRow(i, gate, 0);
        gateUp.decodeRow(n + i, up, 0);
        for (int r = 0; r < rows; r++) {
          double g = dot(gate, x, r * cols, cols);
          double a = gelu ? 2 * Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g) : g;
          y[r * n + i] = (float) (g / (1 + Math.exp(-a)) * dot(up, x, r * cols, cols));
        }
      }
    });
  }

  private static double dot(float[] a, float[] x, int at, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += (double) a[i] * x[at + i];
    }
    return sum;
  }

  @Override
  protected void softmaxRow(float[] x, int at, int cols, boolean log) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < cols; i++) {
      max = Math.max(max, x[at + i]);
    }
    double sum = 0;
    for (int i = 0; i < cols; i++) {
      sum += Math.exp(x[at + i] - max);
    }
    double logSum = max + Math.log(sum);
    for (int i = 0; i < cols; i++) {
      x[at + i] = (float) (log ? x[at + i] - logSum : Math.exp(x[at + i] - logSum));
    }
  }

  @Override
  protected void attend(
      CpuKvCache kv,
      int layer,
      Batch batch,
      float[] qkv,
      int qkvCols,
      int heads,
      ScoreRule rule,
      float[] out) {
    AttentionPlan plan = batch.plan();
    int dim = kv.shape().headDim();
    int perKv = heads / kv.shape().kvHeads();
    int cells = Math.multiplyExact(plan.partials(), heads);
    if (lse.length < cells) {
      lse = new double[cells];
    }
    if (partial.length < Math.multiplyExact(cells, dim)) {
      partial = new double[cells * dim];
    }
    int items = plan.groups() * heads;
    pool.run((worker, workers) -> {
      float[] key = new float[dim];
      float[] value = new float[dim];
      for (int item = worker; item < items; item += workers) {
        int g = item / heads;
        int h = item % heads;
        for (int r = plan.groupRowLo()[g]; r < plan.groupRowHi()[g]; r++) {
          int cell = (plan.groupPartial()[g] + r - plan.groupRowLo()[g]) * heads + h;
          partial(
              (ScalarKvCache) kv,
              layer,
              plan,
              g,
              r,
              h / perKv,
              qkv,
              r * qkvCols + h * dim,
              rule,
              rule.window() == 0 ? Integer.MIN_VALUE : batch.positions()[r] - rule.window(),
              key,
              value,
              cell);
        }
      }
    });
    pool.run((worker, workers) -> {
      for (int r = worker; r < plan.rows(); r += workers) {
        for (int h = 0; h < heads; h++) {
          reduce(plan, r, h, heads, dim, out, (r * heads + h) * dim);
        }
      }
    });
  }

  // One row of one group and head: the running maximum needs no second pass over the keys.
  private void partial(
      ScalarKvCache kv,
      int layer,
      AttentionPlan plan,
      int group,
      int r,
      int kvHead,
      float[] q,
      int at,
      ScoreRule rule,
      int hidden,
      float[] key,
      float[] value,
      int cell) {
    int dim = key.length;
    int o = cell * dim;
    Arrays.fill(partial, o, o + dim, 0);
    double max = Double.NEGATIVE_INFINITY;
    double sum = 0;
    for (int p = plan.groupPiece()[group]; p < plan.groupPiece()[group + 1]; p++) {
      for (int i = 0; i < plan.pieceLength()[p]; i++) {
        // Up to position hidden the window hides the path.
        if (!plan.sees(r, p, i) || kv.position(plan.pieceSlot()[p] + i) <= hidden) {
          continue;
        }
        kv.read(layer, 0, kvHead, plan.pieceSlot()[p] + i, key);
        kv.read(layer, 1, kvHead, plan.pieceSlot()[p] + i, value);
        double s = rule.scale() * dot(key, q, at, dim);
        if (rule.cap() > 0) {
          s = rule.cap() * Math.tanh(s / rule.cap());
        }
        double m = Math.max(max, s);
        double keep = sum == 0 ? 0 : Math.exp(max - m);
        double e = Math.exp(s - m);
        sum = sum * keep + e;
        for (int d = 0; d < dim; d++) {
          partial[o + d] = partial[o + d] * keep + e * value[d];
        }
        max = m;
      }
    }
    lse[cell] = sum == 0 ? Double.NEGATIVE_INFINITY : max + Math.log(sum);
    for (int d = 0; d < dim && sum != 0; d++) {
      partial[o + d] /= sum;
    }
  }

  private void reduce(AttentionPlan plan, int r, int h, int heads, int dim, float[] out, int at) {
    double max = Double.NEGATIVE_INFINITY;
    double sum = 0;
    double[] acc = new double[dim];
    for (int pass = 0; pass < 2; pass++) {
      for (int k = plan.rowRange()[r]; k < plan.rowRange()[r + 1]; k++) {
        for (int g = plan.rangeFirst()[k]; g < plan.rangeEnd()[k]; g++) {
          int cell = (plan.groupPartial()[g] + r - plan.groupRowLo()[g]) * heads + h;
          if (lse[cell] == Double.NEGATIVE_INFINITY) {
            continue;
          }
          if (pass == 0) {
            max = Math.max(max, lse[cell]);
            continue;
          }
          double weight = Math.exp(lse[cell] - max);
          sum += weight;
          for (int d = 0; d < dim; d++) {
            acc[d] += weight * partial[cell * dim + d];
          }
        }
      }
    }
    for (int d = 0; d < dim; d++) {
      out[at + d] = sum == 0 ? 0 : (float) (acc[d] / sum);
    }
  }
}
