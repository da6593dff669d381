package org.deft4j.kernels.cpu.panama;

import java.util.Arrays;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.cpu.CpuKvCache;
import org.deft4j.kernels.cpu.Halves;

/**
 * For each layer and head keys {@code [slot / 32][headDim][32 slots]} and values {@code
 * [slot][row]}, rows filled up to two vectors.
 *
 * <p>A 16-bit type keeps two values in an int, so that widening is a shift and a mask: slots j and
 * j + 16 of a key panel, columns d and d + half a row of a value.
 */
final class PanamaKvCache extends CpuKvCache {
  private static final int PANEL = Lanes.PANEL;
  private static final int HALF = PANEL / 2;
  // Slots that get memory at first.
  private static final int FIRST = 1024;

  private final PanamaBackend backend;
  private final boolean wide;
  private final int row;
  // [layer * kvHeads + head][...]; of the two forms one is used.
  private float[][] keys = {};
  private float[][] values = {};
  private int[][] halfKeys = {};
  private int[][] halfValues = {};
  private int capacity;

  PanamaKvCache(KvShape shape, PanamaBackend backend) {
    super(shape);
    this.backend = backend;
    wide = shape.type() == KvType.F32;
    row = (shape.headDim() + Tiles.COLS - 1) / Tiles.COLS * Tiles.COLS;
    int heads = Math.multiplyExact(shape.layers(), shape.kvHeads());
    if (wide) {
      keys = new float[heads][0];
      values = new float[heads][0];
    } else {
      halfKeys = new int[heads][0];
      halfValues = new int[heads][0];
    }
    // A cache that the heap may not hold fails now, not in the middle of a run.
    Runtime heap = Runtime.getRuntime();
    if (bytes() > heap.maxMemory() - heap.totalMemory() + heap.freeMemory()) {
      reserve(shape.slots());
    }
  }

  /** Memory comes as slots are used: clearing all of it would take longer than a short run. */
  @Override
  protected void reserve(int slots) {
    if (slots <= capacity) {
      return;
    }
    int n = Math.min(shape().slots(), Math.max(slots, Math.max(FIRST, 2 * capacity)));
    int keySize = keySize(n);
    int valueSize = Math.multiplyExact(n, row);
    for (int i = 0; i < keys.length; i++) {
      keys[i] = Arrays.copyOf(keys[i], keySize);
      values[i] = Arrays.copyOf(values[i], valueSize);
    }
    for (int i = 0; i < halfKeys.length; i++) {
      halfKeys[i] = Arrays.copyOf(halfKeys[i], keySize / 2);
      halfValues[i] = Arrays.copyOf(halfValues[i], valueSize / 2);
    }
    capacity = n;
  }

  private int keySize(int slots) {
    int panels = (slots + PANEL - 1) / PANEL;
    return Math.multiplyExact(Math.multiplyExact(panels, PANEL), shape().headDim());
  }

  /** Whether values are float32. */
  boolean wide() {
    return wide;
  }

  /** Keys of a layer and head in float32. */
  float[] keys(int layer, int head) {
    return keys[layer * shape().kvHeads() + head];
  }

  /** Values of a layer and head in float32. */
  float[] values(int layer, int head) {
    return values[layer * shape().kvHeads() + head];
  }

  /** Keys of a layer and head, two to an int. */
  int[] halfKeys(int layer, int head) {
    return halfKeys[layer * shape().kvHeads() + head];
  }

  /** Values of a layer and head, two to an int. */
  int[] halfValues(int layer, int head) {
    return halfValues[layer * shape().kvHeads() + head];
  }

  /** Values a row, filled up. */
  int row() {
    return row;
  }

  /** Where the key panel of this slot begins, in values. */
  int keyPanel(int slot) {
    return slot / PANEL * shape().headDim() * PANEL;
  }

  @Override
  protected void store(int layer, int head, int slot, float[] src, int k, int v) {
    int dim = shape().headDim();
    int j = slot % PANEL;
    if (wide) {
      float[] to = keys(layer, head);
      int at = keyPanel(slot) + j;
      for (int d = 0; d < dim; d++) {
        to[at + d * PANEL] = src[k + d];
      }
      System.arraycopy(src, v, values(layer, head), slot * row, dim);
      return;
    }
    boolean bf16 = shape().type() == KvType.BF16;
    int[] key = halfKeys(layer, head);
    int[] value = halfValues(layer, head);
    for (int d = 0; d < dim; d++) {
      float a = src[k + d];
      float b = src[v + d];
      put(key, halfKey(slot, d), j / HALF, bf16 ? Halves.toBf16(a) : Halves.toF16(a));
      put(value, halfValue(slot, d), d / (row / 2), bf16 ? Halves.toBf16(b) : Halves.toF16(b));
    }
  }

  private int halfKey(int slot, int d) {
    return keyPanel(slot) / 2 + d * HALF + slot % HALF;
  }

  private int halfValue(int slot, int d) {
    return slot * (row / 2) + d % (row / 2);
  }

  private static void put(int[] a, int at, int half, short bits) {
    int shift = half * 16;
    a[at] = a[at] & ~(0xFFFF << shift) | (bits & 0xFFFF) << shift;
  }

  @Override
  protected void copy(int layer, int from, int to) {
    int dim = shape().headDim();
    for (int h = 0; h < shape().kvHeads(); h++) {
      if (wide) {
        float[] key = keys(layer, h);
        for (int d = 0; d < dim; d++) {
          key[keyPanel(to) + d * PANEL + to % PANEL] =
              key[keyPanel(from) + d * PANEL + from % PANEL];
        }
        float[] value = values(layer, h);
        System.arraycopy(value, from * row, value, to * row, row);
        continue;
      }
      int[] key = halfKeys(layer, h);
      for (int d = 0; d < dim; d++) {
        short bits = (short) (key[halfKey(from, d)] >> from % PANEL / HALF * 16);
        put(key, halfKey(to, d), to % PANEL / HALF, bits);
      }
      int[] value = halfValues(layer, h);
      System.arraycopy(value, from * (row / 2), value, to * (row / 2), row / 2);
    }
  }

  @Override
  public long bytes() {
    long heads = Math.max(keys.length, halfKeys.length);
    return heads * (keySize(shape().slots()) + (long) shape().slots() * row) * (wide ? 4 : 2);
  }

  @Override
  public void close() {
    keys = new float[0][];
    values = new float[0][];
    halfKeys = new int[0][];
    halfValues = new int[0][];
    backend.forget(this);
  }
}
