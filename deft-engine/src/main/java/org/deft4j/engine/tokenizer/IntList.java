package org.deft4j.engine.tokenizer;

import java.util.Arrays;

/** A growing array of ints. */
final class IntList {
  private int[] data = new int[16];
  private int size;

  void add(int v) {
    if (size == data.length) {
      data = Arrays.copyOf(data, size * 2);
    }
    data[size++] = v;
  }

  void addAll(int[] v) {
    if (size + v.length > data.length) {
      data = Arrays.copyOf(data, Math.max(size + v.length, size * 2));
    }
    System.arraycopy(v, 0, data, size, v.length);
    size += v.length;
  }

  int[] toArray() {
    return Arrays.copyOf(data, size);
  }
}
