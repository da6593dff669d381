package org.deft4j.kernels.cuda;

import java.util.function.Consumer;
import jcuda.driver.CUdeviceptr;

/** Memory on a device, owned by whoever allocated it and in the end by its {@link CudaDevice}. */
final class DeviceBuffer implements AutoCloseable {
  private final DevicePointer pointer;
  private final long bytes;
  private final Consumer<DeviceBuffer> free;
  private boolean closed;

  /** Memory that {@code free} gives back. */
  DeviceBuffer(DevicePointer pointer, long bytes, Consumer<DeviceBuffer> free) {
    this.pointer = pointer;
    this.bytes = bytes;
    this.free = free;
  }

  /** Address of the first byte; aligned to at least 256 bytes. */
  long address() {
    if (closed) {
      throw new IllegalStateException("device memory is closed");
    }
    return pointer.address();
  }

  /** Address of byte {@code offset}. */
  long address(long offset) {
    if (offset < 0 || offset > bytes) {
      throw new IllegalArgumentException("offset " + offset + " of " + bytes + " bytes");
    }
    return address() + offset;
  }

  /** Whether it was closed. */
  boolean closed() {
    return closed;
  }

  /** Size in bytes. */
  long bytes() {
    return bytes;
  }

  /** For JCuda's own functions; makes an object unless {@code offset} is 0. */
  CUdeviceptr pointer(long offset) {
    long unused = address(offset);
    return offset == 0 ? pointer : pointer.withByteOffset(offset);
  }

  /** Frees the memory once the work launched before is done; idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      free.accept(this);
    }
  }
}
