package org.deft4j.kernels.cuda;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What the host tells the device before a step: arrays put one behind another into pinned memory
 * and sent in one copy. Two pinned buffers take turns, so filling one does not wait for the copy of
 * the other.
 *
 * <p>Use: {@link #begin}, {@code put...} (each gives an offset), {@link #send}; then {@link
 * #address} of an offset.
 */
final class StepUpload implements AutoCloseable {
  private final CudaDevice device;
  private final @Nullable PinnedBuffer[] pinned = new PinnedBuffer[2];
  private final CudaTimer[] sent;
  private @Nullable DeviceBuffer target;
  private int turn;
  private int at;

  StepUpload(CudaDevice device) {
    this.device = device;
    sent = new CudaTimer[] {device.timer(), device.timer()};
  }

  /** Starts anew with room for {@code bytes} bytes, alignment included. */
  void begin(int bytes) {
    turn ^= 1;
    sent[turn].await();
    at = 0;
    PinnedBuffer p = pinned[turn];
    if (p == null || p.bytes() < bytes) {
      if (p != null) {
        p.close();
      }
      pinned[turn] = device.pinned(grown(bytes));
    }
    if (target == null || target.bytes() < bytes) {
      if (target != null) {
        target.close();
      }
      target = device.allocate(grown(bytes), "a step's plan");
    }
  }

  private static int grown(int bytes) {
    return Math.max(1 << 16, Math.toIntExact(Math.min(Integer.MAX_VALUE - 64, bytes * 3L / 2)));
  }

  /** Bytes that an array of {@code n} values of {@code size} bytes takes at most. */
  static int room(int n, int size) {
    return Math.addExact(Math.multiplyExact(n, size), 16);
  }

  /** Puts the first {@code n} ints; their offset. */
  int put(int[] values, int n) {
    int offset = reserve(4 * n);
    buffer().asIntBuffer().put(values, 0, n);
    return offset;
  }

  /** Puts the first {@code n} longs; their offset. */
  int put(long[] values, int n) {
    int offset = reserve(8 * n);
    buffer().asLongBuffer().put(values, 0, n);
    return offset;
  }

  /** Puts the first {@code n} bytes; their offset. */
  int put(byte[] values, int n) {
    int offset = reserve(n);
    buffer().put(values, 0, n);
    return offset;
  }

  private int reserve(int bytes) {
    int offset = (at + 15) & -16;
    at = offset + bytes;
    data().clear().position(offset);
    return offset;
  }

  private ByteBuffer buffer() {
    ByteBuffer b = data();
    return b.slice(b.position(), b.capacity() - b.position())
        .order(java.nio.ByteOrder.nativeOrder());
  }

  private ByteBuffer data() {
    return pinnedNow().data();
  }

  private PinnedBuffer pinnedNow() {
    PinnedBuffer p = pinned[turn];
    if (p == null) {
      throw new IllegalStateException("begin was not called");
    }
    return p;
  }

  /** Queues the copy. */
  void send() {
    DeviceBuffer to = target;
    if (to == null) {
      throw new IllegalStateException("begin was not called");
    }
    if (at > 0) {
      device.copyIn(to, 0, pinnedNow(), 0, at);
    }
    sent[turn].stop();
  }

  /** Device address of what was put at {@code offset}. */
  long address(int offset) {
    DeviceBuffer to = target;
    if (to == null) {
      throw new IllegalStateException("begin was not called");
    }
    return to.address(offset);
  }

  @Override
  public void close() {
    for (int i = 0; i < 2; i++) {
      sent[i].close();
      PinnedBuffer p = pinned[i];
      if (p != null) {
        p.close();
      }
    }
    if (target != null) {
      target.close();
    }
  }
}
