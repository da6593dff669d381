package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.junit.jupiter.api.Test;

/** What happens when keys and values find no room. */
class MemoryTest {
  /** Bytes of a token: 2 * 5 layers * 4 heads * 8 values * 4 bytes. */
  private static final int TOKEN = 1280;

  TreeEngine open(int tokens) {
    return TreeEngine.open(options(tokens));
  }

  static EngineOptions options(int tokens) {
    return EngineOptions.of(TestModels.stories260K())
        .withKvMemory((long) tokens * TOKEN)
        .withDeterministic(true)
        .withThreads(1);
  }

  private static int[] prompt(int n, int first) {
    int[] p = new int[n];
    for (int i = 0; i < n; i++) {
      p[i] = first + i % 200;
    }
    return p;
  }

  @Test
  void evictedBranchesComeBackWithTheSameLogits() {
    try (TreeEngine engine = open(160)) {
      NodeId root = engine.root(prompt(40, 100));
      NodeId a = engine.fork(root, 1).getFirst();
      int[] tokens = Driver.greedy(engine, a, 20);
      float[] before = Driver.next(engine, a);
      NodeId inside = engine.fork(a, 10, 1).getFirst();
      float[] middle = Driver.next(engine, inside);
      engine.demote(a, 1);
      // Another tree needs the room of the first.
      NodeId other = engine.root(prompt(110, 300));
      assertThat(Driver.greedy(engine, other, 1)).hasSize(1);
      assertThat(engine.tokens(a)).isEqualTo(tokens);
      engine.release(other);
      int again = engine.restore(a);
      assertThat(again).isBetween(10, 60);
      assertThat(engine.busy()).isTrue();
      Driver.drain(engine);
      assertThat(engine.stats().recomputedTokens()).isGreaterThanOrEqualTo(again - 1);
      // Asking at a fork inside, not at the end whose logits are kept, computes them anew.
      assertThat(Driver.next(engine, engine.fork(a, 10, 1).getFirst())).isEqualTo(middle);
      assertThat(Driver.next(engine, a)).isEqualTo(before);
      engine.extend(a, new int[] {7}, false);
      Driver.drain(engine);
      NodeId back = engine.fork(a, engine.length(a) - 1, 1).getFirst();
      assertThat(Driver.next(engine, back)).isEqualTo(before);
    }
  }

  @Test
  void requestsRestoreWhatTheyNeed() {
    try (TreeEngine engine = open(160)) {
      NodeId root = engine.root(prompt(40, 100));
      NodeId a = engine.fork(root, 1).getFirst();
      Driver.greedy(engine, a, 5);
      NodeId free = engine.fork(root, 1).getFirst();
      int[] all = Driver.greedy(engine, free, 12);
      engine.release(free);
      engine.demote(root, 0);
      engine.release(engine.root(prompt(150, 300)));
      int[] more = Driver.greedy(engine, a, 7);
      assertThat(more).isEqualTo(java.util.Arrays.copyOfRange(all, 5, 12));
    }
  }

  @Test
  void exhaustionIsAnErrorThatNamesTheFlag() {
    try (TreeEngine engine = open(64)) {
      assertThatThrownBy(() -> engine.root(prompt(80, 3)))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("--kv-memory")
          .extracting(e -> ((DeftException) e).exitCode())
          .isEqualTo(DeftException.OUT_OF_MEMORY);
      NodeId root = engine.root(prompt(50, 3));
      List<NodeId> leaves = engine.fork(root, 4);
      leaves.forEach(l -> engine.decode(l, DecodeSpec.of(20).build()));
      List<DecodeEvent> events = new ArrayList<>();
      assertThatThrownBy(
              () -> {
                while (engine.busy()) {
                  engine.step(events::add);
                }
              })
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("--kv-memory");
      // Nothing was told that did not happen.
      for (NodeId l : leaves) {
        assertThat(events.stream().filter(e -> e.node().equals(l)).count())
            .isEqualTo(engine.length(l));
      }
      // With room again the others go on, and get what they would have got.
      for (NodeId l : leaves.subList(1, 4)) {
        engine.release(l);
      }
      engine.cancel(leaves.getFirst());
      Driver.drain(engine);
      int had = engine.length(leaves.getFirst());
      int[] rest = Driver.greedy(engine, leaves.getFirst(), 3);
      try (TreeEngine large = open(200)) {
        int[] want = Driver.greedy(large, large.root(prompt(50, 3)), had + 3);
        assertThat(rest).isEqualTo(java.util.Arrays.copyOfRange(want, had, had + 3));
      }
    }
  }

  @Test
  void aPromptThatAnotherTreeDemotedIsComputedAgainWhileItIsNeeded() {
    try (TreeEngine engine =
        TreeEngine.open(
            EngineOptions.of(TestModels.stories260K())
                .withKvMemory(160L * TOKEN)
                .withChunk(8)
                .withThreads(1))) {
      int[] prompt = prompt(60, 100);
      NodeId one = engine.root(prompt);
      NodeId two = engine.root(prompt);
      engine.decode(two, DecodeSpec.of(4).build());
      engine.step(e -> {});
      engine.demote(one, 0);
      engine.release(engine.root(prompt(140, 300)));
      Driver.drain(engine);
      int[] got = engine.tokens(two);
      engine.release(two);
      assertThat(java.util.Arrays.copyOfRange(got, 60, 64))
          .isEqualTo(Driver.greedy(engine, engine.root(prompt), 4));
    }
  }

  @Test
  void privateCopiesThatFindNoRoomAreAnErrorToo() {
    try (TreeEngine engine =
        TreeEngine.open(
            EngineOptions.of(TestModels.stories260K())
                .withKvMemory(160L * TOKEN)
                .withAttention(org.deft4j.tree.plan.AttentionMethod.SEQUENCE)
                .withThreads(1))) {
      NodeId root = engine.root(prompt(50, 3));
      List<NodeId> leaves = engine.fork(root, 4);
      leaves.forEach(l -> engine.decode(l, DecodeSpec.of(6).build()));
      assertThatThrownBy(() -> Driver.drain(engine))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("--kv-memory");
      leaves.subList(1, 4).forEach(engine::release);
      Driver.drain(engine);
      int[] got = engine.tokens(leaves.getFirst());
      assertThat(got).hasSize(6);
      try (TreeEngine large = open(300)) {
        assertThat(got).isEqualTo(Driver.greedy(large, large.root(prompt(50, 3)), 6));
      }
    }
  }

  @Test
  void tooLittleForOnePageIsRefused() {
    assertThatThrownBy(() -> open(3))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("--kv-memory");
  }

  @Test
  void defaultsToAShareOfFreeMemory() {
    try (TreeEngine engine =
        TreeEngine.open(EngineOptions.of(TestModels.stories260K()).withThreads(1))) {
      EngineInfo info = engine.info();
      assertThat(info.kvTokens()).isBetween(512, 64 * 512);
      assertThat(info.parameters()).isEqualTo(260_032);
      assertThat(info.weightType()).isEqualTo("F32");
      assertThat(info.model().architecture()).isEqualTo("llama");
      assertThat(info.contextLength()).isEqualTo(512);
    }
  }

  @Test
  void theContextIsALimit() {
    try (TreeEngine engine =
        TreeEngine.open(
            EngineOptions.of(TestModels.stories260K())
                .withKvMemory(1 << 20)
                .withContextLimit(20)
                .withThreads(1))) {
      assertThatThrownBy(() -> engine.root(prompt(21, 3)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("20 tokens");
      NodeId root = engine.root(prompt(17, 3));
      engine.decode(root, DecodeSpec.of(10).build());
      List<DecodeEvent> events = Driver.drain(engine);
      assertThat(events).hasSize(4);
      assertThat(events.getLast())
          .isInstanceOfSatisfying(
              DecodeEvent.Finished.class,
              f -> assertThat(f.reason().name()).isEqualTo("CONTEXT_FULL"));
      engine.decode(root, DecodeSpec.of(10).build());
      assertThat(Driver.drain(engine)).hasSize(1);
    }
  }
}
