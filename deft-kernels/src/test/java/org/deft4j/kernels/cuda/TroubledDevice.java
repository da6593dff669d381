package org.deft4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.tree.DeftException;

/**
 * Brings trouble to the device that a test's backend runs on: takes its memory away, or loses its
 * context. One process has one context of a device, so whatever happens here happens to all.
 */
public final class TroubledDevice implements AutoCloseable {
  private static final long MOST = 16L << 30;

  /** What a device gives out at least. */
  private static final long LEAST = 256;

  private final CudaDevice device = CudaDevice.open();
  private final List<DeviceBuffer> taken = new ArrayList<>();

  /** Takes all memory that is free, to the last bytes: every allocation fails from now on. */
  public void fill() {
    for (long size = MOST; size >= LEAST; size /= 2) {
      try {
        while (true) {
          taken.add(device.memory().allocate(size, "a test"));
        }
      } catch (DeftException e) {
        if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
          throw e;
        }
      }
    }
  }

  /** Gives all of it back. */
  public void empty() {
    taken.forEach(DeviceBuffer::close);
    taken.clear();
  }

  /** Free bytes of the device. */
  public long freeBytes() {
    return device.memory().freeBytes();
  }

  /**
   * Launches a kernel that reads where nothing is, which ends the context of this process.
   *
   * @return what the device says of it
   */
  public DeftException lose() {
    DeviceBuffer out = device.memory().allocate(4);
    ParamBlock nowhere = new ParamBlock(64).i64(16).pointer(out).i64(1 << 20);
    try {
      device.launcher().launch(device.load("probe").kernel("probe_read"), 8, 1, 512, 0, nowhere);
      device.synchronize();
    } catch (DeftException e) {
      return e;
    }
    throw new IllegalStateException("the device read what is not there");
  }

  /** Whether an error ended the context. */
  public boolean lost() {
    return device.lost();
  }

  @Override
  public void close() {
    device.close();
  }
}
