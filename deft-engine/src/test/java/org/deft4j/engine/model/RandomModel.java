package org.deft4j.engine.model;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.deft4j.engine.gguf.GgufWriter;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.kernels.Oracle;
import org.deft4j.kernels.WeightType;

/**
 * A small model of random weights as a GGUF file, and its forward pass in float64 by the
 * definition: the reference for real ones.
 */
final class RandomModel {
  final int layers;
  final int dim;
  final int ffn;
  final int heads;
  final int kvHeads;
  final int headDim;
  final int rotary;
  final int vocabulary;
  final boolean tied;
  final float base;
  final float[] factors;
  final GgufWriter file = new GgufWriter();
  final String architecture;
  final boolean halfSplit;
  final TensorType type;
  // 0 none, 1 linear, 2 YaRN
  final int scaling;
  final int window;
  // Of so many layers the last sees all.
  final int globalEvery;
  final double scoreCap;
  final double logitCap;
  private final boolean gemma;
  private final boolean postNorms;
  private final double normScale;
  private final Map<String, double[]> weights = new HashMap<>();
  private final Map<String, Raw> raw = new LinkedHashMap<>();

  /** A tensor's bytes. */
  record Raw(TensorType type, byte[] bytes, int cols, int rows) {}

  /** Tensors by their names in GGUF files. */
  Map<String, Raw> tensors() {
    return raw;
  }

  RandomModel(long seed, TensorType type) {
    this(seed, type, "llama", false);
  }

  /**
   * A model.
   *
   * @param architecture as in files, or {@code mistral} for a Llama with a sliding window
   * @param halfSplit the rotary embedding of Hugging Face's files, for Llama too
   */
  RandomModel(long seed, TensorType type, String architecture, boolean halfSplit) {
    SplittableRandom r = new SplittableRandom(seed);
    boolean mistral = architecture.equals("mistral");
    architecture = mistral ? "llama" : architecture;
    this.architecture = architecture;
    this.halfSplit = halfSplit || !architecture.equals("llama");
    gemma = architecture.startsWith("gemma");
    postNorms = architecture.equals("gemma2") || architecture.equals("gemma3");
    globalEvery = architecture.equals("gemma2") ? 2 : architecture.equals("gemma3") ? 3 : 0;
    window = mistral || postNorms ? 3 + new SplittableRandom(seed).nextInt(9) : 0;
    // Small, so that they matter at the scores and logits of random weights.
    scoreCap = architecture.equals("gemma2") ? 2 : 0;
    logitCap = architecture.equals("gemma2") ? 3 : 0;
    this.type = type;
    boolean blocks = type.blockElements() > 1;
    boolean large = type.blockElements() > 32;
    int unit = blocks ? type.blockElements() : 4;
    kvHeads = large ? 2 << r.nextInt(2) : 1 + r.nextInt(3);
    heads = large ? 8 : kvHeads * (1 + r.nextInt(3));
    headDim = blocks ? 32 : 4 * (1 + r.nextInt(6));
    rotary = r.nextBoolean() || gemma ? headDim : Math.max(2, headDim / 2);
    dim = heads * headDim;
    ffn = unit * (1 + r.nextInt(large ? 2 : 6)) + (blocks ? 0 : 3);
    layers = postNorms ? 4 : 1 + r.nextInt(3);
    vocabulary = 60 + r.nextInt(40);
    tied = r.nextBoolean() || gemma;
    base = r.nextBoolean() ? 10_000 : 500_000;
    factors = new float[r.nextBoolean() && !gemma ? rotary / 2 : 0];
    scaling = factors.length > 0 || rotary < headDim ? 0 : r.nextInt(gemma ? 2 : 3);
    // Quantized blocks of any bits hold values of about 1, so norms keep what they multiply small.
    normScale = blocks && type != TensorType.Q8_0 ? 1.5 / Math.sqrt(dim) : 1;
    List<String> tokens = new ArrayList<>();
    List<Float> scores = new ArrayList<>();
    for (int i = 0; i < vocabulary; i++) {
      tokens.add("t" + i);
      scores.add(-(float) i);
    }
    file.put("general.architecture", architecture)
        .put(architecture + ".embedding_length", dim)
        .put(architecture + ".feed_forward_length", ffn)
        .put(architecture + ".block_count", layers)
        .put(architecture + ".attention.head_count", heads)
        .put(architecture + ".attention.head_count_kv", kvHeads)
        .put(architecture + ".attention.layer_norm_rms_epsilon", 1e-5f)
        .put(architecture + ".rope.dimension_count", rotary)
        .put(architecture + ".rope.freq_base", base)
        .put(architecture + ".context_length", 128)
        .put("tokenizer.ggml.model", "llama")
        .put("tokenizer.ggml.tokens", tokens)
        .put("tokenizer.ggml.scores", scores)
        .put("tokenizer.ggml.unknown_token_id", 0);
    if (window > 0) {
      file.put(architecture + ".attention.sliding_window", window);
    }
    if (architecture.equals("gemma2")) {
      file.put("gemma2.attn_logit_softcapping", (float) scoreCap)
          .put("gemma2.final_logit_softcapping", (float) logitCap);
    }
    if (architecture.equals("gemma3")) {
      file.put("gemma3.attention.sliding_window_pattern", globalEvery)
          .put("gemma3.rope.freq_base_swa", 5000f);
    }
    matrix(r, "token_embd.weight", vocabulary, dim, type, 1);
    if (!tied) {
      matrix(r, "output.weight", vocabulary, dim, type, 1);
    }
    norm(r, "output_norm.weight", dim);
    for (int l = 0; l < layers; l++) {
      String p = "blk." + l + ".";
      norm(r, p + "attn_norm.weight", dim);
      norm(r, p + "ffn_norm.weight", dim);
      matrix(r, p + "attn_q.weight", heads * headDim, dim, type, 1.5);
      matrix(r, p + "attn_k.weight", kvHeads * headDim, dim, type, 1.5);
      // One matrix of another type where mixing is allowed.
      TensorType v =
          l == 0 && type == TensorType.F16
              ? TensorType.F32
              : type == TensorType.Q4_K ? TensorType.Q6_K : type;
      matrix(r, p + "attn_v.weight", kvHeads * headDim, dim, v, 1);
      matrix(r, p + "attn_output.weight", dim, heads * headDim, type, 1);
      matrix(r, p + "ffn_gate.weight", ffn, dim, type, 1);
      matrix(r, p + "ffn_up.weight", ffn, dim, type, 1);
      TensorType down = ffn % 32 == 0 || type != TensorType.Q8_0 ? type : TensorType.F32;
      matrix(r, p + "ffn_down.weight", dim, ffn, down, 1);
      if (architecture.equals("qwen2")) {
        for (String name : List.of("attn_q", "attn_k", "attn_v")) {
          norm(r, p + name + ".bias", (name.equals("attn_q") ? heads : kvHeads) * headDim);
        }
      }
      if (postNorms) {
        norm(r, p + "post_attention_norm.weight", dim);
        norm(r, p + "post_ffw_norm.weight", dim);
      }
      if (architecture.equals("qwen3") || architecture.equals("gemma3")) {
        norm(r, p + "attn_q_norm.weight", headDim);
        norm(r, p + "attn_k_norm.weight", headDim);
      }
      if (architecture.equals("phi3")) {
        pack(p + "attn_qkv.weight", p + "attn_q.weight", p + "attn_k.weight", p + "attn_v.weight");
        pack(p + "ffn_up.weight", p + "ffn_gate.weight", p + "ffn_up.weight");
      }
    }
    switch (scaling) {
      case 1 ->
          file.put(architecture + ".rope.scaling.type", "linear")
              .put(architecture + ".rope.scaling.factor", 4f);
      case 2 ->
          file.put(architecture + ".rope.scaling.type", "yarn")
              .put(architecture + ".rope.scaling.factor", 4f)
              .put(architecture + ".rope.scaling.original_context_length", 32);
      default -> {}
    }
    if (factors.length > 0) {
      for (int i = 0; i < factors.length; i++) {
        factors[i] = 1 + 7 * i / (float) factors.length;
      }
      file.floats("rope_freqs.weight", factors, factors.length);
    }
    raw.forEach((name, t) -> {
      if (t.rows == 0) {
        file.tensor(name, t.type, t.bytes, t.cols);
      } else {
        file.tensor(name, t.type, t.bytes, t.cols, t.rows);
      }
    });
  }

  /** Matrices below each other as one. */
  private void pack(String name, String... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    int rows = 0;
    Raw last = null;
    for (String part : parts) {
      last = java.util.Objects.requireNonNull(raw.remove(part));
      all.writeBytes(last.bytes);
      rows += last.rows;
    }
    Raw any = java.util.Objects.requireNonNull(last);
    raw.put(name, new Raw(any.type, all.toByteArray(), any.cols, rows));
  }

  private void norm(SplittableRandom r, String name, int n) {
    double[] d = new double[n];
    ByteBuffer b = ByteBuffer.allocate(4 * n).order(ByteOrder.LITTLE_ENDIAN);
    double scale = name.endsWith("_norm.weight") && n == dim ? normScale : 1;
    for (int i = 0; i < n; i++) {
      float w = (float) (r.nextDouble(0.5, 1.5) * scale);
      b.putFloat(w);
      d[i] = w;
    }
    weights.put(name, d);
    raw.put(name, new Raw(TensorType.F32, b.array(), n, 0));
  }

  private void matrix(
      SplittableRandom r, String name, int rows, int cols, TensorType type, double gain) {
    if (type.blockElements() > 1 && type != TensorType.Q8_0) {
      Oracle.Sample sample = Oracle.weights(r, WeightType.valueOf(type.name()), rows, cols);
      weights.put(name, sample.values());
      byte[] bytes = sample.weights().data().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
      raw.put(name, new Raw(type, bytes, cols, rows));
      return;
    }
    double[] d = new double[rows * cols];
    int bytes = rows * cols / type.blockElements() * type.blockBytes();
    ByteBuffer b = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    float scale = 0;
    for (int i = 0; i < d.length; i++) {
      float w = (float) (r.nextGaussian() * gain / Math.sqrt(cols));
      switch (type) {
        case F32 -> {
          b.putFloat(w);
          d[i] = w;
        }
        case F16 -> {
          short h = Float.floatToFloat16(w);
          b.putShort(h);
          d[i] = Float.float16ToFloat(h);
        }
        case BF16 -> {
          int bits = Float.floatToIntBits(w) & 0xFFFF0000;
          b.putShort((short) (bits >>> 16));
          d[i] = Float.intBitsToFloat(bits);
        }
        case Q8_0 -> {
          if (i % 32 == 0) {
            short h = Float.floatToFloat16((float) (0.03 * gain / Math.sqrt(cols)));
            b.putShort(h);
            scale = Float.float16ToFloat(h);
          }
          byte q = (byte) Math.clamp(Math.round(w / scale), -127, 127);
          b.put(q);
          d[i] = scale * q;
        }
        default -> throw new IllegalArgumentException(type.name());
      }
    }
    weights.put(name, d);
    raw.put(name, new Raw(type, b.array(), cols, rows));
  }

  /** Logits after each token of a sequence, {@code [tokens][vocabulary]}. */
  double[][] logits(int[] tokens) {
    int n = tokens.length;
    double[][] x = new double[n][];
    for (int t = 0; t < n; t++) {
      double[] e = java.util.Objects.requireNonNull(weights.get("token_embd.weight"));
      x[t] = java.util.Arrays.copyOfRange(e, tokens[t] * dim, (tokens[t] + 1) * dim);
      for (int i = 0; i < dim && gemma; i++) {
        x[t][i] *= Math.sqrt(dim);
      }
    }
    for (int l = 0; l < layers; l++) {
      String p = "blk." + l + ".";
      boolean local = window > 0 && (globalEvery == 0 || l % globalEvery < globalEvery - 1);
      double[][] q = new double[n][];
      double[][] k = new double[n][];
      double[][] v = new double[n][];
      for (int t = 0; t < n; t++) {
        double[] h = normed(x[t], p + "attn_norm.weight");
        q[t] = rotated(projected(p + "attn_q", h), t, local);
        k[t] = rotated(projected(p + "attn_k", h), t, local);
        v[t] = projected(p + "attn_v", h);
      }
      for (int t = 0; t < n; t++) {
        int first = local ? Math.max(0, t - window + 1) : 0;
        double[] a = times(p + "attn_output.weight", attention(q[t], k, v, first, t));
        add(x[t], postNorms ? normed(a, p + "post_attention_norm.weight") : a);
        double[] h = normed(x[t], p + "ffn_norm.weight");
        double[] gate = times(p + "ffn_gate.weight", h);
        double[] up = times(p + "ffn_up.weight", h);
        for (int i = 0; i < ffn; i++) {
          double g = gate[i];
          double tanh = Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g));
          gate[i] = (gemma ? g / 2 * (1 + tanh) : g / (1 + Math.exp(-g))) * up[i];
        }
        double[] f = times(p + "ffn_down.weight", gate);
        add(x[t], postNorms ? normed(f, p + "post_ffw_norm.weight") : f);
      }
    }
    double[][] out = new double[n][];
    for (int t = 0; t < n; t++) {
      out[t] =
          times(tied ? "token_embd.weight" : "output.weight", normed(x[t], "output_norm.weight"));
      for (int i = 0; i < vocabulary && logitCap > 0; i++) {
        out[t][i] = logitCap * Math.tanh(out[t][i] / logitCap);
      }
    }
    return out;
  }

  private double[] projected(String name, double[] h) {
    double[] y = times(name + ".weight", h);
    double[] bias = weights.get(name + ".bias");
    for (int i = 0; i < y.length && bias != null; i++) {
      y[i] += bias[i];
    }
    double[] norm = weights.get(name + "_norm.weight");
    for (int head = 0; norm != null && head < y.length / headDim; head++) {
      double sum = 0;
      for (int i = 0; i < headDim; i++) {
        sum += y[head * headDim + i] * y[head * headDim + i];
      }
      for (int i = 0; i < headDim; i++) {
        y[head * headDim + i] *= norm[i] / Math.sqrt(sum / headDim + 1e-5);
      }
    }
    return y;
  }

  private double[] attention(double[] q, double[][] k, double[][] v, int first, int last) {
    double[] out = new double[heads * headDim];
    for (int h = 0; h < heads; h++) {
      int kv = h / (heads / kvHeads) * headDim;
      double[] w = new double[last + 1];
      double max = Double.NEGATIVE_INFINITY;
      for (int s = first; s <= last; s++) {
        for (int i = 0; i < headDim; i++) {
          w[s] += q[h * headDim + i] * k[s][kv + i];
        }
        // YaRN makes queries and keys longer by 0.1 ln(factor) + 1 each.
        w[s] *= (scaling == 2 ? 1.1386294361 * 1.1386294361 : 1) / Math.sqrt(headDim);
        w[s] = scoreCap > 0 ? scoreCap * Math.tanh(w[s] / scoreCap) : w[s];
        max = Math.max(max, w[s]);
      }
      double sum = 0;
      for (int s = first; s <= last; s++) {
        w[s] = Math.exp(w[s] - max);
        sum += w[s];
      }
      for (int s = first; s <= last; s++) {
        for (int i = 0; i < headDim; i++) {
          out[h * headDim + i] += w[s] / sum * v[s][kv + i];
        }
      }
    }
    return out;
  }

  private double[] rotated(double[] x, int position, boolean local) {
    boolean own = local && architecture.equals("gemma3");
    for (int h = 0; h < x.length / headDim; h++) {
      for (int i = 0; i < rotary / 2; i++) {
        double f = Math.pow(base, -2.0 * i / rotary) / (factors.length > 0 ? factors[i] : 1);
        if (own) {
          f = Math.pow(5000, -2.0 * i / rotary);
        } else if (scaling == 1) {
          f /= 4;
        } else if (scaling == 2) {
          // Pairs that turn more than 32 times in 32 positions are kept, less than once divided.
          double kept = Math.log(32 / (32 * 2 * Math.PI)) / Math.log(base) * rotary / 2;
          double cut = Math.log(32 / (2 * Math.PI)) / Math.log(base) * rotary / 2;
          double lo = Math.max(0, Math.floor(kept));
          double hi = Math.min(rotary - 1, Math.ceil(cut));
          double share = Math.min(1, Math.max(0, (i - lo) / Math.max(0.001, hi - lo)));
          f = share * f / 4 + (1 - share) * f;
        }
        double c = Math.cos(position * f);
        double s = Math.sin(position * f);
        int at = h * headDim + (halfSplit ? i : 2 * i);
        int other = halfSplit ? at + rotary / 2 : at + 1;
        double a = x[at];
        double b = x[other];
        x[at] = a * c - b * s;
        x[other] = a * s + b * c;
      }
    }
    return x;
  }

  private double[] times(String name, double[] x) {
    double[] w = java.util.Objects.requireNonNull(weights.get(name));
    double[] y = new double[w.length / x.length];
    for (int r = 0; r < y.length; r++) {
      for (int c = 0; c < x.length; c++) {
        y[r] += w[r * x.length + c] * x[c];
      }
    }
    return y;
  }

  private double[] normed(double[] x, String name) {
    double[] w = java.util.Objects.requireNonNull(weights.get(name));
    double sum = 0;
    for (double a : x) {
      sum += a * a;
    }
    double f = 1 / Math.sqrt(sum / x.length + 1e-5);
    double[] y = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      y[i] = x[i] * f * w[i];
    }
    return y;
  }

  private static void add(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      x[i] += y[i];
    }
  }
}
