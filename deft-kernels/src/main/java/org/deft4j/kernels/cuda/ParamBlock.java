package org.deft4j.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;

/**
 * The parameters of a kernel: one C struct, written field by field in the order of its declaration.
 * Each field is aligned to its own size, as C does on every platform of CUDA, and {@link #size} is
 * rounded up to the largest alignment, as {@code sizeof} is.
 *
 * <p>The driver copies the struct at a launch, so one block serves any number of launches. Writing
 * allocates nothing.
 */
final class ParamBlock {
  private final ByteBuffer data;
  private final Pointer arguments;
  private final MemorySegment addressOfArgument;
  private int at;
  private int alignment = 1;

  /** Room for a struct of at most {@code capacity} bytes (4096 is what every device takes). */
  ParamBlock(int capacity) {
    data = ByteBuffer.allocateDirect(capacity).order(ByteOrder.LITTLE_ENDIAN);
    arguments = Pointer.to(Pointer.to(data));
    addressOfArgument = Arena.ofAuto().allocate(8, 8);
    addressOfArgument.set(ValueLayout.ADDRESS, 0, MemorySegment.ofBuffer(data));
  }

  /** Starts a struct anew. */
  ParamBlock clear() {
    at = 0;
    alignment = 1;
    return this;
  }

  /** A pointer, or any other 64-bit integer. */
  ParamBlock i64(long value) {
    data.putLong(field(8), value);
    return this;
  }

  /** The address of device memory. */
  ParamBlock pointer(DeviceBuffer buffer) {
    return i64(buffer.address());
  }

  /** A 32-bit integer. */
  ParamBlock i32(int value) {
    data.putInt(field(4), value);
    return this;
  }

  /** A float. */
  ParamBlock f32(float value) {
    data.putFloat(field(4), value);
    return this;
  }

  /** Where the next field of {@code bytes} bytes lies; skips it. For {@link #set(int, long)}. */
  int field(int bytes) {
    int offset = (at + bytes - 1) & -bytes;
    at = offset + bytes;
    alignment = Math.max(alignment, bytes);
    return offset;
  }

  /** Overwrites a 64-bit field. */
  void set(int offset, long value) {
    data.putLong(offset, value);
  }

  /** Overwrites a 32-bit field. */
  void set(int offset, int value) {
    data.putInt(offset, value);
  }

  /** The struct's size in C. */
  int size() {
    return (at + alignment - 1) & -alignment;
  }

  /** The struct, for tests. */
  ByteBuffer data() {
    return data;
  }

  Pointer arguments() {
    return arguments;
  }

  /** The same for calls past JCuda: one pointer, to the struct. */
  MemorySegment addressOfArgument() {
    return addressOfArgument;
  }
}
