package org.deft4j.tree;

import java.util.Arrays;

/** Runs of slots whose keys and values are to be copied, in every layer. */
public final class CopyList {
  private int[] source = new int[16];
  private int[] target = new int[16];
  private int[] length = new int[16];
  private int size;
  private long tokens;

  /** Number of runs. */
  public int size() {
    return size;
  }

  /** Tokens of all runs. */
  public long tokens() {
    return tokens;
  }

  /** First slot to read, of each run; longer than {@link #size}. */
  public int[] source() {
    return source;
  }

  /** First slot to write, of each run; longer than {@link #size}. */
  public int[] target() {
    return target;
  }

  /** Slots of each run; longer than {@link #size}. */
  public int[] length() {
    return length;
  }

  /** Empties the list. */
  public void clear() {
    size = 0;
    tokens = 0;
  }

  void add(int from, int to, int n) {
    if (size == source.length) {
      source = Arrays.copyOf(source, size * 2);
      target = Arrays.copyOf(target, size * 2);
      length = Arrays.copyOf(length, size * 2);
    }
    source[size] = from;
    target[size] = to;
    length[size++] = n;
    tokens += n;
  }
}
