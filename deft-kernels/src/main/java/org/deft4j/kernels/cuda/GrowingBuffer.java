package org.deft4j.kernels.cuda;

import java.util.function.LongFunction;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Device memory that grows to the largest size asked for and is kept. What it held is lost when it
 * grows; a new buffer holds zeros.
 *
 * <p>Where the device has no room for more, a buffer of the size before is held afterwards, if that
 * can be had: what was enough before still is. What it held is lost then too, and its address may
 * be another ({@link DeviceMemory#freed} tells).
 */
final class GrowingBuffer implements AutoCloseable {
  private final LongFunction<DeviceBuffer> memory;
  private @Nullable DeviceBuffer buffer;

  /**
   * Holds nothing yet.
   *
   * @param what it is for, for the message if there is too little memory
   */
  GrowingBuffer(CudaDevice device, String what) {
    this(bytes -> device.memory().cleared(bytes, what));
  }

  /**
   * Holds nothing yet.
   *
   * @param memory gives so many bytes, of zeros, or throws {@link DeftException#OUT_OF_MEMORY}
   */
  GrowingBuffer(LongFunction<DeviceBuffer> memory) {
    this.memory = memory;
  }

  /**
   * A buffer of at least {@code bytes} bytes: the one before unless that is smaller.
   *
   * @throws DeftException ({@link DeftException#OUT_OF_MEMORY}) if there is too little memory, even
   *     with that of the buffer before
   */
  DeviceBuffer atLeast(long bytes) {
    DeviceBuffer before = buffer;
    if (before != null && before.bytes() >= bytes) {
      return before;
    }
    DeviceBuffer made = before == null ? memory.apply(bytes) : grown(before, bytes);
    buffer = made;
    return made;
  }

  /** Half as much again beside the one before, or where that does not fit, the least instead. */
  private DeviceBuffer grown(DeviceBuffer before, long least) {
    try {
      DeviceBuffer made = memory.apply(Math.max(least, before.bytes() + before.bytes() / 2));
      buffer = made;
      before.close();
      return made;
    } catch (DeftException e) {
      requireOutOfMemory(e);
    }
    // Nobody may get freed memory, should there be no other.
    buffer = null;
    before.close();
    try {
      return memory.apply(least);
    } catch (DeftException e) {
      requireOutOfMemory(e);
      try {
        buffer = memory.apply(before.bytes());
      } catch (DeftException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  private static void requireOutOfMemory(DeftException e) {
    if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
      throw e;
    }
  }

  @Override
  public void close() {
    if (buffer != null) {
      buffer.close();
      buffer = null;
    }
  }
}
