package org.deft4j.engine.tokenizer;

import java.util.Arrays;

/**
 * A binary heap of candidate merges: smallest priority first, then leftmost.
 *
 * <p>A candidate is not removed when its neighbourhood changes; whoever polls it checks whether it
 * still stands.
 */
final class MergeQueue {
  private long[] heap = new long[32];
  private int size;

  /** Adds the pair whose left part stands at {@code position}; priority may be negative. */
  void add(int priority, int position) {
    if (size == heap.length) {
      heap = Arrays.copyOf(heap, size * 2);
    }
    long v = (long) priority << 32 | position;
    int i = size++;
    while (i > 0) {
      int up = (i - 1) >>> 1;
      if (heap[up] <= v) {
        break;
      }
      heap[i] = heap[up];
      i = up;
    }
    heap[i] = v;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Removes the first candidate: priority in the upper, position in the lower half. */
  long poll() {
    long first = heap[0];
    long v = heap[--size];
    int i = 0;
    while (true) {
      int child = 2 * i + 1;
      if (child >= size) {
        break;
      }
      if (child + 1 < size && heap[child + 1] < heap[child]) {
        child++;
      }
      if (v <= heap[child]) {
        break;
      }
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = v;
    return first;
  }
}
