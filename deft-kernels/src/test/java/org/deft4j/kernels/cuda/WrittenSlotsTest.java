package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class WrittenSlotsTest {
  @Test
  void saysOfAnyRunWhetherItsUnitsAreWritten() {
    SplittableRandom random = new SplittableRandom(1);
    WrittenSlots written = new WrittenSlots();
    for (int round = 0; round < 200; round++) {
      // Far more units than it has room for at first, and runs over the edges of its words.
      int most = 1 << 6 + random.nextInt(14);
      int[] slots = random.ints(random.nextInt(20), 0, most).toArray();
      written.are(slots, slots.length);
      boolean[] unit = new boolean[most / 32 + 4];
      for (int s : slots) {
        unit[s / 32] = true;
      }
      for (int i = 0; i < 2000; i++) {
        int slot =
            i < 1000 ? random.nextInt(most) : 2048 * random.nextInt(most / 2048 + 1) - 40 + i % 80;
        slot = Math.clamp(slot, 0, most - 1);
        int n = 1 + random.nextInt(64);
        boolean any = false;
        for (int u = slot / 32; u <= (slot + n - 1) / 32; u++) {
          any |= unit[u];
        }
        assertThat(written.mayHold(slot, n)).isEqualTo(any);
      }
    }
  }

  @Test
  void whatIsNotKnownMayBeAnywhere() {
    WrittenSlots written = new WrittenSlots();
    written.are(new int[0], 3);
    assertThat(written.mayHold(1 << 20, 1)).isTrue();
    written.are(new int[] {7}, 1);
    assertThat(written.mayHold(1 << 20, 1)).isFalse();
  }
}
