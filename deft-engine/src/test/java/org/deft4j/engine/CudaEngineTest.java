package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.cuda.EnabledIfCuda;
import org.deft4j.testing.AbstractTreeDecoderContractTest;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TreeDecoder;
import org.deft4j.tree.plan.AttentionMethod;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The engine on a device: the decode contract, and real models against values computed elsewhere.
 * Weights, keys and values are in 16 bits there, so log-probabilities agree within 0.02.
 */
@EnabledIfCuda
class CudaEngineTest extends AbstractTreeDecoderContractTest {
  private static TreeEngine open(Path model) {
    return TreeEngine.open(EngineOptions.of(model).withBackend("cuda").withKvMemory(16 << 20));
  }

  @Override
  protected TreeDecoder open() {
    return open(TestModels.stories260K());
  }

  @Override
  protected int[] prompt() {
    // "Once upon a time, there was a"
    return new int[] {1, 403, 407, 261, 378, 432, 383, 286, 261};
  }

  @Test
  void theDeviceIsChosenAndKeepsKeysInHalfPrecision() {
    try (TreeEngine engine =
        TreeEngine.open(EngineOptions.of(TestModels.stories260K()).withKvMemory(16 << 20))) {
      assertThat(engine.info().backend().name()).isEqualTo("cuda");
      assertThat(engine.info().kvType()).isEqualTo(KvType.F16);
    }
  }

  @ParameterizedTest
  @EnumSource(AttentionMethod.class)
  void everyMethodAgreesWithTheProcessor(AttentionMethod method) {
    EngineOptions options =
        EngineOptions.of(TestModels.stories260K()).withKvMemory(16 << 20).withAttention(method);
    try (TreeEngine cuda = TreeEngine.open(options.withBackend("cuda").withChunk(7));
        TreeEngine scalar = TreeEngine.open(options.withBackend("scalar"))) {
      NodeId a = cuda.root(prompt());
      NodeId b = scalar.root(prompt());
      assertThat(cuda.info().kvType()).isNotEqualTo(scalar.info().kvType());
      for (int step = 0; step < 6; step++) {
        float[] got = Driver.next(cuda, a);
        float[] want = Driver.next(scalar, b);
        int best = 0;
        for (int t = 0; t < want.length; t++) {
          assertThat(got[t]).as("step %d, token %d", step, t).isCloseTo(want[t], within(0.02f));
          best = want[t] > want[best] ? t : best;
        }
        cuda.extend(a, new int[] {best}, false);
        Driver.drain(cuda);
        scalar.extend(b, new int[] {best}, false);
        Driver.drain(scalar);
      }
    }
  }

  /** A bias of nothing makes the host draw from logits that it reads. */
  @Test
  void tokensDrawnOnTheDeviceAreThoseOfTheHost() {
    List<List<int[]>> got = new java.util.ArrayList<>();
    for (Map<Integer, Float> bias : List.of(Map.<Integer, Float>of(), Map.of(7, 0f))) {
      try (TreeEngine engine = open(TestModels.stories260K())) {
        NodeId root = engine.root(prompt());
        List<NodeId> leaves = engine.fork(root, 9, 11);
        for (int i = 0; i < leaves.size(); i++) {
          engine.decode(
              leaves.get(i),
              DecodeSpec.of(20)
                  .temperature(i % 4 * 0.5f)
                  .topK(i % 3 * 20)
                  .topP(i % 2 == 0 ? 1 : 0.9f)
                  .minP(i % 5 == 0 ? 0.02f : 0)
                  .logitBias(bias)
                  .seed(8, i)
                  .build());
        }
        Driver.drain(engine);
        got.add(leaves.stream().map(engine::tokens).toList());
      }
    }
    for (int i = 0; i < 11; i++) {
      assertThat(got.get(0).get(i)).isEqualTo(got.get(1).get(i));
    }
  }

  /** Steps of changing numbers of rows, at prompts, in trees that grow: graphs change nothing. */
  @Test
  void graphsChangeNothing() {
    List<List<DecodeEvent>> got = new java.util.ArrayList<>();
    for (String graphs : new String[] {"true", "false"}) {
      System.setProperty("deft.cuda.graphs", graphs);
      try (TreeEngine engine = open(TestModels.stories260K())) {
        List<DecodeEvent> events = new java.util.ArrayList<>();
        for (int seed = 0; seed < 3; seed++) {
          RandomTree tree = new RandomTree(engine, seed);
          int i = 0;
          for (NodeId leaf : tree.leaves) {
            engine.decode(
                leaf, DecodeSpec.of(4 + 9 * (i % 4)).temperature(i % 3).seed(seed, i++).build());
          }
          events.addAll(Driver.drain(engine));
          engine.release(tree.root);
        }
        got.add(events);
      } finally {
        System.clearProperty("deft.cuda.graphs");
      }
    }
    assertThat(got.get(0)).hasSizeGreaterThan(100).isEqualTo(got.get(1));
  }

  @ParameterizedTest
  @CsvSource({"stories260K-F32, 0.02", "stories15M-Q8_0, 0.04"})
  void goldenLogitsAfterAPrompt(String name, double tolerance) {
    Golden golden = new Golden(SharedData.require("models/golden/" + name + ".json"));
    try (TreeEngine engine = open(SharedData.require("models/weights/" + name + ".gguf"))) {
      int[] prompt = engine.codec().encodePrompt("Once upon a time", true);
      NodeId root = engine.root(prompt);
      float[] next = Driver.next(engine, root);
      double[] top = golden.array("top5_logits_after_prompt");
      for (int i = 2; i < top.length; i += 2) {
        assertThat((double) next[(int) top[i]] - next[(int) top[0]])
            .isCloseTo(top[i + 1] - top[1], within(2 * tolerance));
      }
      int[] want = Arrays.copyOf(golden.ints("greedy_ids"), 12);
      assertThat(Driver.greedy(engine, root, want.length)).isEqualTo(want);
    }
  }

  @Test
  void goldenLogitsAfterSequencesOfManyLengths() {
    Golden golden = new Golden(SharedData.require("models/golden/golden-stories260K.json"));
    List<double[]> ids = golden.arrays("ids");
    List<double[]> logits = golden.arrays("logits_after_last");
    try (TreeEngine engine = open(TestModels.stories260K())) {
      for (int i = 0; i < ids.size(); i++) {
        float[] got = Driver.next(engine, engine.root(Golden.toInts(ids.get(i))));
        double[] want = logits.get(i);
        double max = Arrays.stream(want).max().orElseThrow();
        double norm = max + Math.log(Arrays.stream(want).map(v -> Math.exp(v - max)).sum());
        for (int t = 0; t < want.length; t++) {
          assertThat((double) got[t]).isCloseTo(want[t] - norm, within(0.03));
        }
      }
    }
  }
}
