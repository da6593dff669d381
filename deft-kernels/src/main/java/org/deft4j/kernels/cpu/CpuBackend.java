package org.deft4j.kernels.cpu;

import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.ModelPart;
import org.deft4j.kernels.Rope;
import org.deft4j.kernels.RopeSpec;
import org.deft4j.kernels.RowSummary;
import org.deft4j.kernels.ScoreRule;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.sample.Draws;
import org.deft4j.kernels.sample.TokenSampler;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * What backends on the processor share: checks of shapes, and the operations whose cost does not
 * matter beside the matrix products.
 */
public abstract class CpuBackend implements Backend {
  // Below this many values touched, a second thread costs more than it saves.
  private static final int PARALLEL_VALUES = 8192;

  /** Columns that one thread sums up at a time. */
  private static final int SUMMARY_PART = 4096;

  /** The threads. */
  protected final WorkerPool pool;

  // Of the parts of rows: sums of exponentials take the place of their logarithms.
  private final RowSummary summaryParts = new RowSummary();
  private final RowSummary drawnRows = new RowSummary();
  private @Nullable TokenSampler sampler;
  private final Set<AutoCloseable> owned = ConcurrentHashMap.newKeySet();
  private @Nullable Batch batch;
  private boolean closed;

  /** A backend on {@code threads} threads. */
  protected CpuBackend(int threads) {
    pool = new WorkerPool(threads);
  }

  // --- what a subclass does ---

  /** Makes a matrix of parts that were checked. */
  protected abstract CpuMatrix newMatrix(Weights[] parts);

  /** Makes a cache. */
  protected abstract CpuKvCache newKvCache(KvShape shape);

  /** {@link Backend#rmsNorm} of rows {@code lo..hi-1}. */
  protected abstract void normRows(
      float[] x, float[] weight, float eps, float[] y, int cols, int lo, int hi);

  /** {@link Backend#matmul}, with {@code add} {@link Backend#matmulAdd}. */
  protected abstract void multiply(CpuMatrix w, float[] x, float[] y, int rows, boolean add);

  /** {@link Backend#matmulSwiglu}, with {@code gelu} {@link Backend#matmulGeglu}. */
  protected abstract void multiplyGated(
      CpuMatrix gateUp, float[] x, float[] y, int rows, boolean gelu);

  /** {@link Backend#attention}; {@code qkvCols} and {@code heads} describe {@code qkv}. */
  protected abstract void attend(
      CpuKvCache kv,
      int layer,
      Batch batch,
      float[] qkv,
      int qkvCols,
      int heads,
      ScoreRule rule,
      float[] out);

  /** {@link Backend#softmax} of row at {@code x[at...]}; with {@code log} its logarithm. */
  protected abstract void softmaxRow(float[] x, int at, int cols, boolean log);

  /**
   * Part of {@link Backend#summarize}: of the {@code n} values from {@code at} on, the place of the
   * first largest (counted from {@code at}), its value, and the sum of the exponentials of all less
   * the largest.
   */
  protected void summarizePart(float[] x, int at, int n, int part, RowSummary out) {
    int best = 0;
    for (int i = 1; i < n; i++) {
      best = x[at + i] > x[at + best] ? i : best;
    }
    float max = x[at + best];
    double sum = 0;
    for (int i = 0; i < n; i++) {
      sum += Math.exp((double) x[at + i] - max);
    }
    out.set(part, best, max, sum);
  }

  @Override
  public Set<ModelPart> parts() {
    return Set.of(ModelPart.values());
  }

  // --- memory ---

  @Override
  public Matrix matrix(Weights... parts) {
    long bytes = 0;
    for (Weights p : parts) {
      bytes += p.data().byteSize();
    }
    try {
      return own(newMatrix(parts.clone()));
    } catch (OutOfMemoryError e) {
      throw tooLarge("weights", bytes, e);
    }
  }

  @Override
  public Tensor tensor(int rows, int cols) {
    return new CpuTensor(rows, cols);
  }

  @Override
  public KvCache kvCache(KvShape shape) {
    try {
      return own(newKvCache(shape));
    } catch (OutOfMemoryError e) {
      throw tooLarge("KV cache", shape.bytesPerToken() * shape.slots(), e);
    }
  }

  private static void reserve(CpuKvCache kv, int[] slots, int n) {
    int end = 0;
    for (int i = 0; i < n; i++) {
      end = Math.max(end, slots[i] + 1);
    }
    reserve(kv, end);
  }

  /** Makes sure that slots below {@code end} have memory. */
  protected static void reserve(CpuKvCache kv, int end) {
    try {
      kv.reserve(end);
    } catch (OutOfMemoryError e) {
      KvShape shape = kv.shape();
      throw tooLarge("KV cache", shape.bytesPerToken() * shape.slots(), e);
    }
  }

  private static DeftException tooLarge(String what, long bytes, OutOfMemoryError e) {
    return new DeftException(
        DeftException.OUT_OF_MEMORY,
        what + " of " + (bytes >> 20) + " MiB does not fit into memory: " + e.getMessage(),
        e);
  }

  @Override
  public Rope rope(RopeSpec spec) {
    return new RopeTable(spec);
  }

  private <T extends AutoCloseable> T own(T resource) {
    owned.add(resource);
    return resource;
  }

  /** Forgets a resource that was closed by itself. */
  protected final void disown(AutoCloseable resource) {
    owned.remove(resource);
  }

  // --- operations ---

  @Override
  public void begin(Batch batch) {
    this.batch = batch;
  }

  private Batch batch() {
    Batch b = batch;
    if (b == null) {
      throw new IllegalStateException("no batch was begun");
    }
    return b;
  }

  @Override
  public void embed(Matrix table, Tensor y) {
    Batch b = batch();
    CpuMatrix m = (CpuMatrix) table;
    CpuTensor out = tensor(y, b.rows(), m.cols());
    for (int r = 0; r < b.rows(); r++) {
      m.decodeRow(Objects.checkIndex(b.tokens()[r], m.rows()), out.data(), r * m.cols());
    }
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, float eps, Tensor y, int rows) {
    int cols = x.cols();
    float[] in = tensor(x, rows, cols).data();
    float[] w = tensor(weight, 1, cols).data();
    float[] out = tensor(y, rows, cols).data();
    parallel(rows, cols, (lo, hi) -> normRows(in, w, eps, out, cols, lo, hi));
  }

  @Override
  public void normHeads(Tensor x, int first, int n, Tensor weight, float eps, int rows) {
    int cols = x.cols();
    int dim = weight.cols();
    if (first < 0 || n < 1 || (long) (first + n) * dim > cols) {
      throw new IllegalArgumentException(
          "heads " + first + " to " + (first + n) + " of " + dim + " values in rows of " + cols);
    }
    float[] data = tensor(x, rows, cols).data();
    float[] w = tensor(weight, 1, dim).data();
    parallel(
        rows,
        n * dim * 4,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            for (int h = first; h < first + n; h++) {
              normHead(data, r * cols + h * dim, w, eps);
            }
          }
        });
  }

  private static void normHead(float[] x, int at, float[] weight, float eps) {
    double sum = 0;
    for (int i = 0; i < weight.length; i++) {
      sum += (double) x[at + i] * x[at + i];
    }
    float f = (float) (1 / Math.sqrt(sum / weight.length + eps));
    for (int i = 0; i < weight.length; i++) {
      x[at + i] = x[at + i] * f * weight[i];
    }
  }

  @Override
  public void matmul(Matrix w, Tensor x, Tensor y, int rows) {
    product(w, x, y, rows, false);
  }

  @Override
  public void matmulAdd(Matrix w, Tensor x, Tensor y, int rows) {
    product(w, x, y, rows, true);
  }

  private void product(Matrix w, Tensor x, Tensor y, int rows, boolean add) {
    distinct(x, y);
    float[] in = tensor(x, rows, w.cols()).data();
    float[] out = tensor(y, rows, w.rows()).data();
    multiply((CpuMatrix) w, in, out, rows, add);
  }

  @Override
  public void matmulSwiglu(Matrix gateUp, Tensor x, Tensor y, int rows) {
    gated(gateUp, x, y, rows, false);
  }

  @Override
  public void matmulGeglu(Matrix gateUp, Tensor x, Tensor y, int rows) {
    gated(gateUp, x, y, rows, true);
  }

  private void gated(Matrix gateUp, Tensor x, Tensor y, int rows, boolean gelu) {
    distinct(x, y);
    if (gateUp.rows() % 2 != 0) {
      throw new IllegalArgumentException(gateUp.rows() + " rows are no gate and up");
    }
    float[] in = tensor(x, rows, gateUp.cols()).data();
    float[] out = tensor(y, rows, gateUp.rows() / 2).data();
    multiplyGated((CpuMatrix) gateUp, in, out, rows, gelu);
  }

  @Override
  public void add(Tensor y, Tensor x, int rows) {
    distinct(x, y);
    int cols = y.cols();
    float[] to = tensor(y, rows, cols).data();
    float[] in = tensor(x, rows, cols).data();
    for (int i = 0; i < rows * cols; i++) {
      to[i] += in[i];
    }
  }

  @Override
  public void scale(Tensor x, float f, int rows) {
    float[] data = tensor(x, rows, x.cols()).data();
    for (int i = 0; i < rows * x.cols(); i++) {
      data[i] *= f;
    }
  }

  @Override
  public void softCap(Tensor x, float cap, int rows) {
    int cols = x.cols();
    float[] data = tensor(x, rows, cols).data();
    // Parts of a row, so that one row is enough for all threads.
    int parts = (cols + SUMMARY_PART - 1) / SUMMARY_PART;
    parallel(
        rows * parts,
        Math.min(cols, SUMMARY_PART) * 8,
        (lo, hi) -> {
          for (int i = lo; i < hi; i++) {
            int from = i / parts * cols + i % parts * SUMMARY_PART;
            int end = Math.min(from + SUMMARY_PART, (i / parts + 1) * cols);
            for (int j = from; j < end; j++) {
              data[j] = (float) (cap * Math.tanh(data[j] / cap));
            }
          }
        });
  }

  @Override
  public void addBias(Tensor y, Tensor bias, int rows) {
    int cols = y.cols();
    float[] data = tensor(y, rows, cols).data();
    float[] b = tensor(bias, 1, cols).data();
    parallel(
        rows,
        cols,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            for (int i = 0; i < cols; i++) {
              data[r * cols + i] += b[i];
            }
          }
        });
  }

  @Override
  public void ropeAppend(Rope rope, KvCache kv, int layer, Tensor qkv) {
    Batch b = batch();
    KvShape shape = kv.shape();
    int heads = shape.queryHeads(qkv.cols());
    int dim = shape.headDim();
    int cols = qkv.cols();
    float[] data = tensor(qkv, b.rows(), cols).data();
    RopeTable table = (RopeTable) rope;
    CpuKvCache cache = (CpuKvCache) kv;
    Objects.checkIndex(layer, shape.layers());
    if (rope.spec().headDim() != dim) {
      throw new IllegalArgumentException(
          "rotary embedding for heads of " + rope.spec().headDim() + ", not " + dim);
    }
    int last = 0;
    for (int r = 0; r < b.rows(); r++) {
      Objects.checkIndex(b.slots()[r], shape.slots());
      last = Math.max(last, Objects.checkIndex(b.positions()[r], Integer.MAX_VALUE));
    }
    table.reserve(last);
    reserve(cache, b.slots(), b.rows());
    for (int r = 0; r < b.rows(); r++) {
      cache.place(b.slots()[r], b.positions()[r]);
    }
    int kvHeads = shape.kvHeads();
    parallel(
        b.rows(),
        cols * 4,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            int row = r * cols;
            for (int h = 0; h < heads + kvHeads; h++) {
              table.rotate(data, row + h * dim, b.positions()[r]);
            }
            for (int h = 0; h < kvHeads; h++) {
              int k = row + (heads + h) * dim;
              cache.store(layer, h, b.slots()[r], data, k, k + kvHeads * dim);
            }
          }
        });
  }

  @Override
  public void attention(KvCache kv, int layer, Tensor qkv, float scale, Tensor out) {
    attention(kv, layer, qkv, new ScoreRule(scale, 0, 0), out);
  }

  @Override
  public void attention(KvCache kv, int layer, Tensor qkv, ScoreRule rule, Tensor out) {
    distinct(qkv, out);
    Batch b = batch();
    KvShape shape = kv.shape();
    int heads = shape.queryHeads(qkv.cols());
    Objects.checkIndex(layer, shape.layers());
    if (b.plan().rows() != b.rows()) {
      throw new IllegalArgumentException(
          "plan of " + b.plan().rows() + " rows for a batch of " + b.rows());
    }
    float[] q = tensor(qkv, b.rows(), qkv.cols()).data();
    float[] o = tensor(out, b.rows(), heads * shape.headDim()).data();
    attend((CpuKvCache) kv, layer, b, q, qkv.cols(), heads, rule, o);
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, int n, Tensor y) {
    distinct(x, y);
    int cols = x.cols();
    float[] in = tensor(x, 1, cols).data();
    float[] out = tensor(y, n, cols).data();
    for (int i = 0; i < n; i++) {
      System.arraycopy(in, Objects.checkIndex(rows[i], x.rows()) * cols, out, i * cols, cols);
    }
  }

  @Override
  public void softmax(Tensor x, int rows) {
    softmax(x, rows, false);
  }

  @Override
  public void logSoftmax(Tensor x, int rows) {
    softmax(x, rows, true);
  }

  private void softmax(Tensor x, int rows, boolean log) {
    int cols = x.cols();
    float[] data = tensor(x, rows, cols).data();
    parallel(
        rows,
        cols * 8,
        (lo, hi) -> {
          for (int r = lo; r < hi; r++) {
            softmaxRow(data, r * cols, cols, log);
          }
        });
  }

  @Override
  public void summarize(Tensor x, int rows, int cols, RowSummary out) {
    if (cols < 1 || cols > x.cols()) {
      throw new IllegalArgumentException(cols + " columns of " + x.cols());
    }
    float[] data = tensor(x, rows, x.cols()).data();
    int stride = x.cols();
    // Parts of fixed places, so that one row is enough for all threads and the bits are the same.
    int parts = (cols + SUMMARY_PART - 1) / SUMMARY_PART;
    summaryParts.reserve(rows * parts);
    parallel(
        rows * parts,
        Math.min(cols, SUMMARY_PART) * 8,
        (lo, hi) -> {
          for (int i = lo; i < hi; i++) {
            int from = i % parts * SUMMARY_PART;
            int n = Math.min(SUMMARY_PART, cols - from);
            summarizePart(data, i / parts * stride + from, n, i, summaryParts);
          }
        });
    out.reserve(rows);
    for (int r = 0; r < rows; r++) {
      int first = r * parts;
      int top = first;
      for (int i = first + 1; i < first + parts; i++) {
        top = summaryParts.max(i) > summaryParts.max(top) ? i : top;
      }
      float max = summaryParts.max(top);
      double sum = 0;
      for (int i = first; i < first + parts; i++) {
        // A part where all is forbidden has no sum.
        if (summaryParts.max(i) > Float.NEGATIVE_INFINITY) {
          sum += summaryParts.logSum(i) * Math.exp((double) summaryParts.max(i) - max);
        }
      }
      int best = (top - first) * SUMMARY_PART + summaryParts.best(top);
      out.set(r, best, max, max + Math.log(sum));
    }
  }

  @Override
  public void sample(Tensor x, int cols, Draws draws) {
    int rows = 0;
    for (int i = 0; i < draws.size(); i++) {
      rows = Math.max(rows, draws.row(i) + 1);
    }
    if (rows == 0) {
      return;
    }
    summarize(x, rows, cols, drawnRows);
    TokenSampler s = sampler;
    if (s == null || s.size() != cols) {
      s = new TokenSampler(cols);
      sampler = s;
    }
    float[] data = tensor(x, rows, x.cols()).data();
    for (int i = 0; i < draws.size(); i++) {
      int row = draws.row(i);
      int at = row * x.cols();
      int place = draws.first(i);
      if (draws.count(i) == 1) {
        int token =
            TokenSampler.takesBest(draws.spec(i))
                ? drawnRows.best(row)
                : s.draw(data, at, draws.spec(i), draws.position(i));
        draws.set(place, token, (float) (data[at + token] - drawnRows.logSum(row)));
        continue;
      }
      int[] tokens = new int[draws.count(i)];
      s.drawDistinct(data, at, draws.spec(i), draws.position(i), tokens);
      for (int j = 0; j < tokens.length; j++) {
        int t = tokens[j];
        draws.set(place + j, t, t < 0 ? 0 : (float) (data[at + t] - drawnRows.logSum(row)));
      }
    }
  }

  @Override
  public void copyKv(KvCache kv, int[] from, int[] to, int n) {
    KvShape shape = kv.shape();
    CpuKvCache cache = (CpuKvCache) kv;
    for (int i = 0; i < n; i++) {
      Objects.checkIndex(from[i], shape.slots());
      Objects.checkIndex(to[i], shape.slots());
    }
    reserve(cache, from, n);
    reserve(cache, to, n);
    for (int i = 0; i < n; i++) {
      cache.place(to[i], cache.position(from[i]));
    }
    int values = (int) Math.min(1 << 24, (long) n * shape.kvHeads() * shape.headDim() * 2);
    parallel(
        shape.layers(),
        values,
        (lo, hi) -> {
          for (int layer = lo; layer < hi; layer++) {
            for (int i = 0; i < n; i++) {
              cache.copy(layer, from[i], to[i]);
            }
          }
        });
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    pool.close();
    for (AutoCloseable r : owned.toArray(new AutoCloseable[0])) {
      try {
        r.close();
      } catch (Exception e) {
        throw new IllegalStateException("closing " + r, e);
      }
    }
    owned.clear();
  }

  // --- helpers ---

  /** Items {@code lo..hi-1} of something. */
  @FunctionalInterface
  protected interface Share {
    /** Does them. */
    void run(int lo, int hi);
  }

  /** Splits {@code items}, each touching about {@code values} values, if that pays. */
  protected final void parallel(int items, int values, Share share) {
    if (items < 2 || (long) items * values < PARALLEL_VALUES) {
      share.run(0, items);
    } else {
      pool.run((w, workers) ->
          share.run(WorkerPool.share(items, w, workers), WorkerPool.share(items, w + 1, workers)));
    }
  }

  private static CpuTensor tensor(Tensor t, int rows, int cols) {
    if (!(t instanceof CpuTensor c)) {
      throw new IllegalArgumentException("tensor of another backend: " + t.getClass().getName());
    }
    if (rows < 1 || rows > t.rows() || cols != t.cols()) {
      throw new IllegalArgumentException(
          "operand "
              + Arrays.toString(new int[] {t.rows(), t.cols()})
              + " where "
              + Arrays.toString(new int[] {rows, cols})
              + " is needed");
    }
    if (c.data().length == 0) {
      throw new IllegalStateException("the tensor is closed");
    }
    return c;
  }

  private static void distinct(Tensor x, Tensor y) {
    if (x == y) {
      throw new IllegalArgumentException("input and output are one tensor");
    }
  }
}
