package org.deft4j.engine.convert;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deft4j.engine.gguf.GgufBuilder;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.engine.model.Tensors;
import org.deft4j.engine.source.HfFolder;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.Weights;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Writes a model as one GGUF file in a type of weights.
 *
 * <p>Matrices get the type; vectors stay float32. With Q4_K the output matrix (the embedding, where
 * it is both) gets Q6_K, since its errors reach the logits at once. A matrix whose rows are no
 * multiple of 256 gets Q8_0 in place of a K type, or F16 where they are none of 32 either.
 */
public final class Converter {
  private static final Map<TensorType, Integer> FILE_TYPE =
      Map.of(
          TensorType.F32, 0,
          TensorType.F16, 1,
          TensorType.Q8_0, 7,
          TensorType.Q4_K, 14,
          TensorType.Q6_K, 18,
          TensorType.BF16, 32);

  /** Hears of progress. */
  @FunctionalInterface
  public interface Listener {
    /** A tensor is being written. */
    void tensor(int number, int of, String name);
  }

  private final ModelSource source;
  private final TensorType type;
  private final Listener listener;
  private int written;

  /**
   * A conversion.
   *
   * @param type F32, F16, BF16, Q8_0, Q4_K or Q6_K
   */
  public Converter(ModelSource source, TensorType type, Listener listener) {
    if (!Quantizer.writes(type)) {
      throw new IllegalArgumentException("weights of type " + type + " are not written");
    }
    this.source = source;
    this.type = type;
    this.listener = listener;
  }

  /**
   * Writes the file, whole or not at all.
   *
   * @return its bytes
   * @throws IOException if it cannot be written
   */
  public long writeTo(Path file) throws IOException {
    GgufBuilder out = new GgufBuilder();
    GgufMetadata meta = source.metadata();
    for (String key : meta.keys()) {
      if (!key.startsWith("split.")) {
        out.copy(meta, key);
      }
    }
    out.put("general.file_type", FILE_TYPE.getOrDefault(type, 0))
        .put("general.quantization_version", 2);
    if (source instanceof HfFolder folder) {
      GgufTensor embedding = source.tensor("token_embd.weight");
      folder.tokenizerFile().describe(out, embedding == null ? 0 : embedding.rows());
    }
    List<GgufTensor> tensors = List.copyOf(source.tensors());
    boolean tied = source.tensor("output.weight") == null;
    for (GgufTensor t : tensors) {
      TensorType as = typeOf(t, tied);
      out.tensor(
          t.name(),
          as,
          t.dimensions(),
          stream -> {
            listener.tensor(++written, tensors.size(), t.name());
            write(t, as, stream);
          });
    }
    return out.writeTo(file);
  }

  private TensorType typeOf(GgufTensor t, boolean tied) {
    if (t.dimensions().size() < 2) {
      return TensorType.F32;
    }
    boolean head = t.name().equals(tied ? "token_embd.weight" : "output.weight");
    TensorType wanted = type == TensorType.Q4_K && head ? TensorType.Q6_K : type;
    if (t.columns() % wanted.blockElements() == 0) {
      return wanted;
    }
    return t.columns() % 32 == 0 ? TensorType.Q8_0 : TensorType.F16;
  }

  private void write(GgufTensor t, TensorType as, OutputStream out) throws IOException {
    Weights w = weights(t);
    if (as.equals(t.type()) && permutation(t) == null) {
      for (long at = 0; at < t.data().byteSize(); at += 1 << 20) {
        long n = Math.min(1 << 20, t.data().byteSize() - at);
        out.write(t.data().asSlice(at, n).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
      }
      return;
    }
    int @Nullable [] rows = permutation(t);
    Quantizer quantizer = new Quantizer(as, t.columns());
    float[] row = new float[t.columns()];
    if (rows != null && t.dimensions().size() == 1) {
      // A bias: its values are the rows.
      float[] all = new float[t.columns()];
      w.decodeRow(0, all, 0);
      for (int i = 0; i < all.length; i++) {
        row[i] = all[rows[i]];
      }
      out.write(quantizer.row(row));
      return;
    }
    for (int r = 0; r < t.rows(); r++) {
      w.decodeRow(rows == null ? r : rows[r], row, 0);
      out.write(quantizer.row(row));
    }
  }

  private Weights weights(GgufTensor t) {
    var weightType = Tensors.type(t.type());
    if (weightType == null) {
      throw new DeftException(
          DeftException.UNSUPPORTED_MODEL,
          source.name() + ": tensor '" + t.name() + "' is of type " + t.type());
    }
    return new Weights(weightType, t.rows(), t.columns(), t.data());
  }

  /**
   * Where each row of a Llama query or key projection comes from: GGUF files keep the two values of
   * a rotary pair side by side, folders half a head apart. Null for all other tensors.
   */
  private int @Nullable [] permutation(GgufTensor t) {
    GgufMetadata meta = source.metadata();
    boolean keys = t.name().contains(".attn_k.");
    if (!source.halfSplit()
        || !meta.string("general.architecture").equals("llama")
        || !(keys || t.name().contains(".attn_q."))) {
      return null;
    }
    int n = t.dimensions().size() == 1 ? t.columns() : t.rows();
    int heads = meta.integer("llama.attention.head_count" + (keys ? "_kv" : ""), 1, n);
    int dim = n / heads;
    if (heads * dim != n
        || dim % 2 != 0
        || meta.integer("llama.rope.dimension_count", 1, n, dim) != dim) {
      throw meta.unsupported("its heads do not fit tensor '" + t.name() + "'");
    }
    int[] from = new int[n];
    for (int r = 0; r < n; r++) {
      int within = r % dim;
      from[r] = r - within + within % 2 * (dim / 2) + within / 2;
    }
    return from;
  }
}
