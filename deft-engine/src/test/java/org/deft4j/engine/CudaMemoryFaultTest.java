package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.assertj.core.data.Offset;
import org.deft4j.kernels.cuda.EnabledIfCuda;
import org.deft4j.kernels.cuda.TroubledDevice;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device whose memory runs out in the middle of a tree, for everything that a step may need. */
@EnabledIfCuda
@Timeout(120)
class CudaMemoryFaultTest {
  private static final long MIB = 1 << 20;

  private static TreeEngine open(AttentionMethod method) {
    return TreeEngine.open(
        EngineOptions.of(TestModels.stories260K())
            .withBackend("cuda")
            .withDeterministic(true)
            .withAttention(method)
            .withKvMemory(16 << 20));
  }

  /** Steps until nothing is asked for or a step fails; what was said of it, null if none did. */
  private static @Nullable DeftException drain(
      TreeEngine engine, Map<NodeId, List<Object>> events) {
    try {
      while (engine.busy()) {
        engine.step(e -> {
          if (e instanceof DecodeEvent.Sampled s) {
            events.computeIfAbsent(s.node(), _ -> new ArrayList<>()).add(s);
          }
        });
      }
      return null;
    } catch (DeftException e) {
      return e;
    }
  }

  private static void assertFull(@Nullable DeftException said) {
    assertThat(said)
        .isInstanceOfSatisfying(
            DeftException.class,
            e -> assertThat(e.exitCode()).isEqualTo(DeftException.OUT_OF_MEMORY))
        .hasMessageContaining("device memory")
        .message()
        .doesNotContain("\n");
  }

  /** Two branches, then many at once: activations, plans, partials, logits and draws outgrow. */
  private static Map<NodeId, List<Object>> run(
      AttentionMethod method, @Nullable TroubledDevice trouble, int branches) {
    Map<NodeId, List<Object>> events = new TreeMap<>();
    try (TreeEngine engine = open(method)) {
      NodeId root = engine.root(new int[] {1, 403, 407, 261, 378, 432, 383, 286, 261});
      List<NodeId> few = engine.fork(root, 2);
      few.forEach(l -> engine.decode(l, DecodeSpec.of(6).temperature(1).seed(1, 0).build()));
      assertThat(drain(engine, events)).isNull();
      List<NodeId> many = engine.fork(few.getFirst(), 3, branches);
      for (int i = 0; i < branches; i++) {
        engine.decode(many.get(i), DecodeSpec.of(12).temperature(1).seed(2, i).build());
      }
      if (trouble != null) {
        trouble.fill();
        for (int again = 0; again < 3; again++) {
          assertFull(drain(engine, events));
        }
        trouble.empty();
      }
      assertThat(drain(engine, events)).isNull();
    }
    return events;
  }

  @ParameterizedTest
  @EnumSource(
      value = AttentionMethod.class,
      names = {"FLATTEN", "SEQUENCE", "TREE_MASK_BITS"})
  void stepsThatFindNoMemoryAreMadeWhenThereIsSome(AttentionMethod method) {
    try (TroubledDevice trouble = new TroubledDevice()) {
      Map<NodeId, List<Object>> whole = run(method, null, 200);
      long free = trouble.freeBytes();
      Map<NodeId, List<Object>> disturbed = run(method, trouble, 200);
      assertThat(disturbed).isEqualTo(whole);
      // All that was made, in halves too, is given back.
      assertThat(trouble.freeBytes()).isCloseTo(free, Offset.offset(16 * MIB));
    }
  }

  /** While the device stays full, what few branches need is there, or is said not to be. */
  @ParameterizedTest
  @ValueSource(ints = {24, 200})
  void fewerBranchesGoOnWhileTheDeviceIsFull(int branches) {
    try (TroubledDevice trouble = new TroubledDevice();
        TreeEngine engine = open(AttentionMethod.FLATTEN)) {
      NodeId root = engine.root(new int[] {1, 403, 407, 261, 378, 432, 383, 286, 261});
      int[] want = Driver.greedy(engine, engine.fork(root, 1).getFirst(), 10);
      List<NodeId> leaves = engine.fork(root, branches);
      leaves.forEach(l -> engine.decode(l, DecodeSpec.of(10).build()));
      trouble.fill();
      assertFull(drain(engine, new TreeMap<>()));
      leaves.subList(1, branches).forEach(engine::release);
      assertThat(drain(engine, new TreeMap<>()))
          .as("one branch needs no more than before")
          .isNull();
      assertThat(engine.tokens(leaves.getFirst())).isEqualTo(want);
    }
  }

  /** Graphs that find no memory are done without: each operation is launched by itself. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5})
  void aFullDeviceStillRepeatsTheStepsItKnows(int branches) {
    try (TroubledDevice trouble = new TroubledDevice();
        TreeEngine engine = open(AttentionMethod.FLATTEN)) {
      NodeId root = engine.root(new int[] {1, 403, 407, 261, 378, 432, 383, 286, 261});
      List<int[]> got = new ArrayList<>();
      // The first run makes buffers large enough; what it captured goes with the second's first.
      for (int run = 0; run < 3; run++) {
        List<NodeId> leaves = engine.fork(root, branches);
        leaves.forEach(l -> engine.decode(l, DecodeSpec.of(20).build()));
        if (run == 2) {
          trouble.fill();
        }
        assertThat(drain(engine, new TreeMap<>())).isNull();
        got.add(engine.tokens(leaves.getLast()));
        leaves.forEach(engine::release);
      }
      assertThat(got.get(1)).isEqualTo(got.get(0));
      assertThat(got.get(2)).isEqualTo(got.get(0));
    }
  }
}
