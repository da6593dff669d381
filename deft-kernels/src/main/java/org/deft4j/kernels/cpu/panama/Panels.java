package org.deft4j.kernels.cpu.panama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Packed weights: {@code panels} of a format behind each other, outside the Java heap.
 *
 * @param data read only by kernels
 * @param arena owns {@code data}, and nothing else
 */
record Panels(PanelFormat format, MemorySegment data, Arena arena) implements AutoCloseable {
  /** Panel {@code p} of {@code bytes} bytes. */
  MemorySegment panel(int p, long bytes) {
    return data.asSlice(p * bytes, bytes);
  }

  /** Frees or unmaps; idempotent. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
