package org.deft4j.kernels.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.deft4j.kernels.KvShape;

/** Keys and values as {@code [layer][key or value][head][slot][headDim]}. */
final class ScalarKvCache extends CpuKvCache {
  private final ScalarBackend backend;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment data;
  private boolean closed;

  ScalarKvCache(KvShape shape, ScalarBackend backend) {
    super(shape);
    this.backend = backend;
    data = arena.allocate(Math.multiplyExact(shape.bytesPerToken(), (long) shape.slots()), 64);
  }

  private long at(int layer, int side, int head, int slot) {
    KvShape s = shape();
    long row = (((long) layer * 2 + side) * s.kvHeads() + head) * s.slots() + slot;
    return row * s.headDim() * s.type().bytes();
  }

  @Override
  protected void store(int layer, int head, int slot, float[] src, int k, int v) {
    write(at(layer, 0, head, slot), src, k);
    write(at(layer, 1, head, slot), src, v);
  }

  private void write(long at, float[] src, int from) {
    for (int i = 0; i < shape().headDim(); i++) {
      float x = src[from + i];
      switch (shape().type()) {
        case F32 -> data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 4L * i, x);
        case F16 -> data.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2L * i, Halves.toF16(x));
        case BF16 -> data.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2L * i, Halves.toBf16(x));
      }
    }
  }

  /** Reads a key (side 0) or value (side 1). */
  void read(int layer, int side, int head, int slot, float[] dst) {
    long at = at(layer, side, head, slot);
    for (int i = 0; i < shape().headDim(); i++) {
      dst[i] =
          switch (shape().type()) {
            case F32 -> data.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 4L * i);
            case F16 -> Halves.fromF16(data.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2L * i));
            case BF16 -> Halves.fromBf16(data.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2L * i));
          };
    }
  }

  @Override
  protected void copy(int layer, int from, int to) {
    long n = (long) shape().headDim() * shape().type().bytes();
    for (int side = 0; side < 2; side++) {
      for (int h = 0; h < shape().kvHeads(); h++) {
        MemorySegment.copy(data, at(layer, side, h, from), data, at(layer, side, h, to), n);
      }
    }
  }

  @Override
  public long bytes() {
    return data.byteSize();
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
