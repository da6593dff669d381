package org.deft4j.engine.model;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.RopeSpec;

/**
 * What tells one decoder family from another. A new family is a new entry of {@link #KNOWN} and, if
 * it has parts of its own, a field here that {@link Transformer} honours.
 *
 * @param architecture {@code general.architecture} and the prefix of its keys
 * @param rope which values of a head form a pair in files of this family
 */
record Family(String architecture, RopeSpec.Style rope) {
  private static final Map<String, Family> KNOWN =
      Map.of(
          "llama", new Family("llama", RopeSpec.Style.INTERLEAVED),
          "qwen2", new Family("qwen2", RopeSpec.Style.HALF_SPLIT),
          "qwen3", new Family("qwen3", RopeSpec.Style.HALF_SPLIT),
          "phi3", new Family("phi3", RopeSpec.Style.HALF_SPLIT),
          "gemma", new Family("gemma", RopeSpec.Style.HALF_SPLIT),
          "gemma2", new Family("gemma2", RopeSpec.Style.HALF_SPLIT),
          "gemma3", new Family("gemma3", RopeSpec.Style.HALF_SPLIT));

  private static final int LARGEST = 1 << 20;
  private static final String WINDOW = "attention.sliding_window";
  private static final String ORIGINAL = "rope.scaling.original_context_length";

  /** Tensors that divide frequencies; those for long contexts are not used. */
  static final List<String> FACTORS = List.of("rope_freqs.weight", "rope_factors_short.weight");

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
  ModelConfig config(ModelSource file) {
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
        context(meta),
        eps,
        rope(file, headDim),
        scoreFactor(meta, headDim) / Math.sqrt(scoreWidth(meta, headDim, dim / heads)),
        file.tensor("output.weight") == null,
        traits(meta, dim, headDim));
  }

  /** The largest Gemmas divide scores by the root of their width a head instead of a head's. */
  private int scoreWidth(GgufMetadata meta, int headDim, int widthOfHead) {
    int layers = meta.integer(architecture + ".block_count", 1, 4096);
    boolean largest =
        architecture.equals("gemma2") && layers == 46
            || architecture.equals("gemma3") && layers == 62;
    return largest ? widthOfHead : headDim;
  }

  private ModelTraits traits(GgufMetadata meta, int dim, int headDim) {
    String p = architecture + ".";
    if (!architecture.startsWith("gemma")) {
      return new ModelTraits(slides() ? window(meta) : 0, 0, 0, 0, false, 1, null);
    }
    float scale = (float) Math.sqrt(dim);
    return switch (architecture) {
      case "gemma2" ->
          new ModelTraits(
              meta.has(p + WINDOW) ? window(meta) : 4096,
              2,
              cap(meta, p + "attn_logit_softcapping", 50),
              cap(meta, p + "final_logit_softcapping", 30),
              true,
              scale,
              null);
      case "gemma3" -> {
        float base = meta.real(p + "rope.freq_base_swa", 10_000f);
        if (!(base > 1)) {
          throw meta.unsupported("the base of its rotary embedding must be above 1, was " + base);
        }
        yield new ModelTraits(
            window(meta),
            meta.integer(p + "attention.sliding_window_pattern", 1, LARGEST, 6),
            0,
            cap(meta, p + "final_logit_softcapping", 0),
            true,
            scale,
            RopeSpec.of(rope, headDim, headDim, base));
      }
      default -> new ModelTraits(0, 0, 0, 0, true, scale, null);
    };
  }

  private static float cap(GgufMetadata meta, String key, float other) {
    float cap = meta.real(key, other);
    if (!(cap >= 0 && Float.isFinite(cap))) {
      throw meta.unsupported(key + " must be a finite number >= 0, was " + cap);
    }
    return cap;
  }

  /** Of Qwen some layers slide, which files do not say: its context ends with the window. */
  private boolean slides() {
    return !architecture.startsWith("qwen");
  }

  private int window(GgufMetadata meta) {
    return meta.integer(architecture + "." + WINDOW, 0, Integer.MAX_VALUE, 0);
  }

  private int context(GgufMetadata meta) {
    String p = architecture + ".";
    int context = meta.integer(p + "context_length", 1, 1 << 24);
    int window = window(meta);
    context = window > 0 && !slides() ? Math.min(context, window) : context;
    if (scaling(meta).equals("longrope")) {
      // The factors for short contexts hold up to there.
      context = Math.min(context, meta.integer(p + ORIGINAL, 1, 1 << 24, context));
    }
    return context;
  }

  private String scaling(GgufMetadata meta) {
    String type = meta.string(architecture + ".rope.scaling.type", "none");
    // Files of Phi-3 with factors for long contexts do not name their kind.
    return type.equals("none") && meta.has(architecture + ".rope.scaling.attn_factor")
        ? "longrope"
        : type;
  }

  private double scoreFactor(GgufMetadata meta, int headDim) {
    String p = architecture + ".rope.";
    return switch (scaling(meta)) {
      case "yarn" -> {
        if (meta.integer(p + "dimension_count", 2, LARGEST, headDim) != headDim) {
          throw meta.unsupported("YaRN over a part of each head is not supported");
        }
        yield RopeSpec.yarnScore(meta.real(p + "scaling.factor"));
      }
      case "longrope" -> {
        if (meta.integer(p + "dimension_count", 2, LARGEST, headDim) != headDim) {
          throw meta.unsupported("LongRoPE over a part of each head is not supported");
        }
        double f = meta.real(p + "scaling.attn_factor", 1f);
        yield f * f;
      }
      default -> 1;
    };
  }

  private RopeSpec rope(ModelSource file, int headDim) {
    GgufMetadata meta = file.metadata();
    String p = architecture + ".rope.";
    int dims = meta.integer(p + "dimension_count", 2, LARGEST, headDim);
    float base = meta.real(p + "freq_base", architecture.equals("gemma3") ? 1e6f : 1e4f);
    if (dims % 2 != 0 || dims > headDim) {
      throw meta.unsupported(dims + " rotary dimensions do not fit heads of " + headDim);
    }
    if (!(base > 1)) {
      throw meta.unsupported("the base of its rotary embedding must be above 1, was " + base);
    }
    RopeSpec.Style style = file.halfSplit() ? RopeSpec.Style.HALF_SPLIT : rope;
    RopeSpec spec = RopeSpec.of(style, headDim, dims, base);
    String scaling = scaling(meta);
    float factor = meta.real(p + "scaling.factor", meta.real(p + "scale_linear", 1f));
    if (!(factor > 0)) {
      throw meta.unsupported("the scaling of its rotary embedding must be > 0, was " + factor);
    }
    switch (scaling) {
      case "none", "longrope" -> {}
      case "linear" -> spec = spec.withLinearScaling(factor);
      case "yarn" ->
          spec =
              spec.withYarn(
                  factor,
                  base,
                  meta.integer(architecture + "." + ORIGINAL, 1, 1 << 24),
                  meta.real(p + "scaling.yarn_beta_fast", 32f),
                  meta.real(p + "scaling.yarn_beta_slow", 1f));
      default ->
          throw meta.unsupported(
              "rotary scaling '"
                  + scaling
                  + "' is not supported; known: none, linear, yarn, longrope");
    }
    for (String name : FACTORS) {
      if (file.tensor(name) != null) {
        float[] f = Tensors.vector(file, name, dims / 2);
        for (float x : f) {
          if (!(x > 0 && Float.isFinite(x))) {
            throw meta.unsupported("tensor '" + name + "' holds the factor " + x);
          }
        }
        spec = spec.withFactors(f);
      }
    }
    return spec;
  }
}
