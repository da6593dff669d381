package org.deft4j.engine;

import java.lang.management.ManagementFactory;
import org.deft4j.kernels.KvShape;
import org.deft4j.tree.DeftException;

/** How many slots for keys and values an engine takes. */
final class KvMemory {
  private static final long USUAL = 512L << 20;
  private static final int BRANCHES = 64;

  /** Device memory left for what is not known yet: activations of long batches, other programs. */
  private static final long SPARE = 1L << 30;

  private KvMemory() {}

  /**
   * Pages that fit the memory asked for, or else, on the host, a quarter of what is free: no more
   * than many branches of full length need, and no more than half a gigabyte unless one branch
   * needs it. A device has nothing else to do with its memory: it gives nine tenths of what is free
   * there with its weights loaded, less a gigabyte, if that many branches need it.
   *
   * @param shape the shape with one slot
   * @param deviceFree free bytes of the backend's own memory, negative if it uses the host's
   */
  static int pages(EngineOptions options, KvShape shape, int context, long deviceFree) {
    long page = shape.bytesPerToken() * options.pageSize();
    long path = page * Math.ceilDiv(context, options.pageSize());
    long bytes = options.kvMemory();
    if (bytes == 0) {
      long need = path > Long.MAX_VALUE / BRANCHES ? Long.MAX_VALUE : path * BRANCHES;
      bytes =
          deviceFree < 0
              ? Math.min(free() / 4, Math.min(need, Math.max(path, USUAL)))
              : Math.min(need, Math.max(deviceFree / 4, deviceFree / 10 * 9 - SPARE));
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
