package org.deft4j.tree;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.deft4j.testing.RandomForests;

/** Checks a forest against a naive walk and against the paths that its users expect. */
final class ForestInvariants {
  private ForestInvariants() {}

  static void check(RandomForests f) {
    Forest forest = f.forest();
    List<Integer> listed = new ArrayList<>();
    List<Integer> walked = new ArrayList<>();
    for (int s = forest.first(); s != Forest.NONE; s = forest.next(s)) {
      listed.add(s);
      if (forest.parent(s) == Forest.NONE) {
        assertThat(forest.start(s)).isZero();
        walk(forest, s, walked);
      }
    }
    assertThat(listed).isEqualTo(walked).hasSize(forest.segments());
    for (int i = 1; i < listed.size(); i++) {
      assertThat(forest.compare(listed.get(i - 1), listed.get(i))).isNegative();
    }
    BitSet slots = new BitSet();
    for (int s : listed) {
      assertThat(forest.filled(s)).isBetween(0, forest.length(s));
      for (int i = 0; forest.resident(s) && i < forest.length(s); i++) {
        assertThat(slots.get(forest.slot(s, i))).isFalse();
        slots.set(forest.slot(s, i));
        assertThat(f.pool().isUsed(forest.slot(s, i))).isTrue();
      }
      if (!forest.resident(s)) {
        assertThat(forest.runs(s)).isZero();
        assertThat(forest.filled(s)).isZero();
      }
      // Nothing stays that nobody holds, but cached prompts.
      if (forest.references(s) == 0 && forest.firstChild(s) == Forest.NONE) {
        assertThat(forest.cached(s) && forest.resident(s)).isTrue();
      }
    }
    assertThat(f.pool().usedSlots()).isEqualTo(slots.cardinality());
    int references = 0;
    for (int s : listed) {
      references += forest.references(s);
    }
    assertThat(references).isEqualTo(f.handles().size());
    for (int i = 0; i < f.handles().size(); i++) {
      int handle = f.handles().get(i);
      assertThat(forest.pathTokens(handle, 0, forest.pathLength(handle)))
          .isEqualTo(f.expectedPath(i));
    }
  }

  private static void walk(Forest forest, int s, List<Integer> out) {
    out.add(s);
    for (int c = forest.firstChild(s); c != Forest.NONE; c = forest.nextSibling(c)) {
      assertThat(forest.parent(c)).isEqualTo(s);
      assertThat(forest.start(c)).isEqualTo(forest.pathLength(s));
      walk(forest, c, out);
    }
  }
}
