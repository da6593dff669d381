package org.deft4j.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.NodeId;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random shapes and weight types against a float64 forward pass. */
class RandomModelTest {
  @ParameterizedTest
  @CsvSource({
    "F32, llama",
    "F32, mistral",
    "Q4_K, mistral",
    "F32, gemma",
    "F32, gemma2",
    "Q6_K, gemma2",
    "F32, gemma3",
    "Q8_0, gemma3",
    "F16, llama",
    "BF16, llama",
    "Q8_0, llama",
    "Q4_0, llama",
    "Q4_1, llama",
    "Q5_0, llama",
    "Q5_1, llama",
    "Q4_K, llama",
    "Q5_K, llama",
    "Q6_K, llama",
    "F32, qwen2",
    "Q4_0, qwen2",
    "F32, qwen3",
    "Q4_K, qwen3",
    "F32, phi3",
    "Q8_0, phi3"
  })
  void logitsEqualTheDefinition(TensorType type, String architecture) {
    for (int seed = 0; seed < 12; seed++) {
      RandomModel model = new RandomModel(seed, type, architecture, false);
      SplittableRandom r = new SplittableRandom(seed);
      int[] prompt = r.ints(2 + r.nextInt(30), 0, model.vocabulary).toArray();
      double[] want = model.logits(prompt)[prompt.length - 1];
      double max = Arrays.stream(want).max().orElseThrow();
      double norm = max + Math.log(Arrays.stream(want).map(x -> Math.exp(x - max)).sum());
      for (String backend : List.of("auto", "scalar")) {
        GgufFile file = GgufFile.of("random", MemorySegment.ofArray(model.file.bytes()));
        EngineOptions options =
            EngineOptions.of(Path.of("random"))
                .withBackend(backend)
                .withChunk(r.nextBoolean() ? 512 : 5)
                .withKvMemory(8 << 20)
                .withThreads(2);
        try (TreeEngine engine = TreeEngine.open(file, options)) {
          NodeId root = engine.root(prompt);
          engine.choices(root, IntStream.range(0, model.vocabulary).toArray());
          List<DecodeEvent> events = new ArrayList<>();
          while (engine.busy()) {
            engine.step(events::add);
          }
          float[] got = ((DecodeEvent.Chosen) events.getFirst()).logProbs();
          for (int t = 0; t < got.length; t++) {
            assertThat((double) got[t])
                .as("%s seed %s token %s", backend, seed, t)
                .isCloseTo(want[t] - norm, within(2e-4));
          }
        }
      }
    }
  }
}
