package org.deft4j.engine.model;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.ModelPart;
import org.deft4j.kernels.Rope;
import org.deft4j.kernels.RowSummary;
import org.deft4j.kernels.ScoreRule;
import org.deft4j.kernels.StepProgram;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.sample.Draws;
import org.jspecify.annotations.Nullable;

/**
 * A decoder-only transformer on a backend: weights, and one forward pass over a batch of rows.
 *
 * <p>Activations grow to the largest batch met and are kept. Logits are computed in slices of at
 * most {@value #SLICE} rows, so that their memory does not follow the batch. Where the backend has
 * no memory for them, the call throws what the backend says and a later one may ask for less.
 */
public final class Transformer implements AutoCloseable {
  /** Most rows of logits at a time. */
  public static final int SLICE = 64;

  private record Layer(
      Tensor attentionNorm,
      Matrix qkv,
      @Nullable Tensor qkvBias,
      @Nullable Tensor queryNorm,
      @Nullable Tensor keyNorm,
      Matrix output,
      @Nullable Tensor outputBias,
      @Nullable Tensor attentionPostNorm,
      Tensor ffnNorm,
      Matrix gateUp,
      Matrix down,
      @Nullable Tensor ffnPostNorm,
      Rope rope,
      ScoreRule rule) {
    List<AutoCloseable> parts() {
      return Stream.of(
              attentionNorm,
              qkv,
              qkvBias,
              queryNorm,
              keyNorm,
              output,
              outputBias,
              attentionPostNorm,
              ffnNorm,
              gateUp,
              down,
              ffnPostNorm)
          .filter(Objects::nonNull)
          .toList();
    }
  }

  private final Backend backend;
  private final ModelConfig config;
  private final Matrix embedding;
  private final Matrix head;
  private final Tensor outputNorm;
  private final ModelTraits traits;
  private final Layer[] layers;
  private final String weightType;
  private final long parameters;
  private final long weightBytes;

  /** Rows that activations have; none while they grow. */
  private int capacity;

  /** Rows that logits have; none while they grow. */
  private int logitRows;

  private Tensor x;
  private Tensor h;
  private Tensor qkv;
  private Tensor attended;
  private Tensor ffn;
  private Tensor last;
  private Tensor normed;
  private Tensor logits;
  private @Nullable Tensor product;
  private final int[] sliceRows = new int[SLICE];
  private @Nullable KvCache programKv;
  private StepProgram program = rows -> {};

  /**
   * Takes over the weights of a file, which must stay open as long as this.
   *
   * @throws org.deft4j.tree.DeftException {@code UNSUPPORTED_MODEL} if its architecture, a type or
   *     a shape is not supported, {@code OUT_OF_MEMORY} if the backend cannot hold it
   */
  public Transformer(ModelSource file, Backend backend) {
    this.backend = backend;
    config = Family.of(file.metadata()).config(file);
    int dim = config.dim();
    int q = config.heads() * config.headDim();
    int kv = config.kvHeads() * config.headDim();
    Set<String> used = new HashSet<>();
    used.addAll(Family.FACTORS);
    used.add("rope_factors_long.weight");
    Loader load = new Loader(file, backend, used);
    embedding = load.matrix(config.vocabulary(), dim, "token_embd.weight");
    head = config.tied() ? embedding : load.matrix(config.vocabulary(), dim, "output.weight");
    outputNorm = load.vector("output_norm.weight", dim);
    traits = config.traits();
    boolean windows = backend.parts().contains(ModelPart.SLIDING_WINDOW);
    Rope rope = backend.rope(config.rope());
    Rope localRope = traits.localRope() == null ? rope : backend.rope(traits.localRope());
    float scale = (float) config.scoreScale();
    layers = new Layer[config.layers()];
    for (int i = 0; i < layers.length; i++) {
      String p = "blk." + i + ".";
      layers[i] =
          new Layer(
              load.vector(p + "attn_norm.weight", dim),
              load.qkv(p, q, kv, dim),
              load.qkvBias(p, q, kv),
              load.optional(p + "attn_q_norm.weight", config.headDim()),
              load.optional(p + "attn_k_norm.weight", config.headDim()),
              load.matrix(dim, q, p + "attn_output.weight"),
              load.optional(p + "attn_output.bias", dim),
              load.optional(p + "post_attention_norm.weight", dim),
              load.vector(p + "ffn_norm.weight", dim),
              load.gateUp(p, config.ffn(), dim),
              load.matrix(dim, config.ffn(), p + "ffn_down.weight"),
              load.optional(p + "post_ffw_norm.weight", dim),
              traits.window(i) > 0 ? localRope : rope,
              new ScoreRule(scale, windows ? traits.window(i) : 0, traits.scoreCap()));
    }
    long count = 0;
    long bytes = 0;
    for (GgufTensor t : file.tensors()) {
      // A tensor that is left out would change the results silently.
      if (!used.contains(t.name())) {
        throw file.metadata()
            .unsupported(
                "tensor '" + t.name() + "' is no part of a " + config.architecture() + " model");
      }
      count += t.elements();
      bytes += t.data().byteSize();
    }
    parameters = count;
    weightBytes = bytes;
    weightType = layers[0].qkv.type().name();
    capacity = 16;
    x = backend.tensor(capacity, dim);
    h = backend.activations(capacity, dim, layers[0].qkv);
    qkv = backend.tensor(capacity, config.qkvColumns());
    attended = backend.activations(capacity, q, layers[0].output);
    ffn = backend.activations(capacity, config.ffn(), layers[0].down);
    logitRows = 8;
    last = backend.tensor(logitRows, dim);
    normed = backend.activations(logitRows, dim, head);
    logits = backend.tensor(logitRows, config.vocabulary());
  }

  /** Reads weights in the shapes asked for, and remembers which tensors were used. */
  private record Loader(ModelSource file, Backend backend, Set<String> used) {
    Weights weights(int rows, int columns, String name) {
      used.add(name);
      return Tensors.weights(file, name, rows, columns);
    }

    Matrix matrix(int rows, int columns, String name) {
      return backend.matrix(weights(rows, columns, name));
    }

    /** Three projections, or one that holds them below each other. */
    Matrix qkv(String p, int q, int kv, int dim) {
      String packed = p + "attn_qkv.weight";
      if (file.tensor(packed) != null) {
        return matrix(q + 2 * kv, dim, packed);
      }
      return backend.matrix(
          weights(q, dim, p + "attn_q.weight"),
          weights(kv, dim, p + "attn_k.weight"),
          weights(kv, dim, p + "attn_v.weight"));
    }

    @Nullable Tensor qkvBias(String p, int q, int kv) {
      String packed = p + "attn_qkv.bias";
      if (file.tensor(packed) != null) {
        return vector(packed, q + 2 * kv);
      }
      String[] names = {p + "attn_q.bias", p + "attn_k.bias", p + "attn_v.bias"};
      int[] lengths = {q, kv, kv};
      float[] all = new float[q + 2 * kv];
      int found = 0;
      int at = 0;
      for (int i = 0; i < 3; i++) {
        if (file.tensor(names[i]) != null) {
          used.add(names[i]);
          System.arraycopy(Tensors.vector(file, names[i], lengths[i]), 0, all, at, lengths[i]);
          found++;
        }
        at += lengths[i];
      }
      return found == 0 ? null : backend.vector(all);
    }

    /** Gate and up, or one matrix that holds both. */
    Matrix gateUp(String p, int ffn, int dim) {
      if (file.tensor(p + "ffn_gate.weight") == null) {
        return matrix(2 * ffn, dim, p + "ffn_up.weight");
      }
      return backend.matrix(
          weights(ffn, dim, p + "ffn_gate.weight"), weights(ffn, dim, p + "ffn_up.weight"));
    }

    Tensor vector(String name, int length) {
      used.add(name);
      return backend.vector(Tensors.vector(file, name, length));
    }

    @Nullable Tensor optional(String name, int length) {
      return file.tensor(name) == null ? null : vector(name, length);
    }
  }

  /** The shape of a model that is not loaded. */
  public static ModelConfig config(ModelSource file) {
    return Family.of(file.metadata()).config(file);
  }

  /** The shape. */
  public ModelConfig config() {
    return config;
  }

  /** How the layers' weights are stored, for instance {@code Q8_0}. */
  public String weightType() {
    return weightType;
  }

  /** How the first layer's weights are stored. */
  public WeightType matrixType() {
    return layers[0].qkv.type();
  }

  /** Number of weights. */
  public long parameters() {
    return parameters;
  }

  /** Bytes of the weights in the file. */
  public long weightBytes() {
    return weightBytes;
  }

  /**
   * Computes the batch's rows through all layers and stores their keys and values. Their final
   * states are kept for {@link #logits} until the next call.
   */
  public void forward(Batch batch, KvCache kv) {
    if (programKv != kv) {
      programKv = kv;
      program = rows -> layers(kv, rows);
    }
    backend.forward(batch, program);
  }

  private void layers(KvCache kv, int rows) {
    reserve(rows);
    float eps = config.eps();
    backend.embed(embedding, x);
    if (traits.embeddingScale() != 1) {
      backend.scale(x, traits.embeddingScale(), rows);
    }
    backend.rmsNorm(x, layers[0].attentionNorm, eps, h, rows);
    for (int i = 0; i < layers.length; i++) {
      Layer l = layers[i];
      backend.matmul(l.qkv, h, qkv, rows);
      if (l.qkvBias != null) {
        backend.addBias(qkv, l.qkvBias, rows);
      }
      backend.ropeAppend(l.rope, kv, i, qkv, l.queryNorm, l.keyNorm, eps, rows);
      backend.attention(kv, i, qkv, l.rule, attended);
      residual(l.output, attended, l.outputBias, l.attentionPostNorm, l.ffnNorm, rows);
      if (traits.gelu()) {
        backend.matmulGeglu(l.gateUp, h, ffn, rows);
      } else {
        backend.matmulSwiglu(l.gateUp, h, ffn, rows);
      }
      Tensor next = i + 1 < layers.length ? layers[i + 1].attentionNorm : null;
      residual(l.down, ffn, null, l.ffnPostNorm, next, rows);
    }
  }

  /**
   * Adds a product, normalized first where there is a norm for that, to the residual stream.
   *
   * @param next the norm of what comes next; null after the last layer
   */
  private void residual(
      Matrix w,
      Tensor y,
      @Nullable Tensor bias,
      @Nullable Tensor postNorm,
      @Nullable Tensor next,
      int rows) {
    if (postNorm == null && bias == null && next != null) {
      backend.matmulAddNorm(w, y, x, next, config.eps(), h, rows);
      return;
    }
    if (postNorm == null) {
      backend.matmulAdd(w, y, x, rows);
    } else {
      addNormed(w, y, postNorm, rows);
    }
    if (bias != null) {
      backend.addBias(x, bias, rows);
    }
    if (next != null) {
      backend.rmsNorm(x, next, config.eps(), h, rows);
    }
  }

  private void addNormed(Matrix w, Tensor y, Tensor norm, int rows) {
    Tensor sum = product;
    if (sum == null || sum.rows() < rows) {
      if (sum != null) {
        product = null;
        sum.close();
      }
      sum = backend.tensor(capacity, config.dim());
      product = sum;
    }
    backend.matmul(w, y, sum, rows);
    backend.rmsNorm(sum, norm, config.eps(), sum, rows);
    backend.add(x, sum, rows);
  }

  /**
   * Logits of {@code n} rows of the last {@link #forward}, {@code [n][vocabulary]}; valid until the
   * next call.
   *
   * @param rows row numbers in ascending order, read from {@code from}
   * @param n at most {@link #SLICE}
   */
  public Tensor logits(int[] rows, int from, int n) {
    if (n > logitRows) {
      int grown = Math.min(SLICE, Math.max(n, logitRows * 2));
      logitRows = 0;
      last.close();
      normed.close();
      logits.close();
      last = backend.tensor(grown, config.dim());
      normed = backend.activations(grown, config.dim(), head);
      logits = backend.tensor(grown, config.vocabulary());
      logitRows = grown;
    }
    Tensor states = x;
    if (rows[from] != 0 || rows[from + n - 1] != n - 1) {
      System.arraycopy(rows, from, sliceRows, 0, n);
      backend.gatherRows(x, sliceRows, n, last);
      states = last;
    }
    backend.rmsNorm(states, outputNorm, config.eps(), normed, n);
    backend.matmul(head, normed, logits, n);
    if (traits.logitCap() > 0) {
      backend.softCap(logits, traits.logitCap(), n);
    }
    return logits;
  }

  /** Largest logit, its token and log-sum-exp of the rows of the last {@link #logits}. */
  public void summarize(int n, int tokens, RowSummary out) {
    backend.summarize(logits, n, tokens, out);
  }

  /** Draws tokens from the last {@link #logits}; see {@link Backend#sample}. */
  public void sample(int tokens, Draws draws) {
    backend.sample(logits, tokens, draws);
  }

  /** As {@link #sample}, later; see {@link Backend#sampleLater}. */
  public void sampleLater(int tokens, Draws draws) {
    backend.sampleLater(logits, tokens, draws);
  }

  /** Waits for the results of {@link #sampleLater}. */
  public void await(Draws draws) {
    backend.await(draws);
  }

  private void reserve(int rows) {
    if (rows <= capacity) {
      return;
    }
    int grown = Math.max(rows, capacity * 2);
    capacity = 0;
    for (Tensor t : new Tensor[] {x, h, qkv, attended, ffn}) {
      t.close();
    }
    x = backend.tensor(grown, config.dim());
    h = backend.activations(grown, config.dim(), layers[0].qkv);
    qkv = backend.tensor(grown, config.qkvColumns());
    attended = backend.activations(grown, config.heads() * config.headDim(), layers[0].output);
    ffn = backend.activations(grown, config.ffn(), layers[0].down);
    capacity = grown;
  }

  /** Frees weights and activations; idempotent. */
  @Override
  public void close() {
    embedding.close();
    head.close();
    outputNorm.close();
    for (Layer l : layers) {
      for (AutoCloseable part : l.parts()) {
        try {
          part.close();
        } catch (Exception e) {
          throw new IllegalStateException("closing weights", e);
        }
      }
    }
    for (Tensor t : new Tensor[] {x, h, qkv, attended, ffn, last, normed, logits}) {
      t.close();
    }
    if (product != null) {
      product.close();
    }
  }
}
