package org.deft4j.engine;

import java.lang.management.ManagementFactory;
import org.deft4j.kernels.KvShape;
import org.deft4j.tree.DeftException;

/** How many slots for keys and values an engine takes. */
final class KvMemory {
  private static final long USUAL = 512L << 20;
  private static final int BRANCHES = 64;

  private KvMemory() {}

  /**
   * Pages that fit the memory asked for, or else a quarter of what is free: no more than many
   * branches of full length need, and no more than half a gigabyte unless one branch needs it.
   *
   * @param shape the shape with one slot
   */
  static int pages(EngineOptions options, KvShape shape, int context) {
    long page = shape.bytesPerToken() * options.pageSize();
    long path = page * Math.ceilDiv(context, options.pageSize());
    long bytes = options.kvMemory();
    if (bytes == 0) {
      long need = path > Long.MAX_VALUE / BRANCHES ? Long.MAX_VALUE : path * BRANCHES;
      bytes = Math.min(free() / 4, Math.min(need, Math.max(path, USUAL)));
    }
    long pages = Math.min(bytes / page, (Integer.MAX_VALUE - 64) / options.pageSize());
    if (pages < 1) {
      throw new DeftException(
          DeftException.OUT_OF_MEMORY,
          "keys and values need at least "
              + page
              + " bytes (one page), but have "
              + bytes
              + "; give more with --kv-memory");
    }
    return (int) pages;
  }

  private static long free() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean os
        ? os.getFreeMemorySize()
        : Runtime.getRuntime().maxMemory();
  }
}
