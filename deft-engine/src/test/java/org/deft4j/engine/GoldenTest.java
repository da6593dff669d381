package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.decode.NodeId;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real models against values computed elsewhere in full recompute. */
class GoldenTest {
  private static TreeEngine open(Path model, String backend) {
    return TreeEngine.open(
        EngineOptions.of(model).withBackend(backend).withKvMemory(16 << 20).withThreads(2));
  }

  private static int argmax(float[] x) {
    int best = 0;
    for (int i = 1; i < x.length; i++) {
      best = x[i] > x[best] ? i : best;
    }
    return best;
  }

  @ParameterizedTest
  @CsvSource({
    "stories260K-F32, auto, 1e-3",
    "stories260K-F32, scalar, 1e-3",
    "stories15M-Q8_0, auto, 1e-2",
    "stories15M-Q8_0, scalar, 1e-2",
    "stories15M-Q4_0, auto, 1e-2",
    "stories15M-Q4_0, scalar, 1e-2"
  })
  void topLogitsAndGreedyContinuation(String name, String backend, double tolerance) {
    Golden golden = new Golden(SharedData.require("models/golden/" + name + ".json"));
    Path model = SharedData.require("models/weights/" + name + ".gguf");
    try (TreeEngine engine = open(model, backend)) {
      int[] prompt = engine.codec().encodePrompt("Once upon a time", true);
      assertThat(prompt).isEqualTo(golden.ints("prompt_ids"));
      NodeId root = engine.root(prompt);
      float[] next = Driver.next(engine, root);
      double[] top = golden.array("top5_logits_after_prompt");
      assertThat(argmax(next)).isEqualTo((int) top[0]);
      // Log-probabilities differ from logits by one number, so differences of logits are compared.
      for (int i = 2; i < top.length; i += 2) {
        assertThat((double) next[(int) top[i]] - next[(int) top[0]])
            .isCloseTo(top[i + 1] - top[1], within(2 * tolerance));
      }
      int[] want = golden.ints("greedy_ids");
      // The smallest gap between the two best candidates is 0.0103, above the tolerance.
      int[] expected = backend.equals("scalar") ? Arrays.copyOf(want, 24) : want;
      assertThat(Driver.greedy(engine, root, expected.length)).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({"auto, 512", "auto, 7", "scalar, 64"})
  void allLogitsAfterSequencesOfManyLengths(String backend, int chunk) {
    Golden golden = new Golden(SharedData.require("models/golden/golden-stories260K.json"));
    List<double[]> ids = golden.arrays("ids");
    List<double[]> logits = golden.arrays("logits_after_last");
    assertThat(ids).hasSize(4);
    try (TreeEngine engine =
        TreeEngine.open(
            EngineOptions.of(TestModels.stories260K())
                .withBackend(backend)
                .withKvMemory(16 << 20)
                .withChunk(chunk)
                .withThreads(2))) {
      for (int i = 0; i < ids.size(); i++) {
        float[] got = Driver.next(engine, engine.root(Golden.toInts(ids.get(i))));
        double[] want = logits.get(i);
        double norm = logSumExp(want);
        for (int t = 0; t < want.length; t++) {
          assertThat((double) got[t])
              .as("case %s token %s", i, t)
              .isCloseTo(want[t] - norm, within(1e-3));
        }
      }
    }
  }

  private static double logSumExp(double[] x) {
    double max = Arrays.stream(x).max().orElseThrow();
    return max + Math.log(Arrays.stream(x).map(v -> Math.exp(v - max)).sum());
  }
}
