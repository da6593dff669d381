package org.deft4j.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.kernels.cuda.EnabledIfCuda;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.plan.AttentionMethod;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every family on a device against the float32 backend of the processor. What is multiplied is
 * rounded to 16 bits there, keys and values are kept so: over all log-probabilities of a tree's
 * leaves the root mean square of the difference is at most a part of their spread, told below.
 */
@EnabledIfCuda
class CudaFamiliesTest {
  @ParameterizedTest
  @CsvSource({
    "F16, llama, 0.01",
    "BF16, llama, 0.06",
    "Q8_0, llama, 0.01",
    "F16, qwen2, 0.01",
    "BF16, qwen2, 0.06",
    "F16, qwen3, 0.01",
    "BF16, qwen3, 0.06",
    "Q8_0, qwen3, 0.01",
    "Q4_K, qwen3, 0.01",
    "BF16, phi3, 0.06",
    "Q8_0, phi3, 0.01"
  })
  void aTreesLeavesAreThoseOfTheProcessor(TensorType type, String architecture, double part) {
    double wrong = 0;
    double spread = 0;
    for (int seed = 0; seed < 18; seed++) {
      RandomModel model = new RandomModel(seed, type, architecture, false);
      if (model.headDim % 8 != 0) {
        continue; // the device's heads are multiples of 8
      }
      for (AttentionMethod method : AttentionMethod.values()) {
        float[][] got = leaves(model, "cuda", method, seed);
        float[][] want = leaves(model, "scalar", AttentionMethod.FLATTEN, seed);
        assertThat(got).hasDimensions(want.length, model.vocabulary);
        for (int leaf = 0; leaf < want.length; leaf++) {
          double mean = 0;
          for (float x : want[leaf]) {
            mean += x / want[leaf].length;
          }
          for (int t = 0; t < model.vocabulary; t++) {
            wrong += Math.pow(got[leaf][t] - want[leaf][t], 2);
            spread += Math.pow(want[leaf][t] - mean, 2);
          }
        }
      }
    }
    assertThat(Math.sqrt(wrong / spread)).isBetween(1e-6, part);
  }

  /** Within its window a model that slides one is a plain one. */
  @ParameterizedTest
  @ValueSource(strings = {"F16", "BF16"})
  void aWindowIsRespectedByRefusingLongerPaths(String type) {
    RandomModel model = windowed(TensorType.valueOf(type));
    int[] prompt = new SplittableRandom(1).ints(model.window, 0, model.vocabulary).toArray();
    try (TreeEngine cuda = open(model, "cuda", AttentionMethod.FLATTEN)) {
      assertThat(cuda.info().contextLength()).isEqualTo(model.window);
      cuda.root(Arrays.copyOf(prompt, model.window));
      assertThatThrownBy(() -> cuda.root(new int[model.window + 1]))
          .isInstanceOf(RuntimeException.class);
    }
  }

  /** What the device lacks is said; a free choice goes on to a backend that has it. */
  @ParameterizedTest
  @ValueSource(strings = {"gemma", "gemma2", "gemma3"})
  void familiesThatNeedMoreRunOnTheProcessor(String architecture) {
    RandomModel model = new RandomModel(2, TensorType.F16, architecture, false);
    assertThatThrownBy(() -> open(model, "cuda", AttentionMethod.FLATTEN).close())
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("the backend cuda has no")
        .hasMessageContaining("--backend panama");
    try (TreeEngine engine = open(model, "auto", AttentionMethod.FLATTEN)) {
      assertThat(engine.info().backend().name()).isNotEqualTo("cuda");
    }
  }

  private static RandomModel windowed(TensorType type) {
    for (int seed = 0; ; seed++) {
      RandomModel model = new RandomModel(seed, type, "mistral", false);
      if (model.headDim % 8 == 0) {
        return model;
      }
    }
  }

  private static float[][] leaves(
      RandomModel model, String backend, AttentionMethod method, int seed) {
    try (TreeEngine engine = open(model, backend, method)) {
      var leaves = FamilyTreeTest.grow(engine, model, seed);
      var choices = FamilyTreeTest.choices(engine, leaves);
      return leaves.stream().map(choices::get).toArray(float[][]::new);
    }
  }

  private static TreeEngine open(RandomModel model, String backend, AttentionMethod method) {
    return TreeEngine.open(
        GgufFile.of("random", MemorySegment.ofArray(model.file.bytes())),
        EngineOptions.of(Path.of("random"))
            .withBackend(backend)
            .withAttention(method)
            .withChunk(7)
            .withKvMemory(16 << 20)
            .withThreads(1));
  }
}
