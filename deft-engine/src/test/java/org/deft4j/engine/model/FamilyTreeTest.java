package org.deft4j.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Of every family: the leaves of a tree get the bits that each gets when its path is computed
 * alone. Paths are longer than the windows of the families that have one.
 */
class FamilyTreeTest {
  @ParameterizedTest
  @CsvSource({
    "F32, llama",
    "Q8_0, llama",
    "Q4_K, llama",
    "F32, mistral",
    "F32, qwen2",
    "F32, qwen3",
    "F32, phi3",
    "F32, gemma",
    "F32, gemma2",
    "Q6_K, gemma2",
    "F32, gemma3"
  })
  void aTreesLeavesEqualTheirPathsAlone(TensorType type, String architecture) {
    for (AttentionMethod method : AttentionMethod.values()) {
      RandomModel model = new RandomModel(method.ordinal(), type, architecture, false);
      try (TreeEngine trees = open(model, method);
          TreeEngine single = open(model, AttentionMethod.FLATTEN)) {
        List<NodeId> leaves = grow(trees, model, method.ordinal());
        Map<NodeId, float[]> together = choices(trees, leaves);
        for (NodeId leaf : leaves) {
          NodeId alone = single.root(trees.path(leaf));
          assertThat(together.get(leaf))
              .as("%s, a path of %s tokens", method, trees.path(leaf).length)
              .isEqualTo(choices(single, List.of(alone)).get(alone));
          single.release(alone);
        }
      }
    }
  }

  private static TreeEngine open(RandomModel model, AttentionMethod method) {
    return TreeEngine.open(
        GgufFile.of("random", MemorySegment.ofArray(model.file.bytes())),
        EngineOptions.of(Path.of("random"))
            .withAttention(method)
            .withDeterministic(true)
            .withChunk(7)
            .withKvMemory(8 << 20)
            .withThreads(2));
  }

  /** A root of three children, the second forked again in its middle. */
  static List<NodeId> grow(TreeEngine engine, RandomModel model, int seed) {
    SplittableRandom r = new SplittableRandom(seed);
    NodeId root = engine.root(tokens(r, model, 9));
    List<NodeId> leaves = new ArrayList<>(engine.fork(root, 3));
    for (NodeId leaf : leaves) {
      engine.extend(leaf, tokens(r, model, 4 + r.nextInt(9)), false);
    }
    drain(engine);
    NodeId middle = leaves.remove(1);
    List<NodeId> below = engine.fork(middle, 2, 3);
    for (NodeId leaf : below) {
      engine.extend(leaf, tokens(r, model, 1 + r.nextInt(14)), false);
    }
    drain(engine);
    leaves.addAll(below);
    return leaves;
  }

  private static int[] tokens(SplittableRandom r, RandomModel model, int n) {
    return r.ints(n, 0, model.vocabulary).toArray();
  }

  static Map<NodeId, float[]> choices(TreeEngine engine, List<NodeId> leaves) {
    int[] vocabulary = IntStream.range(0, engine.codec().vocabularySize()).toArray();
    leaves.forEach(l -> engine.choices(l, vocabulary));
    Map<NodeId, float[]> found = new HashMap<>();
    for (DecodeEvent e : drain(engine)) {
      if (e instanceof DecodeEvent.Chosen c) {
        found.put(c.node(), c.logProbs());
      }
    }
    return found;
  }

  private static List<DecodeEvent> drain(TreeEngine engine) {
    List<DecodeEvent> events = new ArrayList<>();
    while (engine.busy()) {
      engine.step(events::add);
    }
    return events;
  }
}
