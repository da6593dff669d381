package org.deft4j.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;

/** Page-locked host memory, which a device copies from and to without a stop in between. */
final class PinnedBuffer implements AutoCloseable {
  private final DeviceMemory memory;
  private final Pointer pointer;
  private final ByteBuffer data;
  private long mapped;
  private boolean closed;

  PinnedBuffer(DeviceMemory memory, Pointer pointer, int bytes) {
    this.memory = memory;
    this.pointer = pointer;
    this.data = pointer.getByteBuffer(0, bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The memory, direct and little-endian; invalid after {@link #close}. */
  ByteBuffer data() {
    if (closed) {
      throw new IllegalStateException("pinned memory is closed");
    }
    return data;
  }

  /** Size in bytes. */
  int bytes() {
    return data.capacity();
  }

  /** Where the device finds this memory: writing there needs no copy, waiting it still does. */
  long deviceAddress() {
    if (mapped == 0) {
      mapped = memory.mapped(pointer(0));
    }
    return mapped;
  }

  Pointer pointer(long offset) {
    if (closed) {
      throw new IllegalStateException("pinned memory is closed");
    }
    return offset == 0 ? pointer : pointer.withByteOffset(offset);
  }

  /** Frees the memory; idempotent. Copies to or from it must be done. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      memory.free(this, pointer);
    }
  }
}
