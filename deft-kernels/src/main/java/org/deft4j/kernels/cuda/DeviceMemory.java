package org.deft4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a {@link CudaDevice}, and page-locked host memory that it copies from and to.
 * Copies are queued in the device's stream, between the launches before and after; only {@link
 * #upload} and {@link #download} wait.
 *
 * <p>Sizes and offsets are in bytes. A range that is not within its buffer is an {@link
 * IllegalArgumentException}, a closed buffer an {@link IllegalStateException}; what the driver
 * refuses is what {@link CudaDevice#check} throws. What is not closed is closed with the device.
 */
final class DeviceMemory {
  private static final int STAGE_BYTES = 8 << 20;

  private final CudaDevice device;
  private final Launcher launcher;
  private final StreamHandle stream;
  private final @Nullable PinnedBuffer[] stages = new PinnedBuffer[2];
  private long freed;

  DeviceMemory(CudaDevice device, Launcher launcher) {
    this.device = device;
    this.launcher = launcher;
    stream = device.stream();
  }

  // --- what there is ---

  /** Free bytes of device memory. */
  long freeBytes() {
    return info()[0];
  }

  /** All bytes of device memory. */
  long totalBytes() {
    return info()[1];
  }

  private long[] info() {
    device.bind();
    long[] free = new long[1];
    long[] total = new long[1];
    device.check(JCudaDriver.cuMemGetInfo(free, total), "asking for free memory");
    return new long[] {free[0], total[0]};
  }

  /** How often device memory was freed: addresses that a graph captured before may be stale. */
  long freed() {
    return freed;
  }

  // --- buffers ---

  /** As {@link #allocate(long, String)}. */
  DeviceBuffer allocate(long bytes) {
    return allocate(bytes, "a buffer");
  }

  /**
   * Device memory, not cleared.
   *
   * @param what it is for, for the message if there is too little
   * @throws DeftException ({@link DeftException#OUT_OF_MEMORY}) if there is too little
   */
  DeviceBuffer allocate(long bytes, String what) {
    if (bytes < 1) {
      throw new IllegalArgumentException("allocating " + bytes + " bytes of device memory");
    }
    device.bind();
    DevicePointer p = new DevicePointer();
    int result = JCudaDriver.cuMemAlloc(p, bytes);
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      throw new DeftException(
          DeftException.OUT_OF_MEMORY,
          String.format(
              "not enough device memory for %s: it takes %,d MiB, and %,d of %,d MiB of %s are"
                  + " free; a smaller --kv-memory or a smaller model leaves more, and --backend"
                  + " panama needs none",
              what,
              (bytes + (1 << 20) - 1) >> 20,
              freeBytes() >> 20,
              totalBytes() >> 20,
              device.name()));
    }
    device.check(result, "allocating device memory");
    return device.own(new DeviceBuffer(p, bytes, b -> free(b, p)));
  }

  /** As {@link #allocate(long, String)}, and queues setting it to zeros. */
  DeviceBuffer cleared(long bytes, String what) {
    DeviceBuffer made = allocate(bytes, what);
    boolean done = false;
    try {
      fill(made, 0, bytes, 0);
      done = true;
    } finally {
      if (!done) {
        made.close();
      }
    }
    return made;
  }

  /**
   * Page-locked host memory of this many bytes, at least one.
   *
   * @throws DeftException ({@link DeftException#OUT_OF_MEMORY}) if the host has too little
   */
  PinnedBuffer pinned(int bytes) {
    device.bind();
    Pointer p = new Pointer();
    int result = JCudaDriver.cuMemAllocHost(p, Math.max(1, bytes));
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      throw new DeftException(
          DeftException.OUT_OF_MEMORY,
          String.format("not enough host memory for %,d bytes that a device can copy", bytes));
    }
    device.check(result, "allocating pinned memory");
    return device.own(new PinnedBuffer(this, p, Math.max(1, bytes)));
  }

  // --- what buffers hold ---

  /** Queues a copy to the device; {@code from} must stay as it is until it is done. */
  void copyIn(DeviceBuffer to, long toOffset, PinnedBuffer from, long fromOffset, long bytes) {
    device.bind();
    inside(toOffset, bytes, to.bytes());
    inside(fromOffset, bytes, from.bytes());
    launcher.queuedOther();
    device.check(
        JCudaDriver.cuMemcpyHtoDAsync(
            to.pointer(toOffset), from.pointer(fromOffset), bytes, stream),
        "copying to the device");
  }

  /** Queues a copy from the device; {@link CudaDevice#synchronize} before reading {@code to}. */
  void copyOut(PinnedBuffer to, long toOffset, DeviceBuffer from, long fromOffset, long bytes) {
    device.bind();
    inside(toOffset, bytes, to.bytes());
    inside(fromOffset, bytes, from.bytes());
    launcher.queuedOther();
    device.check(
        JCudaDriver.cuMemcpyDtoHAsync(
            to.pointer(toOffset), from.pointer(fromOffset), bytes, stream),
        "copying from the device");
  }

  /** Queues a copy within the device; the ranges must not overlap. */
  void copy(DeviceBuffer to, long toOffset, DeviceBuffer from, long fromOffset, long bytes) {
    device.bind();
    inside(toOffset, bytes, to.bytes());
    inside(fromOffset, bytes, from.bytes());
    launcher.queuedOther();
    device.check(
        JCudaDriver.cuMemcpyDtoDAsync(
            to.pointer(toOffset), from.pointer(fromOffset), bytes, stream),
        "copying on the device");
  }

  /** Queues setting bytes to a value. */
  void fill(DeviceBuffer to, long offset, long bytes, int value) {
    device.bind();
    inside(offset, bytes, to.bytes());
    launcher.queuedOther();
    device.check(
        JCudaDriver.cuMemsetD8Async(to.pointer(offset), (byte) value, bytes, stream),
        "clearing device memory");
  }

  /** Copies host memory of any kind and size to the device and waits; not for a captured step. */
  void upload(DeviceBuffer to, long offset, MemorySegment from) {
    long bytes = from.byteSize();
    inside(offset, bytes, to.bytes());
    // One half is filled while the other is copied: reading the host memory may touch a disk.
    int half = 0;
    for (long at = 0; at < bytes; at += STAGE_BYTES) {
      long n = Math.min(STAGE_BYTES, bytes - at);
      PinnedBuffer stage = stage(half);
      MemorySegment.copy(from, at, MemorySegment.ofBuffer(stage.data()), 0, n);
      if (at > 0) {
        device.synchronize();
      }
      copyIn(to, offset + at, stage, 0, n);
      half ^= 1;
    }
    device.synchronize();
  }

  /** Waits for the work before and copies from the device to host memory. */
  void download(DeviceBuffer from, long offset, MemorySegment to) {
    long bytes = to.byteSize();
    inside(offset, bytes, from.bytes());
    PinnedBuffer stage = stage(0);
    for (long at = 0; at < bytes; at += STAGE_BYTES) {
      long n = Math.min(STAGE_BYTES, bytes - at);
      copyOut(stage, 0, from, offset + at, n);
      device.synchronize();
      MemorySegment.copy(MemorySegment.ofBuffer(stage.data()), 0, to, at, n);
    }
  }

  private PinnedBuffer stage(int half) {
    PinnedBuffer made = stages[half];
    if (made == null) {
      made = pinned(STAGE_BYTES);
      stages[half] = made;
    }
    return made;
  }

  private static void inside(long offset, long bytes, long size) {
    if (offset < 0 || bytes < 0 || offset > size - bytes) {
      throw new IllegalArgumentException(bytes + " bytes at " + offset + " of " + size);
    }
  }

  // --- for the buffers ---

  /** The device's address of pinned memory. */
  long mapped(Pointer pinned) {
    device.bind();
    DevicePointer p = new DevicePointer();
    device.check(JCudaDriver.cuMemHostGetDevicePointer(p, pinned, 0), "mapping pinned memory");
    return p.address();
  }

  private void free(DeviceBuffer buffer, CUdeviceptr pointer) {
    freed++;
    if (device.disown(buffer)) {
      device.check(JCudaDriver.cuMemFree(pointer), "freeing device memory");
    }
  }

  /** Gives pinned memory back, once. */
  void free(PinnedBuffer buffer, Pointer pointer) {
    if (device.disown(buffer)) {
      device.check(JCudaDriver.cuMemFreeHost(pointer), "freeing pinned memory");
    }
  }
}
