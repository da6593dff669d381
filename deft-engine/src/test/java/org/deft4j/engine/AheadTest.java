package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.Backend;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Steps that begin before the tokens of the one before are read change nothing but the time. */
class AheadTest {
  private static final EngineOptions OPTIONS =
      EngineOptions.of(TestModels.stories260K())
          .withBackend("panama")
          .withThreads(1)
          .withDeterministic(true)
          .withChunk(16)
          .withKvMemory(16 << 20);

  /**
   * A search of branches that stop at tokens, are cancelled, released, forked, given tokens and
   * asked for choices when they reached lengths that their ids decide: what happens to a branch
   * does not depend on when other branches do what.
   */
  private static Map<NodeId, List<String>> search(TreeEngine engine, long seed) {
    Map<NodeId, List<String>> told = new TreeMap<>();
    NodeId root = engine.root(new int[] {1, 403, 407, 261, 378, 432, 383, 286, 261});
    List<NodeId> leaves = engine.fork(root, 6);
    Map<NodeId, Integer> depth = new HashMap<>();
    for (NodeId leaf : leaves) {
      depth.put(leaf, 0);
      begin(engine, leaf, seed, 0);
    }
    int steps = 0;
    while (engine.busy()) {
      assertThat(steps++).isLessThan(2000);
      List<DecodeEvent> events = new ArrayList<>();
      engine.step(events::add);
      for (DecodeEvent e : events) {
        told.computeIfAbsent(e.node(), _ -> new ArrayList<>()).add(text(e));
        SplittableRandom r = random(seed, e.node(), engine.length(e.node()));
        int d = depth.getOrDefault(e.node(), 0);
        switch (e) {
          case DecodeEvent.Sampled _ when r.nextInt(23) == 0 -> engine.cancel(e.node());
          case DecodeEvent.Finished _ -> goOn(engine, e.node(), d, r, depth, seed);
          case DecodeEvent.Extended _ -> begin(engine, e.node(), seed, d);
          case DecodeEvent.Chosen _ -> engine.extend(e.node(), new int[] {7}, r.nextBoolean());
          default -> {}
        }
      }
      for (NodeId n : told.keySet()) {
        // Nothing is there that was not told.
        assertThat(IntStream.of(engine.tokens(n))).as("%s", n).allMatch(t -> t >= 0);
      }
    }
    return told;
  }

  private static void goOn(
      TreeEngine engine,
      NodeId node,
      int d,
      SplittableRandom r,
      Map<NodeId, Integer> depth,
      long seed) {
    if (d == 3) {
      return;
    }
    depth.put(node, d + 1);
    switch (r.nextInt(4)) {
      case 0 -> engine.choices(node, new int[] {5, 6, 7});
      case 1 -> engine.extend(node, new int[] {8, 9, 10}, true);
      case 2 -> begin(engine, node, seed, d + 1);
      default -> {
        // Ids of new nodes must not depend on the order of steps, so the branch itself goes on,
        // after a fork that is released again.
        NodeId fork = engine.fork(node, engine.length(node) / 2, 1).getFirst();
        engine.release(fork);
        begin(engine, node, seed, d + 1);
      }
    }
  }

  private static SplittableRandom random(long seed, NodeId node, int length) {
    return new SplittableRandom(seed * 1_000_003 + node.value() * 1009 + length);
  }

  private static void begin(TreeEngine engine, NodeId leaf, long seed, int d) {
    SplittableRandom r = random(seed, leaf, engine.length(leaf));
    DecodeSpec.Builder spec =
        DecodeSpec.of(5 + r.nextInt(40)).temperature(1).seed(seed, leaf.value() * 8 + d);
    if (r.nextBoolean()) {
      spec.stopTokens(List.of(261, 286, 300 + r.nextInt(100)));
    }
    if (r.nextInt(3) == 0) {
      spec.stopStrings(List.of(". "));
    }
    if (r.nextInt(4) == 0) {
      spec.logitBias(Map.of(261, -2f)); // drawn on the host
    }
    engine.decode(leaf, spec.build());
  }

  private static String text(DecodeEvent e) {
    return switch (e) {
      case DecodeEvent.Extended x -> "extended " + Arrays.toString(x.logProbs());
      case DecodeEvent.Chosen c -> "chosen " + Arrays.toString(c.logProbs());
      default -> e.toString();
    };
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void searchesGiveTheSame(long seed) {
    EngineOptions options =
        seed % 3 == 0 ? OPTIONS.withAttention(AttentionMethod.SEQUENCE) : OPTIONS;
    LateBackend late = new LateBackend(TreeEngine.backend(options));
    try (TreeEngine plain = TreeEngine.open(options);
        TreeEngine ahead =
            TreeEngine.open(ModelSource.open(options.model()), options, late.backend())) {
      assertThat(search(ahead, seed)).isEqualTo(search(plain, seed));
    }
    assertThat(late.ahead).isPositive();
  }

  /** A token for each branch a call, whichever step computes it. */
  @Test
  void eachCallGivesATokenOfEachBranch() {
    LateBackend late = new LateBackend(TreeEngine.backend(OPTIONS));
    try (TreeEngine engine =
        TreeEngine.open(ModelSource.open(OPTIONS.model()), OPTIONS, late.backend())) {
      NodeId root = engine.root(new int[] {1, 403, 407});
      List<NodeId> leaves = engine.fork(root, 4);
      for (NodeId leaf : leaves) {
        engine.extend(leaf, new int[] {5}, false);
      }
      Driver.drain(engine);
      for (NodeId leaf : leaves) {
        engine.decode(leaf, DecodeSpec.of(30).temperature(1).seed(1, leaf.value()).build());
      }
      for (int i = 1; i <= 30; i++) {
        engine.step(_ -> {});
        for (NodeId leaf : leaves) {
          assertThat(engine.length(leaf)).isEqualTo(1 + i);
        }
      }
      assertThat(engine.busy()).isFalse();
      // The prompt, the token given, and a row for each token but the last.
      assertThat(engine.stats().rows()).isEqualTo(3 + 4 + 4 * 29);
      assertThat(engine.stats().steps()).isLessThanOrEqualTo(2 + 30);
      // What the last token of a request is known beforehand to be costs no step of its own.
      assertThat(late.ahead).isEqualTo(29);
    }
  }

  /** Where branches are short, a step for nothing costs more than it hides. */
  @Test
  void shortBranchesAreNotBegunAhead() {
    LateBackend late = new LateBackend(TreeEngine.backend(OPTIONS));
    try (TreeEngine engine =
        TreeEngine.open(ModelSource.open(OPTIONS.model()), OPTIONS, late.backend())) {
      NodeId root = engine.root(new int[] {1, 403, 407});
      // Any token ends a branch: none can be told to go on.
      List<Integer> all = IntStream.range(0, engine.codec().vocabularySize()).boxed().toList();
      for (int i = 0; i < 60; i++) {
        NodeId leaf = engine.fork(root, 1).getFirst();
        engine.extend(leaf, new int[] {5 + i}, false);
        Driver.drain(engine);
        engine.decode(leaf, DecodeSpec.of(9).stopTokens(all).seed(1, i).temperature(1).build());
        Driver.drain(engine);
        assertThat(engine.length(leaf)).isEqualTo(2);
        engine.release(leaf);
      }
      assertThat(late.ahead).isBetween(1, 8);
    }
  }

  /** Memory that runs out again and again costs branches, but never a token of those that stay. */
  @ParameterizedTest
  @EnumSource(
      value = AttentionMethod.class,
      names = {"FLATTEN", "SEQUENCE"})
  void branchesThatStayHaveTheirTokensWhereMemoryIsShort(AttentionMethod method) {
    int[] prompt = {1, 403, 407, 261, 378, 432, 383, 286, 261};
    int full = 0;
    int stayed = 0;
    for (int seed = 0; seed < 40; seed++) {
      List<DecodeSpec> specs = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        specs.add(DecodeSpec.of(12 + 5 * i % 31).temperature(1).seed(seed, i).build());
      }
      Map<Integer, int[]> alone = new HashMap<>();
      EngineOptions options = OPTIONS.withAttention(method);
      try (TreeEngine engine = TreeEngine.open(options)) {
        NodeId root = engine.root(prompt);
        for (int i = 0; i < 8; i++) {
          NodeId leaf = engine.fork(root, 1).getFirst();
          engine.decode(leaf, specs.get(i));
          Driver.drain(engine);
          alone.put(i, engine.tokens(leaf));
        }
      }
      SplittableRandom random = new SplittableRandom(seed);
      try (TreeEngine engine =
          LateBackend.open(options.withPageSize(1).withKvMemory((96 + 56 * (seed % 3)) * 1280L))) {
        NodeId root = engine.root(prompt);
        List<NodeId> leaves = new ArrayList<>(engine.fork(root, 8));
        Map<NodeId, Integer> which = new HashMap<>();
        for (int i = 0; i < 8; i++) {
          which.put(leaves.get(i), i);
          engine.decode(leaves.get(i), specs.get(i));
        }
        while (engine.busy()) {
          try {
            engine.step(_ -> {});
          } catch (DeftException e) {
            assertThat(e.exitCode()).isEqualTo(DeftException.OUT_OF_MEMORY);
            full++;
            engine.release(leaves.remove(random.nextInt(leaves.size())));
          }
          if (random.nextInt(6) == 0) {
            // What is forked and released again moves pages about.
            NodeId at = leaves.get(random.nextInt(leaves.size()));
            engine.release(engine.fork(at, engine.length(at) / 2, 1).getFirst());
          }
        }
        for (NodeId leaf : leaves) {
          assertThat(engine.tokens(leaf))
              .as("seed %d, branch %d", seed, which.get(leaf))
              .isEqualTo(alone.get(which.get(leaf)));
          stayed++;
        }
      }
    }
    assertThat(full).isGreaterThan(20);
    assertThat(stayed).isGreaterThan(80);
  }

  /** Tokens that are lost with the step that draws them are not there, and nothing goes on. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStepThatTookTokensWithItEndsTheEngine(boolean told) {
    RuntimeException fault =
        told ? new DeftException(DeftException.RUNTIME, "lost") : new IllegalStateException("lost");
    Backend late = new LateBackend(TreeEngine.backend(OPTIONS)).backend();
    boolean[] fails = {false};
    Backend faulty =
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(),
                new Class<?>[] {Backend.class},
                (proxy, method, args) -> {
                  if (method.getName().equals("forward")) {
                    return InvocationHandler.invokeDefault(proxy, method, args);
                  }
                  if (fails[0] && method.getName().equals("await")) {
                    throw fault;
                  }
                  try {
                    return method.invoke(late, args);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    try (TreeEngine engine = TreeEngine.open(ModelSource.open(OPTIONS.model()), OPTIONS, faulty)) {
      NodeId root = engine.root(new int[] {1, 403, 407});
      List<NodeId> leaves = engine.fork(root, 3);
      leaves.forEach(
          l -> engine.decode(l, DecodeSpec.of(30).temperature(1).seed(1, l.value()).build()));
      for (int i = 0; i < 5; i++) {
        engine.step(_ -> {});
      }
      int[] before = engine.tokens(leaves.getFirst());
      fails[0] = true;
      assertThatThrownBy(() -> engine.step(_ -> {})).isSameAs(fault);
      fails[0] = false;
      assertThat(engine.tokens(leaves.getFirst())).isEqualTo(before);
      assertThatThrownBy(() -> engine.step(_ -> {}))
          .isInstanceOfSatisfying(
              DeftException.class, e -> assertThat(e.exitCode()).isEqualTo(DeftException.RUNTIME));
      engine.release(root);
    }
  }

  /** Who measures single steps can have them so. */
  @Test
  void itCanBeForbidden() {
    LateBackend late = new LateBackend(TreeEngine.backend(OPTIONS));
    try (TreeEngine engine =
        TreeEngine.open(ModelSource.open(OPTIONS.model()), OPTIONS, late.backend())) {
      NodeId leaf = engine.fork(engine.root(new int[] {1, 403, 407}), 1).getFirst();
      engine.extend(leaf, new int[] {5}, false);
      Driver.drain(engine);
      engine.decode(leaf, DecodeSpec.of(30).temperature(1).build());
      engine.step(_ -> {});
      engine.step(_ -> {});
      int ahead = late.ahead;
      assertThat(ahead).isEqualTo(2);
      engine.ahead(false);
      assertThat(engine.step(_ -> {})).as("what was on its way").isZero();
      assertThat(engine.length(leaf)).isEqualTo(1 + 3);
      for (int i = 0; i < 5; i++) {
        assertThat(engine.step(_ -> {})).isEqualTo(1);
        assertThat(engine.length(leaf)).isEqualTo(1 + 4 + i);
      }
      assertThat(late.ahead).isEqualTo(ahead);
    }
  }
}
