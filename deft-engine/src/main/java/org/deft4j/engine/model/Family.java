package org.deft4j.engine.model;

import java.util.Map;
import java.util.TreeSet;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.kernels.RopeSpec;
import org.jspecify.annotations.Nullable;

/**
 * What tells one decoder family from another. A new family is a new entry of {@link #KNOWN} and, if
 * it has parts of its own, a field here that {@link Transformer} honours.
 *
 * @param architecture {@code general.architecture} and the prefix of its keys
 * @param rope which values of a head form a pair in files of this family
 */
record Family(String architecture, RopeSpec.Style rope) {
  private static final Map<String, Family> KNOWN =
      Map.of("llama", new Family("llama", RopeSpec.Style.INTERLEAVED));

  private static final int LARGEST = 1 << 20;

  /** The family of a file. */
  static Family of(GgufMetadata meta) {
    String name = meta.string("general.architecture");
    Family f = KNOWN.get(name);
    if (f == null) {
      throw meta.unsupported(
          "architecture '"
              + name
              + "' is not supported; known: "
              + String.join(", ", new TreeSet<>(KNOWN.keySet())));
    }
    return f;
  }

  /** Reads and checks the shape. */
  ModelConfig config(GgufFile file) {
    GgufMetadata meta = file.metadata();
    String p = architecture + ".";
    int dim = meta.integer(p + "embedding_length", 1, LARGEST);
    int heads = meta.integer(p + "attention.head_count", 1, 4096);
    int kvHeads = meta.integer(p + "attention.head_count_kv", 1, heads, heads);
    if (heads % kvHeads != 0) {
      throw meta.unsupported(heads + " query heads cannot share " + kvHeads + " KV heads");
    }
    boolean ownLength = meta.has(p + "attention.key_length");
    if (!ownLength && dim % heads != 0) {
      throw meta.unsupported("its width " + dim + " is no multiple of its " + heads + " heads");
    }
    int headDim = meta.integer(p + "attention.key_length", 1, LARGEST, Math.max(1, dim / heads));
    if (meta.integer(p + "attention.value_length", 1, LARGEST, headDim) != headDim) {
      throw meta.unsupported("keys and values of different lengths are not supported");
    }
    if (meta.integer(p + "expert_count", 0, LARGEST, 0) > 0) {
      throw meta.unsupported("mixtures of experts are not supported");
    }
    float eps = meta.real(p + "attention.layer_norm_rms_epsilon");
    if (!(eps > 0 && eps < 1)) {
      throw meta.unsupported("the epsilon of its norms must be in (0, 1), was " + eps);
    }
    GgufTensor embedding = file.tensor("token_embd.weight");
    if (embedding == null) {
      throw meta.unsupported("tensor 'token_embd.weight' is missing");
    }
    return new ModelConfig(
        architecture,
        meta.string("general.name", "unnamed"),
        meta.integer(p + "block_count", 1, 4096),
        dim,
        meta.integer(p + "feed_forward_length", 1, LARGEST),
        heads,
        kvHeads,
        headDim,
        embedding.rows(),
        meta.integer(p + "context_length", 1, 1 << 24),
        eps,
        rope(file, headDim),
        file.tensor("output.weight") == null);
  }

  private RopeSpec rope(GgufFile file, int headDim) {
    GgufMetadata meta = file.metadata();
    String p = architecture + ".rope.";
    int dims = meta.integer(p + "dimension_count", 2, LARGEST, headDim);
    float base = meta.real(p + "freq_base", 10_000f);
    if (dims % 2 != 0 || dims > headDim) {
      throw meta.unsupported(dims + " rotary dimensions do not fit heads of " + headDim);
    }
    if (!(base > 1)) {
      throw meta.unsupported("the base of its rotary embedding must be above 1, was " + base);
    }
    RopeSpec spec = RopeSpec.of(rope, headDim, dims, base);
    String scaling = meta.string(p + "scaling.type", "none");
    float factor = meta.real(p + "scaling.factor", meta.real(p + "scale_linear", 1f));
    if (!(factor > 0)) {
      throw meta.unsupported("the scaling of its rotary embedding must be > 0, was " + factor);
    }
    switch (scaling) {
      case "none" -> {}
      case "linear" -> spec = spec.withLinearScaling(factor);
      default -> throw meta.unsupported("rotary scaling '" + scaling + "' is not supported");
    }
    @Nullable GgufTensor factors = file.tensor("rope_freqs.weight");
    if (factors != null) {
      float[] f = Tensors.vector(file, "rope_freqs.weight", dims / 2);
      for (float x : f) {
        if (!(x > 0 && Float.isFinite(x))) {
          throw meta.unsupported("tensor 'rope_freqs.weight' holds the factor " + x);
        }
      }
      spec = spec.withFactors(f);
    }
    return spec;
  }
}
