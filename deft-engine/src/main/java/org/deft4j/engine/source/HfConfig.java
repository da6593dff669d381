package org.deft4j.engine.source;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.deft4j.engine.gguf.GgufBuilder;
import org.deft4j.engine.json.JsonObject;
import org.jspecify.annotations.Nullable;

/** Says a {@code config.json} in GGUF's keys, and tensors' names in GGUF's names. */
final class HfConfig {
  /** {@code model_type} to {@code general.architecture}. */
  private static final Map<String, String> ARCHITECTURES =
      Map.of(
          "llama", "llama",
          "mistral", "llama",
          "qwen2", "qwen2",
          "qwen3", "qwen3",
          "phi3", "phi3",
          "gemma", "gemma",
          "gemma2", "gemma2",
          "gemma3_text", "gemma3");

  private static final Map<String, String> TOP =
      Map.of(
          "model.embed_tokens", "token_embd",
          "model.norm", "output_norm",
          "lm_head", "output");

  private static final Map<String, String> IN_LAYER = layerNames();

  /** Where norms stand behind products too, the names of those before and behind. */
  private static final Map<String, String> POST_NORMS =
      Map.of(
          "post_attention_layernorm", "post_attention_norm",
          "pre_feedforward_layernorm", "ffn_norm",
          "post_feedforward_layernorm", "post_ffw_norm");

  private static final int LARGEST = 1 << 24;

  private final JsonObject config;
  private final String type;
  private final String architecture;

  HfConfig(JsonObject config) {
    this.config = config;
    type = config.string("model_type");
    String known = ARCHITECTURES.get(type);
    if (known == null) {
      throw config.bad(
          "model_type '"
              + type
              + "' is not supported; known: "
              + String.join(", ", new TreeSet<>(ARCHITECTURES.keySet())));
    }
    architecture = known;
  }

  private static Map<String, String> layerNames() {
    Map<String, String> m = new LinkedHashMap<>();
    m.put("self_attn.q_proj", "attn_q");
    m.put("self_attn.k_proj", "attn_k");
    m.put("self_attn.v_proj", "attn_v");
    m.put("self_attn.qkv_proj", "attn_qkv");
    m.put("self_attn.o_proj", "attn_output");
    m.put("self_attn.q_norm", "attn_q_norm");
    m.put("self_attn.k_norm", "attn_k_norm");
    m.put("mlp.gate_proj", "ffn_gate");
    m.put("mlp.up_proj", "ffn_up");
    m.put("mlp.gate_up_proj", "ffn_up");
    m.put("mlp.down_proj", "ffn_down");
    m.put("input_layernorm", "attn_norm");
    m.put("post_attention_layernorm", "ffn_norm");
    return m;
  }

  String architecture() {
    return architecture;
  }

  /** Whether the output matrix is the embedding, so that one in the files is not looked at. */
  boolean tied() {
    return config.bool("tie_word_embeddings", gemma());
  }

  private boolean gemma() {
    return architecture.startsWith("gemma");
  }

  /** Whether the tensor of this name in GGUF is a norm whose weights count from one. */
  boolean countsFromOne(String name) {
    return gemma() && name.endsWith("norm.weight");
  }

  /** The name in GGUF; null for a tensor that is not needed; the same for an unknown one. */
  @Nullable String tensorName(String name) {
    int dot = name.lastIndexOf('.');
    String kind = name.substring(dot + 1);
    String module = dot < 0 ? name : name.substring(0, dot);
    if (kind.equals("inv_freq")) {
      return null;
    }
    if (module.equals("lm_head") && tied()) {
      return null;
    }
    String top = TOP.get(module);
    if (top != null) {
      return top + "." + kind;
    }
    if (module.startsWith("model.layers.")) {
      int end = module.indexOf('.', 13);
      String rest = end < 0 ? "" : module.substring(end + 1);
      String inLayer = IN_LAYER.get(rest);
      if (gemma() && !architecture.equals("gemma")) {
        inLayer = POST_NORMS.getOrDefault(rest, inLayer);
      }
      if (inLayer != null) {
        return "blk." + module.substring(13, end) + "." + inLayer + "." + kind;
      }
    }
    return name;
  }

  /** Writes the shape; returns factors for {@code rope_freqs.weight} where the model has some. */
  float @Nullable [] describe(GgufBuilder out, String name) {
    String p = architecture + ".";
    int dim = config.integer("hidden_size", 1, LARGEST);
    int heads = config.integer("num_attention_heads", 1, 4096);
    out.put("general.architecture", architecture)
        .put("general.name", name)
        .put(p + "embedding_length", dim)
        .put(p + "feed_forward_length", config.integer("intermediate_size", 1, LARGEST))
        .put(p + "block_count", config.integer("num_hidden_layers", 1, 4096))
        .put(p + "attention.head_count", heads)
        .put(p + "attention.head_count_kv", config.integer("num_key_value_heads", 1, 4096, heads))
        .put(p + "attention.layer_norm_rms_epsilon", (float) config.real("rms_norm_eps", 1e-6))
        .put(p + "context_length", config.integer("max_position_embeddings", 1, LARGEST))
        .put(p + "vocab_size", config.integer("vocab_size", 1, LARGEST));
    activation();
    if (config.bool("mlp_bias", false)) {
      throw config.bad("biases of the feed-forward layers are not supported");
    }
    int headDim = config.integer("head_dim", 1, LARGEST, gemma() ? 256 : Math.max(1, dim / heads));
    if (gemma() || config.has("head_dim") || dim % heads == 0) {
      out.put(p + "attention.key_length", headDim).put(p + "attention.value_length", headDim);
    }
    double partial = config.real("partial_rotary_factor", 1);
    int rotary = (int) Math.round(headDim * partial);
    out.put(p + "rope.dimension_count", rotary);
    JsonObject rope = config.objectOrNull("rope_parameters");
    if (rope != null && rope.has("full_attention")) {
      rope = rope.object("full_attention");
    }
    double usual = architecture.equals("gemma3") ? 1e6 : 1e4;
    double base = config.real("rope_theta", rope == null ? usual : rope.real("rope_theta", usual));
    out.put(p + "rope.freq_base", (float) base);
    if (gemma()) {
      gemma(out, dim / heads, headDim);
    }
    boolean window = config.bool("use_sliding_window", !type.startsWith("qwen"));
    if (window && config.has("sliding_window")) {
      out.put(p + "attention.sliding_window", config.integer("sliding_window", 1, LARGEST));
    }
    JsonObject scaling = config.has("rope_scaling") ? config.object("rope_scaling") : rope;
    return scaling == null ? null : scaling(out, scaling, rotary, base);
  }

  private void activation() {
    String name = config.string("hidden_act", gemma() ? "gelu_pytorch_tanh" : "silu");
    if (gemma()) {
      // The first Gemma's files say "gelu" and mean its approximation by tanh all the same.
      name = architecture.equals("gemma") ? "gelu_pytorch_tanh" : name;
      name = config.string("hidden_activation", name);
    }
    String known = gemma() ? "gelu_pytorch_tanh" : "silu";
    if (!name.equals(known)) {
      throw config.bad("the activation '" + name + "' is not supported; known: " + known);
    }
  }

  private void gemma(GgufBuilder out, int widthOfHead, int headDim) {
    String p = architecture + ".";
    int layers = config.integer("num_hidden_layers", 1, 4096);
    // GGUF has no key for it: the largest models are known by their number of layers.
    boolean largest = layers == (architecture.equals("gemma2") ? 46 : 62);
    int known = largest && !architecture.equals("gemma") ? widthOfHead : headDim;
    double square = config.real("query_pre_attn_scalar", known);
    if (square != known) {
      throw config.bad(
          "query_pre_attn_scalar " + square + " is not supported here; known: " + known);
    }
    if (config.bool("use_bidirectional_attention", false)) {
      throw config.bad("attention to later tokens is not supported");
    }
    if (architecture.equals("gemma2")) {
      out.put(p + "attn_logit_softcapping", (float) config.real("attn_logit_softcapping", 0));
    }
    if (!architecture.equals("gemma")) {
      out.put(p + "final_logit_softcapping", (float) config.real("final_logit_softcapping", 0));
    }
    int every =
        architecture.equals("gemma2") ? 2 : config.integer("sliding_window_pattern", 1, 4096, 6);
    if (config.has("layer_types")) {
      every = every(config.list("layer_types"));
    }
    if (architecture.equals("gemma3")) {
      out.put(p + "attention.sliding_window_pattern", every);
      JsonObject rope = config.objectOrNull("rope_parameters");
      JsonObject local = rope == null ? null : rope.objectOrNull("sliding_attention");
      double base = local == null ? 1e4 : local.real("rope_theta", 1e4);
      out.put(p + "rope.freq_base_swa", (float) config.real("rope_local_base_freq", base));
    } else if (architecture.equals("gemma2") && every != 2) {
      throw config.bad("only every second layer of Gemma 2 may see all tokens");
    }
  }

  /** Of how many layers the last sees all tokens. */
  private int every(List<?> types) {
    int first = types.indexOf("full_attention");
    int every = first < 0 ? types.size() + 1 : first + 1;
    for (int i = 0; i < types.size(); i++) {
      String want = (i + 1) % every == 0 ? "full_attention" : "sliding_attention";
      if (!want.equals(types.get(i))) {
        throw config.bad("its layer_types follow no pattern: layer " + i + " is " + types.get(i));
      }
    }
    return every;
  }

  private float @Nullable [] scaling(GgufBuilder out, JsonObject scaling, int rotary, double base) {
    String p = architecture + ".rope.scaling.";
    String kind = scaling.string("rope_type", scaling.string("type", "default"));
    switch (kind) {
      case "default" -> {}
      case "linear" ->
          out.put(p + "type", "linear").put(p + "factor", (float) scaling.real("factor"));
      case "llama3" -> {
        return llama3(scaling, rotary, base);
      }
      case "yarn" -> {
        out.put(p + "type", "yarn")
            .put(p + "factor", (float) scaling.real("factor"))
            .put(p + "original_context_length", original(scaling));
        for (String key : List.of("beta_fast", "beta_slow")) {
          if (scaling.has(key)) {
            out.put(p + "yarn_" + key, (float) scaling.real(key));
          }
        }
        if (scaling.has("attention_factor") || scaling.has("mscale")) {
          throw config.bad("YaRN with an attention factor of its own is not supported");
        }
      }
      case "longrope", "su" -> {
        int original = original(scaling);
        double stretch = config.real("max_position_embeddings") / original;
        double score = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
        out.put(p + "type", "longrope")
            .put(p + "original_context_length", original)
            .put(p + "attn_factor", (float) scaling.real("attention_factor", score));
        return floats(scaling, "short_factor", rotary / 2);
      }
      default ->
          throw config.bad(
              "rotary scaling '"
                  + kind
                  + "' is not supported; known: linear, llama3, yarn, longrope");
    }
    return null;
  }

  private int original(JsonObject scaling) {
    int other =
        config.integer(
            "original_max_position_embeddings",
            1,
            LARGEST,
            config.integer("max_position_embeddings", 1, LARGEST));
    return scaling.integer("original_max_position_embeddings", 1, LARGEST, other);
  }

  private float[] floats(JsonObject from, String name, int n) {
    List<?> list = from.list(name);
    if (list.size() != n) {
      throw config.bad("its " + name + " has " + list.size() + " entries, not " + n);
    }
    float[] out = new float[n];
    for (int i = 0; i < n; i++) {
      if (!(list.get(i) instanceof Number v)) {
        throw config.bad("its " + name + " holds " + list.get(i));
      }
      out[i] = v.floatValue();
    }
    return out;
  }

  /** Llama 3.1's stretching of wavelengths, as factors by which frequencies are divided. */
  private static float[] llama3(JsonObject scaling, int rotary, double base) {
    double factor = scaling.real("factor");
    double low = scaling.real("low_freq_factor");
    double high = scaling.real("high_freq_factor");
    double original = scaling.integer("original_max_position_embeddings", 1, LARGEST);
    float[] factors = new float[rotary / 2];
    for (int i = 0; i < factors.length; i++) {
      double wavelength = 2 * Math.PI * Math.pow(base, 2.0 * i / rotary);
      if (wavelength > original / low) {
        factors[i] = (float) factor;
      } else if (wavelength < original / high) {
        factors[i] = 1;
      } else {
        double smooth = (original / wavelength - low) / (high - low);
        factors[i] = (float) (1 / ((1 - smooth) / factor + smooth));
      }
    }
    return factors;
  }

  /** All ids of {@code eos_token_id}, which may be one or several. */
  static List<Integer> ids(@Nullable Object value) {
    List<Integer> out = new ArrayList<>();
    if (value instanceof Long one && one == one.intValue()) {
      out.add(one.intValue());
    } else if (value instanceof List<?> several) {
      several.forEach(v -> out.addAll(ids(v)));
    }
    return out;
  }
}
