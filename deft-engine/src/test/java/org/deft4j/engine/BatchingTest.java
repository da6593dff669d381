package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.deft4j.engine.sample.LogitsConstraint;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.DecoderStats;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;
import org.junit.jupiter.api.Test;

/** Prompts and branches in one batch, kept logits, and what is computed how often. */
class BatchingTest {
  private static final int[] PROMPT = {1, 403, 407, 261, 378, 432, 383, 286, 261};

  private static TreeEngine open(int chunk) {
    return TreeEngine.open(
        EngineOptions.of(TestModels.stories260K())
            .withChunk(chunk)
            .withKvMemory(4 << 20)
            .withThreads(1));
  }

  private static int[] longPrompt(int n) {
    int[] p = new int[n];
    for (int i = 0; i < n; i++) {
      p[i] = 3 + i * 31 % 500;
    }
    return p;
  }

  @Test
  void branchesDecodeWhileAPromptIsComputedInChunks() {
    try (TreeEngine engine = open(24)) {
      NodeId a = engine.root(PROMPT);
      NodeId b = engine.root(longPrompt(200));
      engine.decode(a, DecodeSpec.of(30).build());
      engine.decode(b, DecodeSpec.of(5).build());
      int firstOfB = -1;
      int step = 0;
      while (engine.busy()) {
        List<DecodeEvent> events = new ArrayList<>();
        int rows = engine.step(events::add);
        assertThat(rows).isLessThanOrEqualTo(24);
        if (engine.length(b) > 200 && firstOfB < 0) {
          firstOfB = step;
        }
        step++;
      }
      // 200 tokens at 23 a step beside a decoding branch.
      assertThat(firstOfB).isBetween(8, 9);
      try (TreeEngine other = open(512)) {
        assertThat(Arrays.copyOfRange(engine.tokens(a), 9, 39))
            .isEqualTo(Driver.greedy(other, other.root(PROMPT), 30));
        assertThat(Arrays.copyOfRange(engine.tokens(b), 200, 205))
            .isEqualTo(Driver.greedy(other, other.root(longPrompt(200)), 5));
      }
    }
  }

  @Test
  void forksOfASealedNodeSampleWithoutAForwardPass() {
    try (TreeEngine engine = open(512)) {
      NodeId root = engine.root(PROMPT);
      NodeId leaf = engine.fork(root, 1).getFirst();
      Driver.greedy(engine, leaf, 3);
      engine.seal(leaf);
      List<NodeId> first = engine.fork(leaf, 2);
      first.forEach(n -> engine.decode(n, DecodeSpec.of(1).build()));
      assertThat(engine.step(e -> {})).as("the last token's row, once").isEqualTo(1);
      List<NodeId> later = engine.fork(leaf, 5);
      for (int i = 0; i < later.size(); i++) {
        engine.decode(later.get(i), DecodeSpec.of(1).temperature(9).seed(1, i).build());
      }
      List<DecodeEvent> events = new ArrayList<>();
      assertThat(engine.step(events::add)).as("no row").isZero();
      assertThat(events).hasSize(10);
      assertThat(engine.busy()).isFalse();
      assertThat(later.stream().map(n -> engine.tokens(n)[0]).distinct().count())
          .as("each draws by its own stream")
          .isGreaterThan(1);
    }
  }

  @Test
  void aForkInsideComputesTheLastTokensQueryOnly() {
    try (TreeEngine engine = open(512)) {
      NodeId root = engine.root(longPrompt(100));
      Driver.greedy(engine, root, 1);
      DecoderStats before = engine.stats();
      List<NodeId> forks = engine.fork(root, 60, 3);
      forks.forEach(n -> engine.decode(n, DecodeSpec.of(1).build()));
      assertThat(engine.step(e -> {})).isEqualTo(1);
      DecoderStats after = engine.stats();
      assertThat(after.recomputedTokens() - before.recomputedTokens()).isEqualTo(1);
      assertThat(after.prefilledTokens()).isEqualTo(before.prefilledTokens());
    }
  }

  @Test
  void theLedgerAndSharingAreCounted() {
    try (TreeEngine engine = open(512)) {
      NodeId root = engine.root(longPrompt(64));
      List<NodeId> leaves = engine.fork(root, 8);
      leaves.forEach(n -> engine.decode(n, DecodeSpec.of(4).build()));
      Driver.drain(engine);
      DecoderStats s = engine.stats();
      long token = 1280;
      assertThat(s.kvBytes()).isEqualTo((64 + 8 * 4) * token);
      assertThat(s.kvBytesShared()).isEqualTo(7 * 64 * token);
      assertThat(s.decodedTokens()).isEqualTo(32);
      assertThat(s.prefilledTokens()).isEqualTo(64);
      assertThat(s.rows()).isEqualTo(64 + 8 * 3);
      assertThat(s.steps()).isEqualTo(4);
      assertThat(s.io().kvTokens()).isPositive();
      assertThat(s.io().kv()).isEqualTo(s.io().kvTokens() * token / 5);
    }
  }

  @Test
  void stopStringsAcrossTokens() {
    try (TreeEngine engine = open(512)) {
      NodeId root = engine.root(PROMPT);
      NodeId free = engine.fork(root, 1).getFirst();
      int[] tokens = Driver.greedy(engine, free, 40);
      String text = engine.codec().decode(tokens);
      // Three characters that stand in two tokens.
      for (int at = 5; at < 40; at += 7) {
        String stop = text.substring(at, at + 3);
        NodeId leaf = engine.fork(root, 1).getFirst();
        engine.decode(leaf, DecodeSpec.of(40).stopStrings(List.of("never", stop)).build());
        DecodeEvent last = Driver.drain(engine).getLast();
        assertThat(last)
            .isInstanceOfSatisfying(
                DecodeEvent.Finished.class,
                f -> assertThat(f.reason()).isEqualTo(FinishReason.STOP_STRING));
        String got = engine.codec().decode(engine.tokens(leaf));
        assertThat(got).contains(stop).isEqualTo(text.substring(0, got.length()));
        int[] less = engine.tokens(leaf);
        assertThat(engine.codec().decode(Arrays.copyOf(less, less.length - 1)))
            .doesNotContain(stop);
      }
    }
  }

  @Test
  void biasAndConstraintsSteer() {
    try (TreeEngine engine = open(512)) {
      NodeId root = engine.root(PROMPT);
      NodeId biased = engine.fork(root, 1).getFirst();
      engine.decode(biased, DecodeSpec.of(3).logitBias(Map.of(77, 1000f)).build());
      NodeId constrained = engine.fork(root, 1).getFirst();
      List<Integer> accepted = new ArrayList<>();
      engine.decode(
          constrained,
          DecodeSpec.of(4).temperature(1).build(),
          new LogitsConstraint() {
            @Override
            public void mask(float[] logits) {
              for (int i = 0; i < logits.length; i++) {
                logits[i] = i % 100 == 5 ? logits[i] : Float.NEGATIVE_INFINITY;
              }
            }

            @Override
            public void accept(int token) {
              accepted.add(token);
            }
          });
      Driver.drain(engine);
      assertThat(engine.tokens(biased)).containsOnly(77);
      assertThat(Arrays.stream(engine.tokens(constrained)).allMatch(t -> t % 100 == 5)).isTrue();
      assertThat(accepted).hasSize(4);
      assertThatThrownBy(
              () -> engine.decode(root, DecodeSpec.of(3).logitBias(Map.of(512, 1f)).build()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("512");
      assertThatThrownBy(() -> engine.extend(root, new int[] {-1}, false))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void forksInsideAnExtensionThatIsBeingComputed() {
    int[] tokens = longPrompt(60);
    try (TreeEngine engine = open(7)) {
      NodeId root = engine.root(PROMPT);
      NodeId leaf = engine.fork(root, 1).getFirst();
      engine.extend(leaf, tokens, true);
      List<DecodeEvent> events = new ArrayList<>();
      List<NodeId> forks = new ArrayList<>();
      for (int i = 0; engine.busy(); i++) {
        engine.step(events::add);
        if (i < 4) {
          forks.addAll(engine.fork(leaf, 10 * i + 3, 2));
          engine.decode(forks.getLast(), DecodeSpec.of(5).build());
        }
      }
      float[] logProbs =
          events.stream()
              .filter(DecodeEvent.Extended.class::isInstance)
              .map(e -> ((DecodeEvent.Extended) e).logProbs())
              .findFirst()
              .orElseThrow();
      try (TreeEngine other = open(512)) {
        NodeId whole = other.root(PROMPT);
        NodeId again = other.fork(whole, 1).getFirst();
        other.extend(again, tokens, true);
        float[] want = ((DecodeEvent.Extended) Driver.drain(other).getFirst()).logProbs();
        assertThat(logProbs).hasSize(60);
        for (int i = 0; i < 60; i++) {
          assertThat(logProbs[i]).isCloseTo(want[i], within(1e-3f));
        }
        for (int i = 0; i < 4; i++) {
          NodeId fork = other.fork(again, 10 * i + 3, 1).getFirst();
          assertThat(engine.tokens(forks.get(2 * i + 1))).isEqualTo(Driver.greedy(other, fork, 5));
        }
      }
    }
  }

  @Test
  void eventsOfWhatAnEventReleasedAreNotTold() {
    try (TreeEngine engine = open(512)) {
      List<NodeId> leaves = engine.fork(engine.root(PROMPT), 3);
      leaves.forEach(n -> engine.decode(n, DecodeSpec.of(1).build()));
      List<NodeId> told = new ArrayList<>();
      engine.step(e -> {
        if (told.isEmpty()) {
          engine.release(leaves.get(1));
        }
        told.add(e.node());
      });
      assertThat(told).doesNotContain(leaves.get(1)).contains(leaves.get(2));
    }
  }

  @Test
  void thousandsOfStepsLeakNothing() {
    try (TreeEngine engine = open(512)) {
      for (int i = 0; i < 300; i++) {
        NodeId root = engine.root(PROMPT);
        List<NodeId> leaves = engine.fork(root, 3);
        leaves.forEach(n -> engine.decode(n, DecodeSpec.of(3).build()));
        Driver.drain(engine);
        engine.fork(leaves.get(1), 1, 2);
        engine.release(leaves.getFirst());
        engine.release(root);
        assertThat(engine.stats().kvBytes()).isZero();
      }
    }
  }
}
