package org.deft4j.kernels.cuda;

import java.util.Arrays;

/** Which slots a step writes, in units of 32: what lies elsewhere may be read ahead. */
final class WrittenSlots {
  private static final int UNIT_SHIFT = 5;

  private long[] units = new long[64];
  private boolean known;

  /**
   * Replaces what is known.
   *
   * @param slots the first {@code n} are written; fewer than that if it is not known which
   */
  void are(int[] slots, int n) {
    known = slots.length >= n;
    Arrays.fill(units, 0);
    for (int i = 0; known && i < n; i++) {
      int unit = slots[i] >> UNIT_SHIFT;
      if (unit >> 6 >= units.length) {
        units = Arrays.copyOf(units, Math.max((unit >> 6) + 1, units.length * 2));
      }
      units[unit >> 6] |= 1L << unit;
    }
  }

  /**
   * Whether one of these slots may be written: true if one is, or another of its unit, or nothing
   * is known.
   *
   * @param n slots from {@code slot} on, 1 to 64
   */
  boolean mayHold(int slot, int n) {
    int first = slot >> UNIT_SHIFT;
    int many = (slot + n - 1 >> UNIT_SHIFT) - first + 1;
    int last = first + many - 1 >> 6;
    long bits = word(first >> 6) >>> first;
    if (last != first >> 6) {
      bits |= word(last) << -first;
    }
    return !known || (bits & (1L << many) - 1) != 0;
  }

  private long word(int i) {
    return i < units.length ? units[i] : 0;
  }
}
