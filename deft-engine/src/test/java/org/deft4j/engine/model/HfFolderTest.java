package org.deft4j.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.engine.source.SafetensorsWriter;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders of safetensors, against the float64 definition and the same model as GGUF. */
class HfFolderTest {
  @TempDir Path folder;

  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("token_embd", "model.embed_tokens"),
          Map.entry("output_norm", "model.norm"),
          Map.entry("output", "lm_head"),
          Map.entry("attn_q", "self_attn.q_proj"),
          Map.entry("attn_k", "self_attn.k_proj"),
          Map.entry("attn_v", "self_attn.v_proj"),
          Map.entry("attn_qkv", "self_attn.qkv_proj"),
          Map.entry("attn_output", "self_attn.o_proj"),
          Map.entry("attn_q_norm", "self_attn.q_norm"),
          Map.entry("attn_k_norm", "self_attn.k_norm"),
          Map.entry("attn_norm", "input_layernorm"),
          Map.entry("ffn_norm", "post_attention_layernorm"),
          Map.entry("post_attention_norm", "post_attention_layernorm"),
          Map.entry("post_ffw_norm", "post_feedforward_layernorm"),
          Map.entry("ffn_gate", "mlp.gate_proj"),
          Map.entry("ffn_up", "mlp.up_proj"),
          Map.entry("ffn_down", "mlp.down_proj"));

  private static final List<String> POST_NORMS = List.of("gemma2", "gemma3");

  private static String hfName(String name, String architecture) {
    String[] parts = name.split("\\.");
    String module = parts[parts.length - 2];
    String hf = java.util.Objects.requireNonNull(NAMES.get(module));
    if (module.equals("ffn_up") && architecture.equals("phi3")) {
      hf = "mlp.gate_up_proj";
    }
    if (module.equals("ffn_norm") && POST_NORMS.contains(architecture)) {
      hf = "pre_feedforward_layernorm";
    }
    String prefix = parts.length == 4 ? "model.layers." + parts[1] + "." : "";
    return prefix + hf + "." + parts[parts.length - 1];
  }

  private void write(RandomModel m, String type, String more, int shards) throws IOException {
    SafetensorsWriter[] files = new SafetensorsWriter[shards];
    Arrays.setAll(files, i -> new SafetensorsWriter());
    List<String> index = new ArrayList<>();
    int at = 0;
    for (var e : m.tensors().entrySet()) {
      if (e.getKey().startsWith("rope")) {
        continue;
      }
      RandomModel.Raw t = e.getValue();
      int[] shape = t.rows() == 0 ? new int[] {t.cols()} : new int[] {t.rows(), t.cols()};
      String name = hfName(e.getKey(), m.architecture);
      int shard = at++ % shards;
      byte[] bytes = t.bytes();
      if (m.architecture.startsWith("gemma") && name.endsWith("norm.weight")) {
        bytes = minusOne(bytes);
      }
      files[shard].tensor(name, t.type().name(), bytes, shape);
      index.add("\"%s\":\"model-%d.safetensors\"".formatted(name, shard));
    }
    if (shards == 1) {
      Files.write(folder.resolve("model.safetensors"), files[0].bytes());
    } else {
      for (int i = 0; i < shards; i++) {
        Files.write(folder.resolve("model-" + i + ".safetensors"), files[i].bytes());
      }
      Files.writeString(
          folder.resolve("model.safetensors.index.json"),
          "{\"weight_map\":{" + String.join(",", index) + "}}");
    }
    String config =
        """
        {"model_type":"%s","hidden_size":%d,"intermediate_size":%d,"num_hidden_layers":%d,
        "num_attention_heads":%d,"num_key_value_heads":%d,"head_dim":%d,"rms_norm_eps":1e-5,
        "rope_theta":%s,"max_position_embeddings":128,"vocab_size":%d,
        "partial_rotary_factor":%s,"tie_word_embeddings":%s%s}\
        """
            .formatted(
                type,
                m.dim,
                m.ffn,
                m.layers,
                m.heads,
                m.kvHeads,
                m.headDim,
                m.base,
                m.vocabulary,
                m.rotary / (double) m.headDim,
                m.tied,
                more);
    Files.writeString(folder.resolve("config.json"), config);
    String vocab =
        IntStream.range(0, m.vocabulary)
            .mapToObj(i -> "\"t" + i + "\":" + i)
            .reduce((a, b) -> a + "," + b)
            .orElseThrow();
    Files.writeString(
        folder.resolve("tokenizer.json"),
        "{\"model\":{\"type\":\"BPE\",\"unk_token\":\"t0\",\"vocab\":{"
            + vocab
            + "},\"merges\":[]}}");
  }

  /** Gemma's norms count from one. */
  private static byte[] minusOne(byte[] floats) {
    ByteBuffer out = ByteBuffer.wrap(floats.clone()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < floats.length; i += 4) {
      out.putFloat(i, out.getFloat(i) - 1);
    }
    return out.array();
  }

  private static String more(RandomModel m) {
    String window = ",\"sliding_window\":" + m.window;
    return switch (m.architecture) {
      case "gemma2" ->
          window
              + ",\"attn_logit_softcapping\":%s,\"final_logit_softcapping\":%s"
                  .formatted(m.scoreCap, m.logitCap);
      case "gemma3" ->
          window + ",\"rope_local_base_freq\":5000,\"sliding_window_pattern\":" + m.globalEvery;
      default -> "";
    };
  }

  @ParameterizedTest
  @CsvSource({
    "llama, llama, F32",
    "llama, mistral, BF16",
    "qwen2, qwen2, F16",
    "qwen3, qwen3, BF16",
    "phi3, phi3, F32",
    "gemma, gemma, F32",
    "gemma2, gemma2, BF16",
    "gemma3, gemma3_text, F32"
  })
  void logitsEqualTheDefinition(String architecture, String modelType, TensorType type)
      throws IOException {
    int scaled = 0;
    for (int seed = 20; seed < 34; seed++) {
      RandomModel m = new RandomModel(seed, type, architecture, true);
      if (m.factors.length > 0) {
        continue;
      }
      String scaling =
          switch (m.scaling) {
            case 1 -> ",\"rope_scaling\":{\"type\":\"linear\",\"factor\":4.0}";
            case 2 ->
                ",\"rope_scaling\":{\"rope_type\":\"yarn\",\"factor\":4.0,"
                    + "\"original_max_position_embeddings\":32}";
            default -> "";
          };
      scaled += m.scaling > 0 ? 1 : 0;
      write(m, modelType, scaling + more(m), 1 + seed % 3);
      SplittableRandom r = new SplittableRandom(seed);
      int[] prompt = r.ints(2 + r.nextInt(30), 0, m.vocabulary).toArray();
      double[] want = m.logits(prompt)[prompt.length - 1];
      double max = Arrays.stream(want).max().orElseThrow();
      double norm = max + Math.log(Arrays.stream(want).map(x -> Math.exp(x - max)).sum());
      float[] got = next(folder, prompt, m.vocabulary);
      for (int t = 0; t < got.length; t++) {
        assertThat((double) got[t]).as("seed %s", seed).isCloseTo(want[t] - norm, within(2e-4));
      }
      try (var files = Files.list(folder)) {
        for (Path p : files.toList()) {
          Files.delete(p);
        }
      }
    }
    assertThat(scaled).isPositive();
  }

  private static float[] next(Path model, int[] prompt, int vocabulary) {
    try (TreeEngine engine =
        TreeEngine.open(EngineOptions.of(model).withKvMemory(8 << 20).withThreads(2))) {
      engine.choices(engine.root(prompt), IntStream.range(0, vocabulary).toArray());
      List<DecodeEvent> events = new ArrayList<>();
      while (engine.busy()) {
        engine.step(events::add);
      }
      return ((DecodeEvent.Chosen) events.getFirst()).logProbs();
    }
  }

  @Test
  void aRealModelGivesWhatItsGgufFileGives() throws IOException {
    Path config = SharedData.require("models/weights/stories260K-hf/config.json");
    Path hf = java.util.Objects.requireNonNull(config.getParent());
    Path vocabulary = SharedData.require("models/tokenizers/tok512.model");
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(hf.resolve(file), folder.resolve(file));
    }
    Files.copy(vocabulary, folder.resolve("tokenizer.model"));
    Path gguf = SharedData.require("models/weights/stories260K-F32.gguf");
    int[] prompt;
    try (ModelSource a = ModelSource.open(folder);
        ModelSource b = ModelSource.open(gguf)) {
      prompt = a.tokenizer().encodePrompt("Once upon a time, Zoë", true);
      assertThat(prompt).isEqualTo(b.tokenizer().encodePrompt("Once upon a time, Zoë", true));
    }
    float[] one = next(folder, prompt, 512);
    float[] other = next(gguf, prompt, 512);
    for (int i = 0; i < 512; i++) {
      assertThat(one[i]).isCloseTo(other[i], within(1e-4f));
    }
  }

  /** Llama 3.1's scaling: factors computed here as the published reference code does. */
  @Test
  void llama3ScalingBecomesFactors() throws IOException {
    RandomModel m = plain("llama");
    write(
        m,
        "llama",
        ",\"rope_scaling\":{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,"
            + "\"high_freq_factor\":4.0,\"original_max_position_embeddings\":64}",
        1);
    try (ModelSource s = ModelSource.open(folder)) {
      float[] f = Tensors.vector(s, "rope_freqs.weight", m.rotary / 2);
      for (int i = 0; i < f.length; i++) {
        double inv = Math.pow(m.base, -2.0 * i / m.rotary);
        double wavelength = 2 * Math.PI / inv;
        double scaled =
            wavelength < 64 / 4.0
                ? inv
                : wavelength > 64
                    ? inv / 8
                    : (1 - (64 / wavelength - 1) / 3) * inv / 8 + (64 / wavelength - 1) / 3 * inv;
        assertThat((double) f[i]).isCloseTo(inv / scaled, within(1e-5));
      }
    }
    assertThat(next(folder, new int[] {1, 2, 3}, m.vocabulary)).hasSize(m.vocabulary);
  }

  private static RandomModel plain(String architecture) {
    for (int seed = 0; ; seed++) {
      RandomModel m = new RandomModel(seed, TensorType.F32, architecture, true);
      if (m.factors.length == 0 && m.scaling == 0 && m.headDim > 8) {
        return m;
      }
    }
  }

  @Test
  void aSlidingWindowDoesNotBoundTheContext() throws IOException {
    write(plain("llama"), "mistral", ",\"sliding_window\":17", 1);
    try (ModelSource source = ModelSource.open(folder)) {
      ModelConfig config = Transformer.config(source);
      assertThat(config.traits().window(0)).isEqualTo(17);
      assertThat(config.context(true)).isEqualTo(128);
      // A backend without windows ends there.
      assertThat(config.context(false)).isEqualTo(17);
    }
    Files.delete(folder.resolve("model.safetensors"));
    write(plain("qwen2"), "qwen2", ",\"sliding_window\":17,\"use_sliding_window\":false", 1);
    try (TreeEngine e = TreeEngine.open(EngineOptions.of(folder).withKvMemory(1 << 20))) {
      assertThat(e.info().contextLength()).isEqualTo(128);
    }
  }

  @Test
  void whatIsWrongIsNamed() throws IOException {
    RandomModel m = plain("llama");
    refused("no such file; a model folder needs config.json", DeftException.MODEL_NOT_FOUND);
    write(m, "mamba", "", 1);
    refused(
        "model_type 'mamba' is not supported; known: gemma, gemma2, gemma3_text, llama,"
            + " mistral, phi3, qwen2, qwen3",
        DeftException.UNSUPPORTED_MODEL);
    write(m, "llama", ",\"hidden_act\":\"gelu\"", 1);
    refused("activation 'gelu'", DeftException.UNSUPPORTED_MODEL);
    write(m, "llama", ",\"rope_scaling\":{\"type\":\"dynamic\",\"factor\":2}", 1);
    refused("rotary scaling 'dynamic'", DeftException.UNSUPPORTED_MODEL);
    write(m, "llama", "", 2);
    Files.delete(folder.resolve("model-1.safetensors"));
    refused("model-1.safetensors: no such file", DeftException.MODEL_NOT_FOUND);
    Path index = folder.resolve("model.safetensors.index.json");
    Files.writeString(
        index, Files.readString(index).replace("model-1.safetensors", "../../etc/passwd"));
    refused("no file of this folder", DeftException.UNSUPPORTED_MODEL);
    Files.writeString(index, "{\"weight_map\":{\"x\":\"model-0.safetensors\"}}");
    refused("which the index places elsewhere", DeftException.UNSUPPORTED_MODEL);
    Files.writeString(folder.resolve("config.json"), "{\"model_type\":7}");
    refused("'model_type' must be a string, is 7", DeftException.UNSUPPORTED_MODEL);
  }

  private void refused(String why, int code) {
    assertThatThrownBy(() -> ModelSource.open(folder).close())
        .isInstanceOf(DeftException.class)
        .hasMessageContaining(why)
        .extracting(e -> ((DeftException) e).exitCode())
        .isEqualTo(code);
  }
}
