package org.deft4j.kernels.cpu.panama;

import org.deft4j.kernels.BackendInfo;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.RowSummary;
import org.deft4j.kernels.ScoreRule;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.CpuBackend;
import org.deft4j.kernels.cpu.CpuKvCache;
import org.deft4j.kernels.cpu.CpuMatrix;
import org.deft4j.kernels.cpu.WeightFiles;
import org.deft4j.tree.plan.AttentionPlan;

/** The backend on the Vector API; see the package for its layouts. */
final class PanamaBackend extends CpuBackend {
  private final BackendInfo info;
  private final Multiplier multiplier;
  private final TreeAttention attention;
  private final PanelMemory memory;
  private float[] gateUp = new float[0];

  PanamaBackend(BackendOptions options) {
    super(options.effectiveThreads());
    info =
        new BackendInfo(
            "panama",
            "panama: Vector API, "
                + Lanes.BITS
                + "-bit vectors, "
                + pool.workers()
                + " threads"
                + (options.int8Activations() ? ", activations of 8 bits" : "")
                + (options.deterministic() ? ", deterministic" : ""),
            pool.workers(),
            Lanes.BITS,
            options.deterministic());
    WeightFiles files = options.weightFiles();
    memory = files == null ? PanelMemory.ANONYMOUS : new PanelFiles(files);
    multiplier = new Multiplier(pool, options.deterministic(), options.int8Activations());
    attention = new TreeAttention(pool, options.deterministic());
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
    return new PanamaMatrix(parts, this, memory, pool);
  }

  @Override
  protected CpuKvCache newKvCache(KvShape shape) {
    return new PanamaKvCache(shape, this);
  }

  @Override
  protected void normRows(
      float[] x, float[] weight, float eps, float[] y, int cols, int lo, int hi) {
    for (int r = lo; r < hi; r++) {
      Rows.norm(x, r * cols, weight, eps, y, cols);
    }
  }

  @Override
  protected void multiply(CpuMatrix w, float[] x, float[] y, int rows, boolean add) {
    multiply((PanamaMatrix) w, x, y, rows, add ? Multiplier.Mode.ADD : Multiplier.Mode.SET);
  }

  private void multiply(PanamaMatrix w, float[] x, float[] y, int rows, Multiplier.Mode mode) {
    for (PanelMatrix piece : w.pieces()) {
      multiplier.multiply(piece, x, y, rows, mode);
    }
  }

  @Override
  protected void multiplyGated(CpuMatrix w, float[] x, float[] y, int rows, boolean gelu) {
    PanamaMatrix matrix = (PanamaMatrix) w;
    if (matrix.paired()) {
      Multiplier.Mode mode = gelu ? Multiplier.Mode.GEGLU : Multiplier.Mode.SWIGLU;
      multiply(matrix, x, y, rows, mode);
      return;
    }
    int n = w.rows() / 2;
    if (gateUp.length < rows * 2 * n) {
      gateUp = new float[Math.multiplyExact(rows, 2 * n)];
    }
    multiply(matrix, x, gateUp, rows, Multiplier.Mode.SET);
    parallel(
        rows,
        8 * n,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            Rows.gate(gateUp, r * 2 * n, n, y, r * n, gelu);
          }
        });
  }

  @Override
  protected void softmaxRow(float[] x, int at, int cols, boolean log) {
    Rows.softmax(x, at, cols, log);
  }

  @Override
  protected void summarizePart(float[] x, int at, int n, int part, RowSummary out) {
    Summary.part(x, at, n, part, out);
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
    int end = 0;
    for (int p = 0; p < plan.pieces(); p++) {
      end = Math.max(end, plan.pieceSlot()[p] + plan.pieceLength()[p]);
    }
    reserve(kv, end);
    attention.run((PanamaKvCache) kv, layer, batch, qkv, qkvCols, heads, rule, out);
  }
}
