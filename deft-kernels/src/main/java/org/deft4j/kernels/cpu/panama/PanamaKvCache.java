package org.deft4j.kernels.cpu.panama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.cpu.CpuKvCache;
import org.deft4j.kernels.cpu.Halves;

/**
 * Keys {@code [layer][head][slot / 32][headDim][32 slots]}, values {@code [layer][head][slot][row]}
 * with rows filled up to two vectors.
 *
 * <p>A 16-bit type keeps two values in an int, so that widening is a shift and a mask: slots j and
 * j + 16 of a key panel, columns d and d + half a row of a value.
 */
final class PanamaKvCache extends CpuKvCache {
  private static final int PANEL = Lanes.PANEL;

  private final PanamaBackend backend;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment keys;
  private final MemorySegment values;
  private final int bytes;
  private final int row;
  private final long keyHead;
  private final long valueHead;
  private boolean closed;

  PanamaKvCache(KvShape shape, PanamaBackend backend) {
    super(shape);
    this.backend = backend;
    bytes = shape.type().bytes();
    row = (shape.headDim() + Tiles.COLS - 1) / Tiles.COLS * Tiles.COLS;
    long panels = (shape.slots() + PANEL - 1) / PANEL;
    keyHead = panels * shape.headDim() * PANEL * bytes;
    valueHead = (long) shape.slots() * row * bytes;
    long heads = (long) shape.layers() * shape.kvHeads();
    try {
      keys = arena.allocate(Math.multiplyExact(heads, keyHead), 64);
      values = arena.allocate(Math.multiplyExact(heads, valueHead), 64);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw e;
    }
  }

  MemorySegment keys() {
    return keys;
  }

  MemorySegment values() {
    return values;
  }

  /** Values a row, filled up. */
  int row() {
    return row;
  }

  /** Where the key panel of this slot begins. */
  long keyPanel(int layer, int head, int slot) {
    return ((long) layer * shape().kvHeads() + head) * keyHead
        + (long) (slot / PANEL) * shape().headDim() * PANEL * bytes;
  }

  /** Where the value of this slot begins. */
  long value(int layer, int head, int slot) {
    return ((long) layer * shape().kvHeads() + head) * valueHead + (long) slot * row * bytes;
  }

  private long keyAt(long panel, int d, int slot) {
    int j = slot % PANEL;
    return bytes == 4
        ? panel + ((long) d * PANEL + j) * 4
        : panel + ((long) d * PANEL + j % 16 * 2 + j / 16) * 2;
  }

  private long valueAt(long at, int d) {
    int half = row / 2;
    return bytes == 4 ? at + d * 4L : at + (d % half * 2L + d / half) * 2;
  }

  @Override
  protected void store(int layer, int head, int slot, float[] src, int k, int v) {
    long panel = keyPanel(layer, head, slot);
    long value = value(layer, head, slot);
    int dim = shape().headDim();
    if (bytes == 4) {
      for (int d = 0; d < dim; d++) {
        keys.set(PanelFormat.FLOAT, keyAt(panel, d, slot), src[k + d]);
      }
      MemorySegment.copy(src, v, values, PanelFormat.FLOAT, value, dim);
      return;
    }
    boolean bf16 = shape().type() == KvType.BF16;
    for (int d = 0; d < dim; d++) {
      float a = src[k + d];
      float b = src[v + d];
      keys.set(PanelFormat.SHORT, keyAt(panel, d, slot), bf16 ? Halves.toBf16(a) : Halves.toF16(a));
      values.set(PanelFormat.SHORT, valueAt(value, d), bf16 ? Halves.toBf16(b) : Halves.toF16(b));
    }
  }

  @Override
  protected void copy(int layer, int from, int to) {
    int dim = shape().headDim();
    for (int h = 0; h < shape().kvHeads(); h++) {
      long a = keyPanel(layer, h, from);
      long b = keyPanel(layer, h, to);
      for (int d = 0; d < dim; d++) {
        if (bytes == 4) {
          keys.set(
              PanelFormat.FLOAT, keyAt(b, d, to), keys.get(PanelFormat.FLOAT, keyAt(a, d, from)));
        } else {
          keys.set(
              PanelFormat.SHORT, keyAt(b, d, to), keys.get(PanelFormat.SHORT, keyAt(a, d, from)));
        }
      }
      MemorySegment.copy(
          values, value(layer, h, from), values, value(layer, h, to), (long) row * bytes);
    }
  }

  @Override
  public long bytes() {
    return keys.byteSize() + values.byteSize();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      backend.forget(this);
      arena.close();
    }
  }
}
