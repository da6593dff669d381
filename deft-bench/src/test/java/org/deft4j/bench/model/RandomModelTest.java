package org.deft4j.bench.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RandomModelTest {
  static WatchedEngine open() {
    EngineOptions options =
        EngineOptions.of(Path.of("random")).withBackend("scalar").withThreads(1);
    return WatchedEngine.open(
        RandomModel.of(ModelShape.of("tiny")), options, TreeEngine.backend(options));
  }

  @Test
  void anEngineOpensAndDecodesIt() {
    try (WatchedEngine w = open()) {
      assertThat(w.engine().info().model().layers()).isEqualTo(2);
      assertThat(w.engine().info().model().vocabulary()).isEqualTo(512);
      NodeId leaf = w.engine().fork(w.prompt(20), 1).getFirst();
      w.engine().decode(leaf, DecodeSpec.of(12).temperature(1).seed(1, 0).build());
      List<DecodeEvent> events = new ArrayList<>();
      while (w.engine().busy()) {
        w.engine().step(events::add);
      }
      Set<Integer> tokens =
          events.stream()
              .filter(DecodeEvent.Sampled.class::isInstance)
              .map(e -> ((DecodeEvent.Sampled) e).token())
              .collect(Collectors.toSet());
      assertThat(tokens).hasSizeGreaterThan(3);
      assertThat(events)
          .filteredOn(DecodeEvent.Sampled.class::isInstance)
          .allMatch(e -> Float.isFinite(((DecodeEvent.Sampled) e).logProb()));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void everyTypeOfWeightsOpens(TensorType type) {
    ModelShape tiny = ModelShape.of("tiny");
    ModelShape shape =
        new ModelShape("t", 1, tiny.dim(), tiny.ffn(), 8, 4, 8, 100, 256, 1e4f, type);
    EngineOptions options =
        EngineOptions.of(Path.of("random")).withBackend("scalar").withThreads(1);
    try (WatchedEngine w =
        WatchedEngine.open(RandomModel.of(shape), options, TreeEngine.backend(options))) {
      assertThat(w.engine().info().weightType()).isEqualTo(type.name());
    }
  }

  /** A model of 16 GB takes little more than the memory of its largest matrix. */
  @Test
  void matricesShareTheirMemory() {
    ModelShape shape =
        new ModelShape("t", 4, 512, 2048, 8, 4, 64, 20_000, 256, 1e4f, TensorType.F16);
    try (GgufFile file = RandomModel.of(shape)) {
      List<MemorySegment> matrices =
          file.tensors().stream().filter(t -> t.rows() > 1).map(GgufTensor::data).toList();
      assertThat(matrices).hasSize(2 + 4 * 7);
      long from = matrices.stream().mapToLong(MemorySegment::address).min().orElseThrow();
      long to = matrices.stream().mapToLong(m -> m.address() + m.byteSize()).max().orElseThrow();
      long all = matrices.stream().mapToLong(MemorySegment::byteSize).sum();
      assertThat(to - from).isLessThan(all / 2);
      // No two are alike: queries would see themselves in keys.
      assertThat(matrices.stream().map(MemorySegment::address)).doesNotHaveDuplicates();
    }
    assertThatThrownBy(() -> ModelShape.of("huge")).hasMessageContaining("llama-3-8b");
  }

  /** Each layer has four products and one attention; the head's product comes on top. */
  @Test
  void theRecorderKeepsTheOperationsOfAStep() {
    try (WatchedEngine w = open()) {
      NodeId root = w.prompt(30);
      for (NodeId leaf : w.engine().fork(root, 3)) {
        w.engine().decode(leaf, DecodeSpec.of(50).build());
      }
      w.engine().step(_ -> {});
      w.engine().step(_ -> {});
      StepRecorder r = w.recorder();
      r.record(() -> w.engine().step(_ -> {}));
      assertThat(r.count(StepRecorder.Part.ATTENTION)).isEqualTo(2);
      assertThat(r.count(StepRecorder.Part.PRODUCTS)).isEqualTo(2 * 4 + 1);
      assertThat(r.count(StepRecorder.Part.OTHER)).isGreaterThanOrEqualTo(2 * 3 + 2);
      assertThat(r.micros(StepRecorder.Part.ATTENTION, 3)).isPositive();
      // What was run again left the engine as it was.
      assertThat(w.engine().step(_ -> {})).isEqualTo(3);
    }
  }

  /** All methods compute the same, so a tree may change its method between steps. */
  @Test
  void theMethodMayChangeInTheMiddleOfATree() {
    List<List<Integer>> texts = new ArrayList<>();
    for (boolean change : new boolean[] {false, true}) {
      try (WatchedEngine w = open()) {
        List<NodeId> leaves = w.engine().fork(w.prompt(40), 4);
        for (int i = 0; i < 4; i++) {
          w.engine().decode(leaves.get(i), DecodeSpec.of(28).temperature(1).seed(3, i).build());
        }
        int step = 0;
        while (w.engine().busy()) {
          if (change) {
            AttentionMethod[] all = AttentionMethod.values();
            AttentionMethod m = all[step++ / 2 % all.length];
            w.engine().attention(m);
            assertThat(w.engine().info().attention()).isEqualTo(m);
          }
          w.engine().step(_ -> {});
        }
        for (NodeId leaf : leaves) {
          texts.add(java.util.Arrays.stream(w.engine().tokens(leaf)).boxed().toList());
        }
      }
    }
    assertThat(texts.subList(4, 8)).isEqualTo(texts.subList(0, 4));
  }
}
