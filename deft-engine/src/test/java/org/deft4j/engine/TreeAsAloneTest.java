package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A tree decoded as a tree gives each branch what it gets when it is decoded alone. */
class TreeAsAloneTest {
  private static final int STEPS = 3;

  /** What one branch saw: log-probabilities before each of its steps, and its tokens. */
  private record Seen(List<float[]> next, List<Integer> tokens) {
    Seen() {
      this(new ArrayList<>(), new ArrayList<>());
    }
  }

  private int steps;
  private int excused;

  private static TreeEngine open(AttentionMethod method, KvType kv, int page, int chunk) {
    return TreeEngine.open(
        EngineOptions.of(TestModels.stories260K())
            .withAttention(method)
            .withKvType(kv)
            .withPageSize(page)
            .withChunk(chunk)
            .withKvMemory(4 << 20)
            .withThreads(1));
  }

  /** All leaves step by step together: all log-probabilities, then the likeliest token. */
  private static List<Seen> together(TreeEngine engine, List<NodeId> leaves) {
    int[] vocabulary = IntStream.range(0, engine.codec().vocabularySize()).toArray();
    List<Seen> seen = leaves.stream().map(l -> new Seen()).toList();
    for (int step = 0; step < STEPS; step++) {
      leaves.forEach(l -> engine.choices(l, vocabulary));
      for (DecodeEvent e : Driver.drain(engine)) {
        if (e instanceof DecodeEvent.Chosen c) {
          seen.get(leaves.indexOf(c.node())).next.add(c.logProbs());
        }
      }
      // Every other step chooses from a forward pass instead of kept logits.
      leaves.forEach(l -> engine.decode(l, DecodeSpec.of(1).build()));
      for (DecodeEvent e : Driver.drain(engine)) {
        if (e instanceof DecodeEvent.Sampled s) {
          seen.get(leaves.indexOf(s.node())).tokens.add(s.token());
        }
      }
    }
    return seen;
  }

  /** One branch alone, following the tokens that were chosen in the tree. */
  private static List<float[]> alone(TreeEngine engine, int[] path, List<Integer> tokens) {
    List<float[]> next = new ArrayList<>();
    NodeId leaf = engine.root(path);
    for (int token : tokens) {
      next.add(Driver.next(engine, leaf));
      engine.extend(leaf, new int[] {token}, false);
      Driver.drain(engine);
    }
    engine.release(leaf);
    return next;
  }

  private void compare(Seen tree, List<float[]> alone, double tolerance, String what) {
    for (int s = 0; s < STEPS; s++) {
      float[] a = tree.next.get(s);
      float[] b = alone.get(s);
      double scale = 1;
      for (float x : b) {
        scale = Math.max(scale, Math.abs(x));
      }
      for (int t = 0; t < a.length; t++) {
        assertThat(Math.abs(a[t] - b[t])).as(what).isLessThanOrEqualTo((float) (tolerance * scale));
      }
      float best = Float.NEGATIVE_INFINITY;
      for (float x : b) {
        best = Math.max(best, x);
      }
      steps++;
      float chosen = b[tree.tokens.get(s)];
      if (chosen != best) {
        // Another token than alone: only where the two were too close to tell.
        assertThat(best - chosen).as(what).isLessThanOrEqualTo((float) (tolerance * scale));
        excused++;
      }
    }
  }

  private void trees(int from, int to, KvType kv, double tolerance) {
    Map<AttentionMethod, TreeEngine> engines = new EnumMap<>(AttentionMethod.class);
    TreeEngine single = open(AttentionMethod.FLATTEN, kv, 16, 512);
    try {
      int page = 0;
      for (AttentionMethod m : AttentionMethod.values()) {
        int[] pages = {16, 1, 32, 64};
        engines.put(m, open(m, kv, pages[page % 4], page % 3 == 0 ? 512 : 9));
        page++;
      }
      for (int seed = from; seed < to; seed++) {
        Map<String, List<float[]>> known = new java.util.HashMap<>();
        for (AttentionMethod m : engines.keySet()) {
          TreeEngine engine = engines.get(m);
          RandomTree tree = new RandomTree(engine, seed);
          List<int[]> paths = tree.leaves.stream().map(engine::path).toList();
          List<Seen> seen = together(engine, tree.leaves);
          for (int i = 0; i < seen.size(); i++) {
            List<Integer> tokens = seen.get(i).tokens;
            int[] path = paths.get(i);
            List<float[]> alone =
                known.computeIfAbsent(
                    Arrays.toString(path) + tokens, k -> alone(single, path, tokens));
            compare(seen.get(i), alone, tolerance, m + " seed " + seed + " leaf " + i);
          }
          engine.release(tree.root);
          assertThat(engine.stats().kvBytesShared()).isZero();
        }
      }
    } finally {
      engines.values().forEach(TreeEngine::close);
      single.close();
    }
    assertThat(steps).isGreaterThan(50);
    assertThat(excused).as("excused of %s steps", steps).isLessThanOrEqualTo(steps / 100);
  }

  @Test
  void everyMethod() {
    trees(0, 30, KvType.F32, 1e-4);
  }

  @Test
  @Tag("slow")
  void everyMethodOn200Trees() {
    trees(0, 200, KvType.F32, 1e-4);
  }

  @ParameterizedTest
  @CsvSource({"F16", "BF16"})
  void withHalfSizeKeysAndValues(KvType kv) {
    trees(1000, 1008, kv, 2e-3);
  }

  @ParameterizedTest
  @CsvSource({"F16", "BF16"})
  @Tag("slow")
  void withHalfSizeKeysAndValuesOnManyTrees(KvType kv) {
    trees(1000, 1060, kv, 2e-3);
  }
}
