package org.deft4j.kernels.cuda;

import static org.deft4j.kernels.cuda.Operands.distinct;
import static org.deft4j.kernels.cuda.Operands.float32;
import static org.deft4j.kernels.cuda.Operands.own;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendInfo;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.Rope;
import org.deft4j.kernels.RopeSpec;
import org.deft4j.kernels.RowSummary;
import org.deft4j.kernels.StepProgram;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.sample.Draws;
import org.jspecify.annotations.Nullable;

/** A model's operations on one CUDA device; precision is told on the package's page. */
public final class CudaBackend implements Backend {
  /** Page size as a shift; the engine's pages need not match it, since slots are whole tokens. */
  private static final int PAGE_SHIFT = 4;

  /** System property: {@code false} lets no step begin before the one before it was read. */
  static final String LATER = "deft.cuda.later";

  /** System property: {@code false} warms nothing up. */
  static final String WARM_UP = "deft.cuda.warm-up";

  private final boolean later = Boolean.parseBoolean(System.getProperty(LATER, "true"));
  private final CudaDevice device;
  private final StepKernels kernels;
  private final WeightLoader loader;
  private final CudaProducts products;
  private final CudaAttention attention;
  private final CudaSampler sampler;
  private final StepUpload upload;
  private final StepGraphs graphs;
  private final StepGraphs.Limits limits = new StepGraphs.Limits();
  private final boolean warmUps = Boolean.parseBoolean(System.getProperty(WARM_UP, "true"));
  private final BitSet warmed = new BitSet();
  private final Runnable checkBatch = this::checkBatch;
  private final GrowingBuffer queries;
  private final GrowingBuffer summary;
  private final PinnedBuffer summaryHost;
  private final BackendInfo info;
  private final long[] drawnAt = new long[1];
  private final BitSet copyRead = new BitSet();
  private final BitSet copyWritten = new BitSet();

  private @Nullable Batch batch;
  private long passes;
  private int rows;
  private long tokens;
  private long positions;
  private long slots;
  private long drawn;
  private @Nullable CudaMatrix lastProduct;
  private @Nullable CudaTensor laidOut;
  private long laidOutVersion;
  private boolean closed;

  CudaBackend(BackendOptions options) {
    device = CudaDevice.open();
    try {
      kernels = new StepKernels(device);
      loader = new WeightLoader(device, kernels);
      products = new CudaProducts(device, kernels, options.deterministic());
      attention = new TiledAttention(device, options.deterministic());
      sampler = new CudaSampler(device);
      upload = new StepUpload(device);
      graphs = new StepGraphs(device, attention, this::options);
      queries = new GrowingBuffer(device, "queries");
      summary = new GrowingBuffer(device, "summaries of logits");
      summaryHost = device.memory().pinned(StepKernels.SUMMARY_BYTES * 1024);
      int version = products.cublasVersion();
      info =
          new BackendInfo(
              CudaProvider.NAME,
              String.format(
                  Locale.ROOT,
                  "cuda: %s (sm_%d, %d multiprocessors, %d GiB), driver for CUDA %s, cuBLAS"
                      + " %d.%d.%d%s",
                  device.name(),
                  device.capability(),
                  device.multiprocessors(),
                  Math.round(device.memory().totalBytes() / 0x1p30),
                  CudaProbe.version(device.driverVersion()),
                  version / 10000,
                  version / 100 % 100,
                  version % 100,
                  options.deterministic() ? ", deterministic" : ""),
              1,
              0,
              options.deterministic());
    } catch (RuntimeException | Error e) {
      device.close();
      throw e;
    }
  }

  @Override
  public BackendInfo info() {
    return info;
  }

  @Override
  public Map<String, Object> diagnostics() {
    return CudaDiagnostics.of(device, products.cublasVersion());
  }

  // --- memory ---

  @Override
  public Matrix matrix(Weights... parts) {
    CudaMatrix made = loader.load(parts);
    products.add(made);
    return made;
  }

  @Override
  public Tensor tensor(int rows, int cols) {
    return new CudaTensor(device, rows, cols, DType.F32);
  }

  @Override
  public Tensor activations(int rows, int cols, Matrix consumer) {
    return new CudaTensor(device, rows, cols, own(consumer).held());
  }

  @Override
  public KvType kvType(WeightType weights) {
    return weights == WeightType.BF16 ? KvType.BF16 : KvType.F16;
  }

  @Override
  public long freeMemory() {
    return device.memory().freeBytes();
  }

  @Override
  public KvCache kvCache(KvShape shape) {
    return new CudaKvCache(device, shape, PAGE_SHIFT);
  }

  @Override
  public Rope rope(RopeSpec spec) {
    return new CudaRope(device, spec);
  }

  // --- operations ---

  @Override
  public void begin(Batch batch) {
    begin(batch, batch.rows());
  }

  /** Begins a pass over more rows than the batch has: padding that sees and leaves nothing. */
  private void begin(Batch batch, int padded) {
    int n = batch.rows();
    passes++;
    // Where there is no room, the addresses of the batch before are not to be used either.
    this.batch = null;
    laidOut = null;
    upload.begin(3 * StepUpload.room(padded, 4) + StepUpload.room(1, 8));
    int t = upload.put(batch.tokens(), n, padded, 0);
    int p = upload.put(batch.positions(), n, padded, 0);
    int s = upload.put(batch.slots(), n, padded, -1);
    drawnAt[0] = sampler.lastDrawn();
    int d = upload.put(drawnAt, 1);
    upload.send();
    drawn = upload.address(d);
    tokens = upload.address(t);
    positions = upload.address(p);
    slots = upload.address(s);
    attention.begin(batch.plan(), padded);
    this.batch = batch;
    rows = padded;
  }

  @Override
  public void forward(Batch batch, StepProgram program) {
    begin(batch, StepGraphs.padded(batch.rows()));
    products.ways().beginPass();
    graphs.run(program, rows, limits, checkBatch);
  }

  @Override
  public boolean settled() {
    return graphs.settled();
  }

  /** What may make a pass of so many rows faster, known after one ran. */
  private List<StepOption> options(int rows) {
    List<StepOption> all = products.options(rows);
    if (warmUps && attention.warmsUp()) {
      all.add(StepOption.named("attention warmed up", on -> warmed.set(rows, on)));
    }
    return all;
  }

  /** The products, for tests. */
  CudaProducts products() {
    return products;
  }

  /** The device, for tests. */
  CudaDevice device() {
    return device;
  }

  /** Graphs that are captured, for tests. */
  int graphs() {
    return graphs.captured();
  }

  /** The checks that operations make, for a replay that calls none. */
  private void checkBatch() {
    Batch b = batch();
    for (int r = 0; r < b.rows(); r++) {
      checkToken(b.tokens()[r], limits.tokens);
      Objects.checkIndex(b.slots()[r], limits.slots);
      Objects.checkIndex(b.positions()[r], Integer.MAX_VALUE);
    }
    if (b.plan().rows() != b.rows()) {
      throw new IllegalArgumentException(
          "plan of " + b.plan().rows() + " rows for a batch of " + b.rows());
    }
  }

  private void checkToken(int token, int limit) {
    int place = Batch.placeOf(token);
    if (place < 0) {
      Objects.checkIndex(token, limit);
    } else {
      Objects.checkIndex(place, sampler.lastTokens());
    }
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
    CudaMatrix m = own(table);
    limits.tokens = Math.min(limits.tokens, m.rows());
    for (int r = 0; r < b.rows(); r++) {
      checkToken(b.tokens()[r], m.rows());
    }
    kernels.embed(m, tokens, drawn, own(y, rows, m.cols()).changed(), rows);
  }

  @Override
  public void rmsNorm(Tensor x, Tensor weight, float eps, Tensor y, int rows) {
    int cols = x.cols();
    CudaTensor w = float32(own(weight, 1, cols));
    kernels.rmsNorm(own(x, rows, cols), w, eps, own(y, rows, cols).changed(), rows);
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
    CudaMatrix m = next(w, rows);
    CudaTensor in = factor(x, rows, w.cols());
    CudaTensor out = own(y, rows, w.rows());
    products.multiply(m, in, add ? out.updated() : out.changed(), rows, add);
  }

  @Override
  public void matmulAddNorm(
      Matrix w, Tensor x, Tensor y, Tensor norm, float eps, Tensor normed, int rows) {
    distinct(x, y);
    distinct(x, normed);
    distinct(y, normed);
    CudaMatrix m = next(w, rows);
    CudaTensor in = factor(x, rows, w.cols());
    CudaTensor of = float32(own(norm, 1, w.rows()));
    CudaTensor to = own(normed, rows, w.rows());
    products.multiplyAddNorm(m, in, own(y, rows, w.rows()).updated(), of, eps, to, rows);
  }

  /** What a product reads: a norm that it still has to finish must be one of what is there. */
  private static CudaTensor factor(Tensor x, int rows, int cols) {
    CudaTensor in = own(x, rows, cols);
    CarriedNorm carried = in.carried();
    if (carried != null) {
      carried.check(rows);
    }
    return in;
  }

  /** The matrix of the product that comes now. */
  private CudaMatrix next(Matrix w, int rows) {
    CudaMatrix m = own(w);
    if (warmed.get(rows) && device.launcher().capturing() && m.beforeAttention()) {
      attention.warmUp();
    }
    lastProduct = m;
    return m;
  }

  @Override
  public void matmulSwiglu(Matrix gateUp, Tensor x, Tensor y, int rows) {
    distinct(x, y);
    if (gateUp.rows() % 2 != 0) {
      throw new IllegalArgumentException(gateUp.rows() + " rows are no gate and up");
    }
    CudaMatrix w = next(gateUp, rows);
    CudaTensor in = factor(x, rows, w.cols());
    CudaTensor out = own(y, rows, w.rows() / 2).changed();
    products.multiplyGated(w, in, out, rows);
  }

  @Override
  public void addBias(Tensor y, Tensor bias, int rows) {
    int cols = y.cols();
    kernels.addBias(own(y, rows, cols).updated(), float32(own(bias, 1, cols)), rows);
  }

  @Override
  public void normHeads(Tensor x, int first, int n, Tensor weight, float eps, int rows) {
    int dim = weight.cols();
    if (first < 0 || n < 1 || (long) (first + n) * dim > x.cols()) {
      throw new IllegalArgumentException(
          "heads "
              + first
              + " to "
              + (first + n)
              + " of "
              + dim
              + " values in rows of "
              + x.cols());
    }
    CudaTensor t = own(x, rows, x.cols()).updated();
    kernels.normHeads(t, first, n, float32(own(weight, 1, dim)), eps, rows);
  }

  @Override
  public void ropeAppend(Rope rope, KvCache kv, int layer, Tensor qkv) {
    ropeAppend(rope, kv, layer, qkv, null, null, 0, rows);
  }

  @Override
  public void ropeAppend(
      Rope rope,
      KvCache kv,
      int layer,
      Tensor qkv,
      @Nullable Tensor queryNorm,
      @Nullable Tensor keyNorm,
      float eps,
      int ofBatch) {
    Batch b = batch();
    CudaKvCache cache = own(kv);
    KvShape shape = kv.shape();
    int heads = shape.queryHeads(qkv.cols());
    Objects.checkIndex(layer, shape.layers());
    if (rope.spec().headDim() != shape.headDim()) {
      throw new IllegalArgumentException(
          "rotary embedding for heads of " + rope.spec().headDim() + ", not " + shape.headDim());
    }
    limits.slots = Math.min(limits.slots, shape.slots());
    for (int r = 0; r < b.rows(); r++) {
      Objects.checkIndex(b.slots()[r], shape.slots());
      Objects.checkIndex(b.positions()[r], Integer.MAX_VALUE);
    }
    CudaTensor t = own(qkv, rows, qkv.cols()).updated();
    DeviceBuffer q = queries(cache, heads, rows);
    int dim = shape.headDim();
    CudaTensor ofQueries = queryNorm == null ? null : float32(own(queryNorm, 1, dim));
    CudaTensor ofKeys = keyNorm == null ? null : float32(own(keyNorm, 1, dim));
    CudaRope turn = (CudaRope) rope;
    long pass = passes + device.launcher().captures();
    if (!turn.turned(pass)) {
      kernels.ropeTurns(turn, positions, rows);
      turn.turnedFor(pass);
    }
    kernels.ropeAppend(turn, cache, layer, t, heads, slots, q, ofQueries, ofKeys, eps, rows);
    laidOut = t;
    laidOutVersion = t.version();
  }

  @Override
  public void attention(KvCache kv, int layer, Tensor qkv, float scale, Tensor out) {
    distinct(qkv, out);
    Batch b = batch();
    CudaKvCache cache = own(kv);
    KvShape shape = kv.shape();
    int heads = shape.queryHeads(qkv.cols());
    Objects.checkIndex(layer, shape.layers());
    if (b.plan().rows() != b.rows()) {
      throw new IllegalArgumentException(
          "plan of " + b.plan().rows() + " rows for a batch of " + b.rows());
    }
    CudaTensor t = own(qkv, rows, qkv.cols());
    CudaTensor o = own(out, rows, heads * shape.headDim()).changed();
    DeviceBuffer q = queries(cache, heads, rows);
    if (laidOut != t || laidOutVersion != t.version()) {
      kernels.layOut(cache, t, heads, q, rows);
      laidOut = t;
      laidOutVersion = t.version();
    }
    attention.run(cache, layer, q.address(), heads, scale, o);
    if (lastProduct != null) {
      lastProduct.seenBeforeAttention();
    }
  }

  private DeviceBuffer queries(CudaKvCache kv, int heads, int rows) {
    long bytes = (long) rows * heads * kv.padded() * kv.type().bytes();
    long freed = device.memory().freed();
    try {
      return queries.atLeast(bytes);
    } finally {
      // What it held is lost, whether it grew or found no room.
      if (device.memory().freed() != freed) {
        laidOut = null;
      }
    }
  }

  @Override
  public void gatherRows(Tensor x, int[] rows, int n, Tensor y) {
    distinct(x, y);
    CudaTensor in = own(x, 1, x.cols());
    CudaTensor out = own(y, n, x.cols()).changed();
    for (int i = 0; i < n; i++) {
      Objects.checkIndex(rows[i], x.rows());
    }
    for (int i = 0; i < n; i += StepKernels.GATHER_ROWS) {
      kernels.gather(in, rows, i, Math.min(StepKernels.GATHER_ROWS, n - i), out);
    }
  }

  @Override
  public void softmax(Tensor x, int rows) {
    kernels.softmax(float32(own(x, rows, x.cols())).updated(), rows, false);
  }

  @Override
  public void logSoftmax(Tensor x, int rows) {
    kernels.softmax(float32(own(x, rows, x.cols())).updated(), rows, true);
  }

  @Override
  public void summarize(Tensor x, int rows, int cols, RowSummary out) {
    if (cols < 1 || cols > x.cols()) {
      throw new IllegalArgumentException(cols + " columns of " + x.cols());
    }
    CudaTensor t = float32(own(x, rows, x.cols()));
    long bytes = (long) rows * (1 + StepKernels.summaryParts(cols)) * StepKernels.SUMMARY_BYTES;
    DeviceBuffer s = summary.atLeast(bytes);
    kernels.summarize(t, rows, cols, s);
    out.reserve(rows);
    int most = summaryHost.bytes() / StepKernels.SUMMARY_BYTES;
    for (int r = 0; r < rows; r += most) {
      int n = Math.min(most, rows - r);
      int size = StepKernels.SUMMARY_BYTES;
      device.memory().copyOut(summaryHost, 0, s, (long) r * size, (long) n * size);
      device.synchronize();
      ByteBuffer d = summaryHost.data();
      for (int i = 0; i < n; i++) {
        out.set(r + i, d.getInt(i * size + 4), d.getFloat(i * size), d.getDouble(i * size + 8));
      }
    }
  }

  @Override
  public void sample(Tensor x, int cols, Draws draws) {
    sampleLater(x, cols, draws);
    sampler.await(draws);
  }

  @Override
  public boolean samplesLater() {
    return later;
  }

  @Override
  public void await(Draws draws) {
    sampler.await(draws);
  }

  @Override
  public void sampleLater(Tensor x, int cols, Draws draws) {
    if (cols < 1 || cols > x.cols()) {
      throw new IllegalArgumentException(cols + " columns of " + x.cols());
    }
    CudaTensor t = float32(own(x, x.rows(), x.cols()));
    for (int i = 0; i < draws.size(); i++) {
      Objects.checkIndex(draws.row(i), x.rows());
    }
    sampler.sampleLater(t, cols, draws);
  }

  @Override
  public void copyKv(KvCache kv, int[] from, int[] to, int n) {
    CudaKvCache cache = own(kv);
    int all = kv.shape().slots();
    for (int i = 0; i < n; i++) {
      Objects.checkIndex(from[i], all);
      Objects.checkIndex(to[i], all);
    }
    // A launch copies its pairs at once; one that depends on a pair before it waits for the next.
    int first = 0;
    for (int i = 0; i < n; i++) {
      boolean depends = copyWritten.get(from[i]) || copyWritten.get(to[i]) || copyRead.get(to[i]);
      if (depends || i - first == StepKernels.COPY_PAIRS) {
        kernels.copyKv(cache, from, to, first, i - first);
        copyRead.clear();
        copyWritten.clear();
        first = i;
      }
      copyRead.set(from[i]);
      copyWritten.set(to[i]);
    }
    if (n > first) {
      kernels.copyKv(cache, from, to, first, n - first);
    }
    copyRead.clear();
    copyWritten.clear();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try {
        if (!device.lost()) {
          device.synchronize();
        }
        products.close();
      } finally {
        device.close();
      }
    }
  }
}
