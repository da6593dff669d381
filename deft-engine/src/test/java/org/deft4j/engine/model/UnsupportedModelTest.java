package org.deft4j.engine.model;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufWriter;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;

/** Sound files that are no supported model are refused with a reason. */
class UnsupportedModelTest {
  private static void refused(GgufWriter file, String why) {
    assertThatThrownBy(() ->
            TreeEngine.open(
                    GgufFile.of("m.gguf", MemorySegment.ofArray(file.bytes())),
                    EngineOptions.of(Path.of("m.gguf")).withThreads(1).withKvMemory(1 << 20))
                .close())
        .isInstanceOf(DeftException.class)
        .hasMessageStartingWith("m.gguf: ")
        .hasMessageContaining(why)
        .extracting(e -> ((DeftException) e).exitCode())
        .isEqualTo(DeftException.UNSUPPORTED_MODEL);
  }

  private static GgufWriter sound() {
    for (int seed = 0; ; seed++) {
      RandomModel m = new RandomModel(seed, TensorType.F32);
      if (m.scaling == 0) {
        return m.file;
      }
    }
  }

  /** A vocabulary, so that only what is tested is wrong. */
  private static GgufWriter shape(String architecture, int dim, int heads, int kvHeads) {
    return new GgufWriter()
        .put("tokenizer.ggml.model", "llama")
        .put("tokenizer.ggml.tokens", java.util.List.of("a", "b"))
        .put("tokenizer.ggml.scores", java.util.List.of(0f, 0f))
        .put("tokenizer.ggml.unknown_token_id", 0)
        .put("general.architecture", architecture)
        .put("llama.embedding_length", dim)
        .put("llama.attention.head_count", heads)
        .put("llama.attention.head_count_kv", kvHeads);
  }

  @Test
  void eachWithItsReason() {
    refused(
        shape("mamba", 8, 2, 1),
        "architecture 'mamba' is not supported; known: gemma, gemma2, gemma3, llama, phi3, qwen2,"
            + " qwen3");
    refused(shape("llama", 8, 3, 3), "no multiple of its 3 heads");
    refused(shape("llama", 9, 3, 2), "3 query heads cannot share 2 KV heads");
    refused(shape("llama", 8, 2, 1).put("llama.expert_count", 8), "mixtures of experts");
    refused(shape("llama", 8, 2, 1), "layer_norm_rms_epsilon' is missing");
    refused(
        shape("llama", 8, 2, 1).put("llama.attention.layer_norm_rms_epsilon", 1e-5f),
        "'token_embd.weight' is missing");
    refused(sound().floats("blk.0.ffn_up.bias", new float[8], 8), "'blk.0.ffn_up.bias' is no part");
    refused(
        sound().put("llama.rope.scaling.type", "dynamic"),
        "rotary scaling 'dynamic' is not supported; known: none, linear, yarn, longrope");
  }

  @Test
  void quantizedTypesThatAreNotSupportedAreNamed() {
    GgufWriter file = sound();
    file.tensor("blk.7.x.weight", TensorType.Q2_K, new byte[84], 256, 1);
    refused(file, "'blk.7.x.weight' is no part of a llama model");
    GgufWriter q2 =
        shape("llama", 256, 8, 8)
            .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
            .put("llama.block_count", 1)
            .put("llama.feed_forward_length", 256)
            .put("llama.context_length", 64)
            .tensor("token_embd.weight", TensorType.Q2_K, new byte[2 * 84], 256, 2);
    refused(
        q2,
        "Q2_K, which is not supported; supported: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1,"
            + " Q4_K, Q5_K, Q6_K");
  }

  @Test
  void vocabulariesWithoutWeightsAreRefused() {
    Path file = SharedData.require("models/tokenizers/ggml-vocab-llama-spm.gguf");
    assertThatThrownBy(() -> TreeEngine.open(EngineOptions.of(file)).close())
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("token_embd.weight");
  }
}
