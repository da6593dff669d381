package org.deft4j.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What the host tells the device before a step: arrays put one behind another into pinned memory
 * and sent in one copy. Two pinned buffers take turns, so filling one does not wait for the copy of
 * the other.
 *
 * <p>Where it is little, a kernel copies it: a copy engine would first have to be handed the
 * stream, and back.
 *
 * <p>Use: {@link #begin}, {@code put...} (each gives an offset), {@link #send}; then {@link
 * #address} of an offset. Addresses stay the same from step to step as long as the rooms asked for
 * do and no larger buffer is needed (which frees the one before, see {@link DeviceMemory#freed}).
 * Allocates nothing but growth.
 */
final class StepUpload implements AutoCloseable {
  /** Most bytes that a kernel copies. */
  private static final int LITTLE = 1 << 18;

  private static final int VECTOR = 16;

  /** Pinned memory, seen as what is put there. */
  private record Stage(PinnedBuffer pinned, ByteBuffer bytes, IntBuffer ints, LongBuffer longs) {}

  private final CudaDevice device;
  private final CudaKernel copy;
  private final ParamBlock params = new ParamBlock(32);
  private final @Nullable Stage[] stages = new Stage[2];
  private final CudaTimer[] sent;
  private final GrowingBuffer room;
  private @Nullable DeviceBuffer target;
  private int turn;
  private int at;

  StepUpload(CudaDevice device) {
    this.device = device;
    copy = device.load("step").kernel("copy_in");
    room = new GrowingBuffer(device, "a step's plan");
    sent = new CudaTimer[] {device.timer(), device.timer()};
  }

  /** Starts anew with room for {@code bytes} bytes, alignment included. */
  void begin(int bytes) {
    turn ^= 1;
    sent[turn].await();
    at = 0;
    Stage s = stages[turn];
    if (s == null || s.pinned.bytes() < bytes) {
      if (s != null) {
        // Nobody may write to freed memory, should there be no other.
        stages[turn] = null;
        s.pinned.close();
      }
      PinnedBuffer p = device.memory().pinned(grown(bytes));
      ByteBuffer b = p.data();
      stages[turn] = new Stage(p, b, b.asIntBuffer(), b.asLongBuffer());
    }
    DeviceBuffer to = target;
    if (to == null || to.bytes() < bytes) {
      target = null;
      target = room.atLeast(grown(bytes));
    }
  }

  private static int grown(int bytes) {
    return Math.max(1 << 16, Math.toIntExact(Math.min(Integer.MAX_VALUE - 64, bytes * 3L / 2)));
  }

  /** Bytes that an array of {@code n} values of {@code size} bytes takes at most. */
  static int room(int n, int size) {
    return Math.addExact(Math.multiplyExact(n, size), 16);
  }

  /** Puts the first {@code n} ints in a room of {@code room} ints; their offset. */
  int put(int[] values, int n, int room) {
    int offset = reserve(4 * room);
    stage().ints.put(offset / 4, values, 0, n);
    return offset;
  }

  /** Puts the first {@code n} ints. */
  int put(int[] values, int n) {
    return put(values, n, n);
  }

  /** As {@link #put(int[], int, int)}; the rest of the room is {@code rest}. */
  int put(int[] values, int n, int room, int rest) {
    int offset = put(values, n, room);
    IntBuffer ints = stage().ints;
    for (int i = n; i < room; i++) {
      ints.put(offset / 4 + i, rest);
    }
    return offset;
  }

  /** Puts the first {@code n} longs in a room of {@code room} bytes; their offset. */
  int put(long[] values, int n, int room) {
    int offset = reserve(room);
    stage().longs.put(offset / 8, values, 0, n);
    return offset;
  }

  /** Puts the first {@code n} bytes in a room of {@code room} bytes; their offset. */
  int put(byte[] values, int n, int room) {
    int offset = reserve(room);
    stage().bytes.put(offset, values, 0, n);
    return offset;
  }

  /** Puts the first {@code n} longs. */
  int put(long[] values, int n) {
    return put(values, n, 8 * n);
  }

  /** Puts the first {@code n} bytes. */
  int put(byte[] values, int n) {
    return put(values, n, n);
  }

  private int reserve(int bytes) {
    int offset = (at + 15) & -16;
    at = offset + bytes;
    return offset;
  }

  private Stage stage() {
    Stage s = stages[turn];
    if (s == null) {
      throw new IllegalStateException("begin was not called");
    }
    return s;
  }

  /** Queues the copy. */
  void send() {
    DeviceBuffer to = target;
    if (to == null) {
      throw new IllegalStateException("begin was not called");
    }
    PinnedBuffer from = stage().pinned;
    int vectors = Math.ceilDiv(at, VECTOR);
    if (at > 0 && at <= LITTLE && (long) vectors * VECTOR <= Math.min(from.bytes(), to.bytes())) {
      params.clear().i64(from.deviceAddress()).pointer(to).i64(vectors);
      device.launcher().launchAlone(copy, Math.ceilDiv(vectors, 256), 256, params);
    } else if (at > 0) {
      device.memory().copyIn(to, 0, from, 0, at);
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
      Stage s = stages[i];
      if (s != null) {
        s.pinned.close();
      }
    }
    room.close();
  }
}
