package org.deft4j.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.deft4j.testing.RandomForests;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ForestTest {
  private final PagePool pool = new PagePool(16, 64);
  private final Forest forest = new Forest(pool);

  /** Slots too few, so that evictions and exhaustion are part of it; and plenty. */
  @ParameterizedTest
  @ValueSource(ints = {300, 4000})
  void randomEditsKeepTheInvariants(int slots) {
    for (int seed = 0; seed < 300; seed++) {
      RandomForests f = new RandomForests(seed, slots);
      try {
        for (int i = 0; i < 12; i++) {
          f.edit(4);
          ForestInvariants.check(f);
          if (slots > 300) {
            f.nextBatch().layout();
            f.batch().commit();
            ForestInvariants.check(f);
          }
        }
        f.releaseAll();
        assertThat(f.pool().usedSlots()).isZero();
        assertThat(f.forest().segments()).isZero();
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  @Test
  void aTokenThatWasAppendedBeforeItWasKnownIsReplaced() {
    int root = forest.root(tokens(0, 20));
    int leaf = forest.child(root);
    assertThatThrownBy(() -> forest.replaceLast(leaf, 7)).isInstanceOf(IllegalStateException.class);
    forest.append(leaf, 5);
    forest.append(leaf, -3);
    int slot = forest.slot(leaf, 1);
    forest.replaceLast(leaf, 7);
    assertThat(forest.pathTokens(leaf, 18, 22)).containsExactly(18, 19, 5, 7);
    assertThat(forest.slot(leaf, 1)).isEqualTo(slot);
    assertThat(forest.filled(leaf)).isZero();
    // A prompt is found by its tokens, a child has seen those above it.
    assertThatThrownBy(() -> forest.replaceLast(root, 7)).isInstanceOf(IllegalStateException.class);
    int below = forest.child(leaf);
    assertThatThrownBy(() -> forest.replaceLast(leaf, 8)).isInstanceOf(IllegalStateException.class);
    forest.release(below);
    forest.replaceLast(leaf, 8);
    assertThat(forest.pathTokens(leaf, 21, 22)).containsExactly(8);
  }

  @Test
  void aForkCopiesNothing() {
    int root = forest.root(tokens(0, 100));
    int used = pool.usedSlots();
    int[] children = new int[10];
    int mid = forest.at(root, 37);
    for (int i = 0; i < 10; i++) {
      children[i] = forest.child(mid);
    }
    assertThat(pool.usedSlots()).isEqualTo(used);
    assertThat(forest.length(mid)).isEqualTo(37);
    assertThat(forest.length(root)).isEqualTo(63);
    assertThat(forest.parent(root)).isEqualTo(mid);
    assertThat(forest.tokens(root)).isEqualTo(tokens(37, 100));
    assertThat(forest.at(root, 37)).isEqualTo(mid);
    assertThat(forest.at(children[3], 37)).isEqualTo(children[3]);
    assertThat(forest.compare(root, children[0])).isNegative();
    // The page that straddles the split is held by both until both are gone.
    int page = forest.slot(root, 0) / 16;
    assertThat(forest.slot(mid, 36) / 16).isEqualTo(page);
    assertThat(pool.references(page)).isEqualTo(16);
    forest.prune(root);
    assertThat(pool.references(page)).isEqualTo(37 % 16);
  }

  @Test
  void singleTokenSegmentsDoNotCostAPageEach() {
    int root = forest.root(tokens(0, 16));
    for (int i = 0; i < 64; i++) {
      forest.append(forest.child(root), i);
    }
    assertThat(pool.usedPages()).isEqualTo(1 + 4);
  }

  @Test
  void branchesThatGrowTogetherGetLongRuns() {
    Forest wide = new Forest(new PagePool(16, 256));
    int root = wide.root(tokens(0, 40));
    int[] leaves = IntStream.range(0, 8).map(i -> wide.child(root)).toArray();
    for (int step = 0; step < 100; step++) {
      for (int leaf : leaves) {
        wide.append(leaf, step);
      }
    }
    for (int leaf : leaves) {
      assertThat(wide.runs(leaf)).isLessThanOrEqualTo(3);
    }
  }

  @Test
  void equalPrefixesOfPromptsAreOneSegment() {
    int a = forest.root(tokens(0, 50));
    forest.setFilled(a, 45);
    assertThat(forest.match(tokens(0, 60))).isEqualTo(50);
    int same = forest.root(tokens(0, 50));
    assertThat(same).isEqualTo(a);
    assertThat(forest.references(a)).isEqualTo(2);
    int[] other = tokens(0, 40);
    other[30] = -1;
    int b = forest.root(other);
    assertThat(pool.usedSlots()).isEqualTo(60);
    int head = forest.parent(b);
    assertThat(forest.parent(a)).isEqualTo(head);
    assertThat(forest.length(head)).isEqualTo(30);
    assertThat(forest.filled(head)).isEqualTo(30);
    assertThat(forest.filled(a)).isEqualTo(15);
    assertThat(forest.unfilled(b)).isEqualTo(10);
    assertThat(forest.firstUnfilled(b)).isEqualTo(b);
    int shorter = forest.root(tokens(0, 30));
    assertThat(shorter).isEqualTo(head);
    int longer = forest.root(tokens(0, 55));
    assertThat(forest.parent(longer)).isEqualTo(a);
    assertThat(forest.slotsShared()).isEqualTo((40 + 55) - (30 + 10 + 20 + 5));
  }

  @Test
  void promptsStayCachedAndGoLeastRecentlyUsedFirst() {
    Forest small = new Forest(new PagePool(16, 8));
    int[] first = tokens(0, 40);
    int[] second = tokens(100, 140);
    small.release(small.root(first));
    small.release(small.root(second));
    assertThat(small.pool().usedSlots()).isEqualTo(80);
    assertThat(small.slotsInUse()).isZero();
    small.release(small.root(first));
    int big = small.root(tokens(200, 280));
    assertThat(small.match(second)).isZero();
    assertThat(small.match(first)).isEqualTo(40);
    assertThatThrownBy(() -> small.root(tokens(300, 349)))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("--kv-memory");
    small.release(big);
    small.dropCache();
    assertThat(small.pool().usedSlots()).isZero();
    assertThat(small.segments()).isZero();
  }

  @Test
  void demotedSegmentsGoFirstByPriorityAndComeBack() {
    Forest small = new Forest(new PagePool(16, 8));
    int cached = small.root(tokens(500, 520));
    small.release(cached);
    int root = small.root(tokens(0, 20));
    small.setFilled(root, 20);
    int low = grown(small, root, 24);
    int high = grown(small, root, 24);
    small.demote(high, 2);
    small.demote(low, 1);
    int more = grown(small, root, 50);
    assertThat(small.resident(low)).isFalse();
    assertThat(small.resident(high)).isTrue();
    assertThat(small.match(tokens(500, 520))).isEqualTo(20);
    assertThat(small.tokens(low)).isEqualTo(tokens(0, 24));
    small.release(more);
    assertThat(small.restore(low)).isEqualTo(24 + 0);
    assertThat(small.resident(low)).isTrue();
    assertThat(small.filled(low)).isZero();
    RowBatch batch = new RowBatch(small);
    batch.add(low, 24);
    assertThat(batch.layout().rows()).isEqualTo(24);
  }

  @Test
  void headsOfSplitsFollowTheirChildren() {
    Forest small = new Forest(new PagePool(16, 8));
    int root = small.root(tokens(0, 20));
    int leaf = grown(small, root, 60);
    int head = small.split(leaf, 30);
    small.demote(leaf, 1);
    grown(small, root, 100);
    assertThat(small.resident(head)).isFalse();
    assertThat(small.resident(leaf)).isFalse();
    assertThat(small.resident(root)).isTrue();
  }

  @Test
  void onlyAnUnsharedLeafGrows() {
    int root = forest.root(tokens(0, 10));
    assertThatThrownBy(() -> forest.append(root, 1)).isInstanceOf(IllegalStateException.class);
    int leaf = forest.writable(root);
    assertThat(leaf).isNotEqualTo(root);
    assertThat(forest.references(root)).isZero();
    assertThat(forest.writable(leaf)).isEqualTo(leaf);
    forest.append(leaf, 5);
    int child = forest.child(leaf);
    assertThatThrownBy(() -> forest.append(leaf, 1)).isInstanceOf(IllegalStateException.class);
    forest.seal(child);
    assertThatThrownBy(() -> forest.append(child, 1)).isInstanceOf(IllegalStateException.class);
    forest.release(child);
    assertThatThrownBy(() -> forest.length(child)).isInstanceOf(IllegalArgumentException.class);
    forest.release(leaf);
    assertThat(forest.match(tokens(0, 10))).isEqualTo(10);
    assertThatThrownBy(() -> forest.release(root)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void rowsStandInPreorderAndNeedTheirAncestors() {
    int root = forest.root(tokens(0, 10));
    int a = grown(forest, root, 3);
    int b = grown(forest, root, 2);
    int below = grown(forest, a, 1);
    RowBatch batch = new RowBatch(forest);
    batch.add(b, 2);
    batch.add(below, 1);
    batch.add(a, 3);
    assertThatThrownBy(batch::layout).isInstanceOf(IllegalStateException.class);
    batch.add(root, 10);
    RowLayout layout = batch.layout();
    assertThat(layout.rows()).isEqualTo(16);
    assertThat(layout.firstRow(root)).isZero();
    assertThat(layout.firstRow(a)).isEqualTo(10);
    assertThat(layout.firstRow(below)).isEqualTo(13);
    assertThat(layout.lastRow(b)).isEqualTo(15);
    assertThat(layout.rowPosition()[layout.lastRow(b)]).isEqualTo(11);
    batch.commit();
    assertThat(forest.unfilled(below)).isZero();
    assertThatThrownBy(() -> batch.add(b, 1)).isInstanceOf(IllegalArgumentException.class);
    batch.clear();
    batch.add(a, 2, 1);
    assertThat(batch.layout().rows()).isEqualTo(1);
  }

  private static int grown(Forest forest, int parent, int n) {
    int leaf = forest.child(parent);
    forest.append(leaf, tokens(0, n), 0, n);
    return leaf;
  }

  private static int[] tokens(int from, int to) {
    return IntStream.range(from, to).toArray();
  }
}
