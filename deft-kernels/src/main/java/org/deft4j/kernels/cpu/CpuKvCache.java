package org.deft4j.kernels.cpu;

import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.KvShape;

/** What KV caches on the processor share. */
public abstract class CpuKvCache implements KvCache {
  private final KvShape shape;
  private final int[] positions;

  /** A cache of this shape. */
  protected CpuKvCache(KvShape shape) {
    this.shape = shape;
    positions = new int[shape.slots()];
  }

  @Override
  public final KvShape shape() {
    return shape;
  }

  /** Says where in its path the token of a slot stands. */
  final void place(int slot, int position) {
    positions[slot] = position;
  }

  /** Where in its path the token of a slot stands. */
  public final int position(int slot) {
    return positions[slot];
  }

  /** Makes sure that slots below {@code slots} have memory; never while threads use the cache. */
  protected void reserve(int slots) {}

  /** Stores one head's key {@code src[k...]} and value {@code src[v...]} of one token. */
  protected abstract void store(int layer, int head, int slot, float[] src, int k, int v);

  /** Copies one layer's keys and values of all heads from one slot to another. */
  protected abstract void copy(int layer, int from, int to);
}
