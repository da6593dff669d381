package org.deft4j.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PagePoolTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 16, 32, 64})
  void everySlotIsGivenOnceAndTakenBackOnce(int pageSize) {
    for (int seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      PagePool pool = new PagePool(pageSize, 1 + random.nextInt(2000 / pageSize));
      BitSet model = new BitSet();
      List<long[]> runs = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        if (pool.freeSlots() > 0 && random.nextInt(5) < 3) {
          long[] last = runs.isEmpty() ? null : runs.get(random.nextInt(runs.size()));
          int next = last == null || random.nextBoolean() ? -1 : (int) (last[0] + last[1]);
          int want = 1 + random.nextInt(random.nextInt(3) == 0 ? 100 : 4);
          long run = pool.allocate(next, want, random.nextBoolean());
          int slot = (int) (run >> 32);
          int n = (int) run;
          assertThat(n).isBetween(1, want);
          assertThat(slot + n).isLessThanOrEqualTo(pool.capacity());
          int taken = model.nextSetBit(slot);
          assertThat(taken < 0 || taken >= slot + n).isTrue();
          model.set(slot, slot + n);
          runs.add(new long[] {slot, n});
        } else if (!runs.isEmpty()) {
          long[] run = runs.remove(random.nextInt(runs.size()));
          pool.free((int) run[0], (int) run[1]);
          model.clear((int) run[0], (int) (run[0] + run[1]));
        }
        assertThat(pool.usedSlots()).isEqualTo(model.cardinality());
      }
      int pages = 0;
      for (int p = 0; p < pool.pages(); p++) {
        int live = model.get(p * pageSize, (p + 1) * pageSize).cardinality();
        assertThat(pool.references(p)).isEqualTo(live);
        pages += live > 0 ? 1 : 0;
      }
      assertThat(pool.usedPages()).isEqualTo(pages);
      runs.forEach(r -> pool.free((int) r[0], (int) r[1]));
      assertThat(pool.freeSlots()).isEqualTo(pool.capacity());
      assertThat(pool.usedPages()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 32, 64})
  void everySlotCanBeHadAndThenTheFlagIsNamed(int pageSize) {
    PagePool pool = new PagePool(pageSize, 3);
    for (int i = 0; i < 3 * pageSize; i++) {
      pool.allocate(-1, 1, i % 2 == 0);
    }
    assertThat(pool.freeSlots()).isZero();
    assertThatThrownBy(() -> pool.allocate(-1, 1, true))
        .isInstanceOfSatisfying(
            DeftException.class,
            e -> assertThat(e.exitCode()).isEqualTo(DeftException.OUT_OF_MEMORY))
        .hasMessageContaining("--kv-memory");
  }

  @Test
  void freeingTwiceIsAnError() {
    PagePool pool = new PagePool(16, 4);
    int slot = (int) (pool.allocate(-1, 10, false) >> 32);
    pool.free(slot + 2, 3);
    assertThatThrownBy(() -> pool.free(slot + 4, 1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> pool.free(slot, 10)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> pool.free(60, 5)).isInstanceOf(IllegalArgumentException.class);
    assertThat(pool.usedSlots()).isEqualTo(7);
  }

  @Test
  void aRunGoesOnWhereItCan() {
    PagePool pool = new PagePool(16, 64);
    long first = pool.allocate(-1, 100, false);
    assertThat((int) first).isEqualTo(100);
    int end = (int) (first >> 32) + 100;
    assertThat((int) (pool.allocate(end, 28, false) >> 32)).isEqualTo(end);
  }

  @Test
  void singleTokensShareAWord() {
    PagePool pool = new PagePool(16, 64);
    for (int i = 0; i < 64; i++) {
      pool.allocate(-1, 1, true);
    }
    assertThat(pool.usedPages()).isEqualTo(4);
  }

  @Test
  void badSizesAreRefused() {
    assertThatThrownBy(() -> new PagePool(8, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PagePool(16, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PagePool(64, 1 << 26))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
