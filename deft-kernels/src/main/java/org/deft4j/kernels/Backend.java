package org.deft4j.kernels;

import java.util.Map;
import java.util.Set;
import org.deft4j.kernels.sample.Draws;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Computes on one device. Operations run in the order of the calls, as on a stream; only reading a
 * tensor waits for them. Arguments that lie in host memory (batches, index arrays) are taken in
 * before a call returns, but the {@link Batch} of {@link #begin} and its plan must stay as they are
 * until the step's last operation.
 *
 * <p>A backend, and all that it made, is for one thread at a time. Operands must come from the same
 * backend. {@code rows} counts the leading rows of every operand that take part (1..512 is what
 * kernels are tuned for; more is allowed). Shapes that do not fit are an {@link
 * IllegalArgumentException} before anything is computed. Unless said otherwise, operands of one
 * call must be different tensors.
 *
 * <p>With {@link BackendInfo#deterministic()} each row of a result has the same bits whatever the
 * other rows, the number of rows and the number of threads; without it they agree within rounding.
 */
public interface Backend extends AutoCloseable {
  /** What this is. */
  BackendInfo info();

  /**
   * More about the device for {@code deft doctor}: names and values (texts, numbers), in order. May
   * measure for about a second.
   */
  default Map<String, Object> diagnostics() {
    return Map.of();
  }

  /** What this has beyond the operations that every family of models needs. */
  default Set<ModelPart> parts() {
    return Set.of();
  }

  // --- memory ---

  /**
   * Takes weights over, those of all parts below each other: {@code [sum of rows][cols]}, for
   * instance the query, key and value projections, or gate and up. The parts have equal columns;
   * their types may differ, as files of mixed quantization have it. May repack them; the host data
   * must stay valid until the matrix is closed.
   *
   * @throws org.deft4j.tree.DeftException ({@link org.deft4j.tree.DeftException#OUT_OF_MEMORY}) if
   *     there is too little memory
   */
  Matrix matrix(Weights... parts);

  /** Activations of {@code [rows][cols]} zeros. */
  Tensor tensor(int rows, int cols);

  /**
   * As {@link #tensor}, in the precision in which {@code consumer} multiplies: for what only a
   * matrix reads. A backend that multiplies float32 gives float32.
   */
  default Tensor activations(int rows, int cols, Matrix consumer) {
    return tensor(rows, cols);
  }

  /** A one-row tensor with these values, for instance the weights of a norm. */
  default Tensor vector(float... values) {
    Tensor t = tensor(1, values.length);
    t.write(0, 1, values, 0);
    return t;
  }

  /**
   * A cache of keys and values, zero at first.
   *
   * @throws org.deft4j.tree.DeftException ({@link org.deft4j.tree.DeftException#OUT_OF_MEMORY}) if
   *     there is too little memory
   */
  KvCache kvCache(KvShape shape);

  /** How keys and values are best kept for a model with such weights, if nobody chose. */
  default KvType kvType(WeightType weights) {
    return KvType.F32;
  }

  /** Free bytes of the memory that this backend allocates from; -1 if it is the host's. */
  default long freeMemory() {
    return -1;
  }

  /** Prepares a rotary embedding. */
  Rope rope(RopeSpec spec);

  // --- operations of a step ---

  /** Starts a forward pass over this batch. */
  void begin(Batch batch);

  /**
   * Starts a forward pass over this batch and runs its operations. A backend for which telling them
   * one by one costs time may pad the rows and replay what it recorded at an earlier call of the
   * same program; results are those of {@link #begin} and {@code program.run(batch.rows())} within
   * rounding.
   */
  default void forward(Batch batch, StepProgram program) {
    begin(batch);
    program.run(batch.rows());
  }

  /** Row r of {@code y} becomes row {@code batch.tokens()[r]} of the table. */
  void embed(Matrix table, Tensor y);

  /**
   * {@code y[r][i] = weight[i] * x[r][i] / sqrt(mean_i(x[r][i]^2) + eps)} (arXiv 1910.07467);
   * {@code y} may be {@code x}.
   */
  void rmsNorm(Tensor x, Tensor weight, float eps, Tensor y, int rows);

  /**
   * {@link #rmsNorm} of each of the heads {@code first..first+n-1} of the rows by itself, in place:
   * of queries or keys, before their rotation.
   *
   * @param x {@code [rows][any number of heads * headDim]}
   * @param weight {@code [1][headDim]}
   */
  void normHeads(Tensor x, int first, int n, Tensor weight, float eps, int rows);

  /** {@code y[r][n] = sum_k w[n][k] * x[r][k]}. */
  void matmul(Matrix w, Tensor x, Tensor y, int rows);

  /** {@code y[r][n] += sum_k w[n][k] * x[r][k]}: a projection onto the residual stream. */
  void matmulAdd(Matrix w, Tensor x, Tensor y, int rows);

  /**
   * {@link #matmulAdd}, and {@code normed} becomes the {@link #rmsNorm} of what is now in {@code
   * y}: how half a layer ends and the next one begins.
   *
   * <p>A backend may leave part of the norm to the products that {@code normed} is for. So only
   * products may read it, and only until {@code y} changes.
   *
   * @param norm {@code [1][w.rows()]} weights of the norm
   * @param normed {@code [rows][w.rows()]}, best as {@link #activations} of what reads it
   */
  default void matmulAddNorm(
      Matrix w, Tensor x, Tensor y, Tensor norm, float eps, Tensor normed, int rows) {
    matmulAdd(w, x, y, rows);
    rmsNorm(y, norm, eps, normed, rows);
  }

  /**
   * Gated feed-forward (arXiv 2002.05202): with g and u the products of {@code x} with the first
   * and the second half of the rows of {@code gateUp}, {@code y = g / (1 + exp(-g)) * u}.
   */
  void matmulSwiglu(Matrix gateUp, Tensor x, Tensor y, int rows);

  /**
   * {@link #matmulSwiglu} with GELU in its approximation by tanh (arXiv 1606.08415): {@code y = g *
   * (1 + tanh(sqrt(2 / pi) * (g + 0.044715 g^3))) / 2 * u}. Of backends with {@link
   * ModelPart#GEGLU}.
   */
  default void matmulGeglu(Matrix gateUp, Tensor x, Tensor y, int rows) {
    throw lacks(ModelPart.GEGLU);
  }

  /** {@code y[r][i] += x[r][i]}. Of backends with {@link ModelPart#POST_NORM}. */
  default void add(Tensor y, Tensor x, int rows) {
    throw lacks(ModelPart.POST_NORM);
  }

  /** {@code x[r][i] *= f}. Of backends with {@link ModelPart#POST_NORM}. */
  default void scale(Tensor x, float f, int rows) {
    throw lacks(ModelPart.POST_NORM);
  }

  /** {@code x[r][i] = cap * tanh(x[r][i] / cap)}. Of backends with {@link ModelPart#SOFT_CAP}. */
  default void softCap(Tensor x, float cap, int rows) {
    throw lacks(ModelPart.SOFT_CAP);
  }

  private DeftException lacks(ModelPart part) {
    return new DeftException(
        DeftException.BACKEND_UNAVAILABLE,
        "the backend " + info().name() + " has no " + part + "; use --backend panama");
  }

  /** Adds a one-row tensor to each row of {@code y}: a projection's bias. */
  void addBias(Tensor y, Tensor bias, int rows);

  /**
   * Rotates the queries and keys of the batch's rows in place, each by its position, and stores the
   * rotated keys and the values at the batch's slots.
   *
   * @param qkv {@code [rows][(heads + 2 * kvHeads) * headDim]}: queries, then keys, then values
   */
  void ropeAppend(Rope rope, KvCache kv, int layer, Tensor qkv);

  /**
   * {@link #normHeads} of the queries and of the keys of the batch's rows, where there are weights,
   * then {@link #ropeAppend(Rope, KvCache, int, Tensor)}.
   *
   * @param rows of the batch
   */
  default void ropeAppend(
      Rope rope,
      KvCache kv,
      int layer,
      Tensor qkv,
      @Nullable Tensor queryNorm,
      @Nullable Tensor keyNorm,
      float eps,
      int rows) {
    int heads = kv.shape().queryHeads(qkv.cols());
    if (queryNorm != null) {
      normHeads(qkv, 0, heads, queryNorm, eps, rows);
    }
    if (keyNorm != null) {
      normHeads(qkv, heads, kv.shape().kvHeads(), keyNorm, eps, rows);
    }
    ropeAppend(rope, kv, layer, qkv);
  }

  /**
   * Attention of the batch's rows by the batch's plan: partial results of each group with their
   * log-sum-exp, then their reduction in the order of the plan. Query head h uses KV head {@code h
   * / (heads / kvHeads)}. A row that sees nothing becomes zero. The batch's own keys must have been
   * appended.
   *
   * @param qkv as left by {@link #ropeAppend}; its query columns are read
   * @param scale of the scores, commonly {@code 1 / sqrt(headDim)}
   * @param out {@code [rows][heads * headDim]}
   */
  void attention(KvCache kv, int layer, Tensor qkv, float scale, Tensor out);

  /**
   * {@link #attention} by a rule. A token's place in its path is what the batch that appended it
   * said. Without {@link ModelPart#SLIDING_WINDOW} and {@link ModelPart#SOFT_CAP} only plain rules
   * are known.
   */
  default void attention(KvCache kv, int layer, Tensor qkv, ScoreRule rule, Tensor out) {
    if (!rule.plain()) {
      throw lacks(rule.cap() > 0 ? ModelPart.SOFT_CAP : ModelPart.SLIDING_WINDOW);
    }
    attention(kv, layer, qkv, rule.scale(), out);
  }

  /** Row i of {@code y} becomes row {@code rows[i]} of {@code x}, for i below {@code n}. */
  void gatherRows(Tensor x, int[] rows, int n, Tensor y);

  /** {@code x[r][i] = exp(x[r][i]) / sum_j exp(x[r][j])}, in place. */
  void softmax(Tensor x, int rows);

  /** {@code x[r][i] -= log(sum_j exp(x[r][j]))}, in place. */
  void logSoftmax(Tensor x, int rows);

  /**
   * Largest value, its first column and log-sum-exp of each row's first {@code cols} columns: what
   * a greedy choice with its log-probability needs of logits, without moving them.
   */
  void summarize(Tensor x, int rows, int cols, RowSummary out);

  /**
   * Draws tokens from rows of logits, as {@link org.deft4j.kernels.sample.TokenSampler} defines it,
   * without moving the logits.
   *
   * @param cols columns that are tokens; those past them are not drawn
   * @param draws what to draw, of rows below {@code x.rows()}; takes the results
   */
  void sample(Tensor x, int cols, Draws draws);

  /**
   * Whether passes with as many rows as the last one run as they will from now on. A backend may
   * use the first of them to find out what is fastest, which makes some of them slower.
   */
  default boolean settled() {
    return true;
  }

  /**
   * Whether {@link #sampleLater} returns before tokens are drawn and a batch may name tokens that
   * only the device knows ({@link Batch#drawn}). Then the step after a step can be begun before the
   * host has seen what the first one drew.
   */
  default boolean samplesLater() {
    return false;
  }

  /**
   * As {@link #sample}, but {@code draws} has its results only after {@link #await}, and is to be
   * left alone until then. At most two of them may be on their way: a third waits for the first.
   */
  default void sampleLater(Tensor x, int cols, Draws draws) {
    sample(x, cols, draws);
  }

  /** Waits for what {@link #sampleLater} draws, not for what was called after it. */
  default void await(Draws draws) {}

  /**
   * Copies all layers' keys and values of slot {@code from[i]} to slot {@code to[i]} for i below
   * {@code n}, in this order: private copies of a path, and what an old token leaves behind.
   */
  void copyKv(KvCache kv, int[] from, int[] to, int n);

  /** Frees everything made by this backend and stops its threads; idempotent. */
  @Override
  void close();
}
