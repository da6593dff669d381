package org.deft4j.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;

/** Short cuts for tests that drive an engine. */
final class Driver {
  private Driver() {}

  static List<DecodeEvent> drain(TreeEngine engine) {
    List<DecodeEvent> events = new ArrayList<>();
    while (engine.busy()) {
      engine.step(events::add);
    }
    return events;
  }

  static int[] greedy(TreeEngine engine, NodeId leaf, int n) {
    int had = engine.length(leaf);
    engine.decode(leaf, DecodeSpec.of(n).build());
    drain(engine);
    int[] all = engine.tokens(leaf);
    return Arrays.copyOfRange(all, had, all.length);
  }

  /** Log-probabilities of the whole vocabulary as the next token. */
  static float[] next(TreeEngine engine, NodeId leaf) {
    engine.choices(leaf, IntStream.range(0, engine.codec().vocabularySize()).toArray());
    for (DecodeEvent e : drain(engine)) {
      if (e instanceof DecodeEvent.Chosen c && c.node().equals(leaf)) {
        return c.logProbs();
      }
    }
    throw new AssertionError("no answer");
  }
}
