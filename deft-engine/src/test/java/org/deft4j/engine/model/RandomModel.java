package org.deft4j.engine.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.deft4j.engine.gguf.GgufWriter;
import org.deft4j.engine.gguf.TensorType;

/**
 * A small Llama model of random weights as a GGUF file, and its forward pass in float64 by the
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
  private final Map<String, double[]> weights = new HashMap<>();

  RandomModel(long seed, TensorType type) {
    SplittableRandom r = new SplittableRandom(seed);
    int unit = type == TensorType.Q8_0 ? 32 : 4;
    kvHeads = 1 + r.nextInt(3);
    heads = kvHeads * (1 + r.nextInt(3));
    headDim = type == TensorType.Q8_0 ? 32 : 4 * (1 + r.nextInt(6));
    rotary = r.nextBoolean() ? headDim : Math.max(2, headDim / 2);
    dim = heads * headDim;
    ffn = unit * (1 + r.nextInt(6)) + (type == TensorType.Q8_0 ? 0 : 3);
    layers = 1 + r.nextInt(3);
    vocabulary = 60 + r.nextInt(40);
    tied = r.nextBoolean();
    base = r.nextBoolean() ? 10_000 : 500_000;
    factors = new float[r.nextBoolean() ? rotary / 2 : 0];
    List<String> tokens = new ArrayList<>();
    List<Float> scores = new ArrayList<>();
    for (int i = 0; i < vocabulary; i++) {
      tokens.add("t" + i);
      scores.add(-(float) i);
    }
    file.put("general.architecture", "llama")
        .put("llama.embedding_length", dim)
        .put("llama.feed_forward_length", ffn)
        .put("llama.block_count", layers)
        .put("llama.attention.head_count", heads)
        .put("llama.attention.head_count_kv", kvHeads)
        .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
        .put("llama.rope.dimension_count", rotary)
        .put("llama.rope.freq_base", base)
        .put("llama.context_length", 128)
        .put("tokenizer.ggml.model", "llama")
        .put("tokenizer.ggml.tokens", tokens)
        .put("tokenizer.ggml.scores", scores)
        .put("tokenizer.ggml.unknown_token_id", 0);
    matrix(r, "token_embd.weight", vocabulary, dim, type, 1);
    if (!tied) {
      matrix(r, "output.weight", vocabulary, dim, type, 1);
    }
    norm(r, "output_norm.weight");
    for (int l = 0; l < layers; l++) {
      String p = "blk." + l + ".";
      norm(r, p + "attn_norm.weight");
      norm(r, p + "ffn_norm.weight");
      matrix(r, p + "attn_q.weight", heads * headDim, dim, type, 1.5);
      matrix(r, p + "attn_k.weight", kvHeads * headDim, dim, type, 1.5);
      // One matrix of another type where mixing is allowed.
      TensorType v = l == 0 && type == TensorType.F16 ? TensorType.F32 : type;
      matrix(r, p + "attn_v.weight", kvHeads * headDim, dim, v, 1);
      matrix(r, p + "attn_output.weight", dim, heads * headDim, type, 1);
      matrix(r, p + "ffn_gate.weight", ffn, dim, type, 1);
      matrix(r, p + "ffn_up.weight", ffn, dim, type, 1);
      TensorType down = ffn % 32 == 0 || type != TensorType.Q8_0 ? type : TensorType.F32;
      matrix(r, p + "ffn_down.weight", dim, ffn, down, 1);
    }
    if (factors.length > 0) {
      for (int i = 0; i < factors.length; i++) {
        factors[i] = 1 + 7 * i / (float) factors.length;
      }
      file.floats("rope_freqs.weight", factors, factors.length);
    }
  }

  private void norm(SplittableRandom r, String name) {
    float[] w = new float[dim];
    double[] d = new double[dim];
    for (int i = 0; i < dim; i++) {
      w[i] = (float) r.nextDouble(0.5, 1.5);
      d[i] = w[i];
    }
    weights.put(name, d);
    file.floats(name, w, dim);
  }

  private void matrix(
      SplittableRandom r, String name, int rows, int cols, TensorType type, double gain) {
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
    file.tensor(name, type, b.array(), cols, rows);
  }

  /** Logits after each token of a sequence, {@code [tokens][vocabulary]}. */
  double[][] logits(int[] tokens) {
    int n = tokens.length;
    double[][] x = new double[n][];
    for (int t = 0; t < n; t++) {
      double[] e = java.util.Objects.requireNonNull(weights.get("token_embd.weight"));
      x[t] = java.util.Arrays.copyOfRange(e, tokens[t] * dim, (tokens[t] + 1) * dim);
    }
    for (int l = 0; l < layers; l++) {
      String p = "blk." + l + ".";
      double[][] q = new double[n][];
      double[][] k = new double[n][];
      double[][] v = new double[n][];
      for (int t = 0; t < n; t++) {
        double[] h = normed(x[t], p + "attn_norm.weight");
        q[t] = rotated(times(p + "attn_q.weight", h), t);
        k[t] = rotated(times(p + "attn_k.weight", h), t);
        v[t] = times(p + "attn_v.weight", h);
      }
      for (int t = 0; t < n; t++) {
        add(x[t], times(p + "attn_output.weight", attention(q[t], k, v, t)));
        double[] h = normed(x[t], p + "ffn_norm.weight");
        double[] gate = times(p + "ffn_gate.weight", h);
        double[] up = times(p + "ffn_up.weight", h);
        for (int i = 0; i < ffn; i++) {
          gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        add(x[t], times(p + "ffn_down.weight", gate));
      }
    }
    double[][] out = new double[n][];
    for (int t = 0; t < n; t++) {
      out[t] =
          times(tied ? "token_embd.weight" : "output.weight", normed(x[t], "output_norm.weight"));
    }
    return out;
  }

  private double[] attention(double[] q, double[][] k, double[][] v, int last) {
    double[] out = new double[heads * headDim];
    for (int h = 0; h < heads; h++) {
      int kv = h / (heads / kvHeads) * headDim;
      double[] w = new double[last + 1];
      double max = Double.NEGATIVE_INFINITY;
      for (int s = 0; s <= last; s++) {
        for (int i = 0; i < headDim; i++) {
          w[s] += q[h * headDim + i] * k[s][kv + i];
        }
        w[s] /= Math.sqrt(headDim);
        max = Math.max(max, w[s]);
      }
      double sum = 0;
      for (int s = 0; s <= last; s++) {
        w[s] = Math.exp(w[s] - max);
        sum += w[s];
      }
      for (int s = 0; s <= last; s++) {
        for (int i = 0; i < headDim; i++) {
          out[h * headDim + i] += w[s] / sum * v[s][kv + i];
        }
      }
    }
    return out;
  }

  private double[] rotated(double[] x, int position) {
    for (int h = 0; h < x.length / headDim; h++) {
      for (int i = 0; i < rotary / 2; i++) {
        double f = Math.pow(base, -2.0 * i / rotary) / (factors.length > 0 ? factors[i] : 1);
        double c = Math.cos(position * f);
        double s = Math.sin(position * f);
        int at = h * headDim + 2 * i;
        double a = x[at];
        double b = x[at + 1];
        x[at] = a * c - b * s;
        x[at + 1] = a * s + b * c;
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
