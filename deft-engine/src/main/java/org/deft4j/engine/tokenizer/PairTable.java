package org.deft4j.engine.tokenizer;

/** A hash table from pairs of token ids to a rank; open addressing, never more than half full. */
final class PairTable {
  private final long[] keys;
  private final int[] ranks;
  private final int mask;

  PairTable(int capacity) {
    int n = Integer.highestOneBit(Math.max(capacity, 8) * 2 - 1) * 2;
    keys = new long[n];
    ranks = new int[n];
    mask = n - 1;
    java.util.Arrays.fill(keys, -1);
  }

  private int slot(long key) {
    long h = key * 0x9E3779B97F4A7C15L;
    int i = (int) (h >>> 32) & mask;
    while (keys[i] != -1 && keys[i] != key) {
      i = (i + 1) & mask;
    }
    return i;
  }

  /** Adds a pair unless it is there already. */
  void add(int left, int right, int rank) {
    long key = (long) left << 32 | right;
    int i = slot(key);
    if (keys[i] == -1) {
      keys[i] = key;
      ranks[i] = rank;
    }
  }

  /** The pair's rank, or -1. */
  int rank(int left, int right) {
    int i = slot((long) left << 32 | right);
    return keys[i] == -1 ? -1 : ranks[i];
  }
}
