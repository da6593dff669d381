package org.deft4j.kernels.cuda;

import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Device memory that grows to the largest size asked for and is kept. What it held is lost when it
 * grows; a new buffer holds zeros.
 *
 * <p>Where the device has no room, nothing is held afterwards, and a later call may ask for less.
 */
final class GrowingBuffer implements AutoCloseable {
  private final CudaDevice device;
  private final String what;
  private @Nullable DeviceBuffer buffer;

  /**
   * Holds nothing yet.
   *
   * @param what it is for, for the message if there is too little memory
   */
  GrowingBuffer(CudaDevice device, String what) {
    this.device = device;
    this.what = what;
  }

  /**
   * A buffer of at least {@code bytes} bytes: the one before unless that is smaller.
   *
   * @throws DeftException ({@link DeftException#OUT_OF_MEMORY}) if there is too little memory
   */
  DeviceBuffer atLeast(long bytes) {
    DeviceBuffer before = buffer;
    if (before != null && before.bytes() >= bytes) {
      return before;
    }
    long most = bytes;
    if (before != null) {
      most = Math.max(bytes, before.bytes() + before.bytes() / 2);
      // Nobody may get freed memory, should there be no other.
      buffer = null;
      before.close();
    }
    DeviceBuffer made = cleared(bytes, most);
    buffer = made;
    return made;
  }

  /** {@code most} bytes, or where they do not fit, {@code least}. */
  private DeviceBuffer cleared(long least, long most) {
    try {
      return device.cleared(most, what);
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY || least == most) {
        throw e;
      }
      return device.cleared(least, what);
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
