package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** With {@code deterministic} a branch's bits depend on nothing around it. */
class DeterminismTest {
  private static final int BRANCHES = 32;
  private static final int TOKENS = 6;

  /** Token and bits of the log-probability of each sample of each branch. */
  private static List<List<Long>> run(
      AttentionMethod method, int batch, int threads, int chunk, String backend) {
    List<List<Long>> out = new ArrayList<>();
    try (TreeEngine engine =
        TreeEngine.open(
            EngineOptions.of(TestModels.stories260K())
                .withBackend(backend)
                .withDeterministic(true)
                .withAttention(method)
                .withChunk(chunk)
                .withKvMemory(32 << 20)
                .withThreads(threads))) {
      assertThat(engine.capabilities().deterministic()).isTrue();
      int[] prompt = new int[150];
      for (int i = 0; i < prompt.length; i++) {
        prompt[i] = 3 + i * 37 % 500;
      }
      NodeId root = engine.root(prompt);
      for (int from = 0; from < BRANCHES; from += batch) {
        int n = Math.min(batch, BRANCHES - from);
        List<NodeId> leaves = new ArrayList<>();
        for (int i = from; i < from + n; i++) {
          // Some branches leave the prompt early, and all differ in length.
          NodeId leaf = engine.fork(root, i % 3 == 0 ? 150 - i : 150, 1).getFirst();
          leaves.add(leaf);
          int[] own = new int[1 + i % 5];
          java.util.Arrays.fill(own, 10 + i);
          engine.extend(leaf, own, false);
          out.add(new ArrayList<>());
        }
        Driver.drain(engine);
        for (int i = 0; i < n; i++) {
          engine.decode(
              leaves.get(i), DecodeSpec.of(TOKENS).temperature(1).seed(5, from + i).build());
        }
        for (DecodeEvent e : Driver.drain(engine)) {
          if (e instanceof DecodeEvent.Sampled s) {
            out.get(from + leaves.indexOf(s.node()))
                .add((long) s.token() << 32 | (Float.floatToIntBits(s.logProb()) & 0xFFFFFFFFL));
          }
        }
        leaves.forEach(engine::release);
      }
    }
    assertThat(out).allMatch(l -> l.size() == TOKENS);
    return out;
  }

  @ParameterizedTest
  @EnumSource(AttentionMethod.class)
  void batchThreadsAndChunksDoNotMatter(AttentionMethod method) {
    List<List<Long>> one = run(method, 1, 1, 512, "auto");
    assertThat(run(method, 1, 2, 512, "auto")).isEqualTo(one);
    assertThat(run(method, 7, 1, 64, "auto")).isEqualTo(one);
    assertThat(run(method, 32, 2, 512, "auto")).isEqualTo(one);
    assertThat(run(method, 7, 2, 512, "auto")).isEqualTo(one);
    assertThat(run(method, 32, 1, 33, "auto")).isEqualTo(one);
  }
}
