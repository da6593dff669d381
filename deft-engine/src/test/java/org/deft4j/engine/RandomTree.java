package org.deft4j.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.tree.decode.NodeId;

/** A tree of forks at ends and in the middle of nodes, with given tokens. */
final class RandomTree {
  final List<NodeId> leaves = new ArrayList<>();
  final NodeId root;

  /** Builds it in an engine; the same seed gives the same tree in any engine. */
  RandomTree(TreeEngine engine, long seed) {
    SplittableRandom r = new SplittableRandom(seed);
    root = engine.root(tokens(r, 2 + r.nextInt(30)));
    List<NodeId> all = new ArrayList<>(List.of(root));
    int rounds = 1 + r.nextInt(5);
    for (int i = 0; i < rounds; i++) {
      NodeId at = all.get(r.nextInt(all.size()));
      int length = engine.length(at);
      int least = at.equals(root) ? 1 : 0;
      int place = r.nextBoolean() ? length : least + r.nextInt(length - least + 1);
      List<NodeId> children = engine.fork(at, place, 1 + r.nextInt(4));
      leaves.remove(at);
      for (NodeId child : children) {
        if (r.nextInt(4) > 0) {
          engine.extend(child, tokens(r, 1 + r.nextInt(9)), r.nextInt(4) == 0);
        }
      }
      if (r.nextBoolean()) {
        Driver.drain(engine);
      }
      all.addAll(children);
      leaves.addAll(children);
    }
    Driver.drain(engine);
  }

  private static int[] tokens(SplittableRandom r, int n) {
    int[] t = new int[n];
    for (int i = 0; i < n; i++) {
      t[i] = 3 + r.nextInt(509);
    }
    return t;
  }
}
