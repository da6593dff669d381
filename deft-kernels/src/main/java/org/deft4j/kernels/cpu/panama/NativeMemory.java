package org.deft4j.kernels.cpu.panama;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Memory outside the Java heap for what kernels walk once a token.
 *
 * <p>Where native access is enabled on Linux it lies in huge pages, as the Java heap does with
 * {@code -XX:+UseTransparentHugePages}: past 12 MB of pages of 4 KiB a kernel loses 3 to 8 % to
 * translating addresses. And all segments are of one class of the JDK then, whatever they map: with
 * two, C2 has a loop choose between them, which costs a tenth to a quarter (docs/kernels-cpu.md).
 */
final class NativeMemory {
  private static final int READ_WRITE = 3;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final int HUGE_PAGES = 14;
  private static final long HUGE_PAGE = 2 << 20;

  private static final @Nullable Calls CALLS = Calls.find();

  private NativeMemory() {}

  /** What the C library has for it. */
  private record Calls(MethodHandle mmap, MethodHandle munmap, MethodHandle madvise) {
    static @Nullable Calls find() {
      if (!NativeMemory.class.getModule().isNativeAccessEnabled()
          || !System.getProperty("os.name", "").equals("Linux")) {
        return null;
      }
      Linker linker = Linker.nativeLinker();
      SymbolLookup library = linker.defaultLookup();
      ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
      ValueLayout.OfInt number = ValueLayout.JAVA_INT;
      return new Calls(
          linker.downcallHandle(
              library.findOrThrow("mmap"),
              FunctionDescriptor.of(word, word, word, number, number, number, word)),
          linker.downcallHandle(
              library.findOrThrow("munmap"), FunctionDescriptor.of(number, word, word)),
          linker.downcallHandle(
              library.findOrThrow("madvise"), FunctionDescriptor.of(number, word, word, number)));
    }

    long map(long bytes) {
      try {
        return (long) mmap.invokeExact(0L, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
      } catch (Throwable e) {
        throw new IllegalStateException("mmap", e);
      }
    }

    void unmap(MemorySegment s) {
      try {
        int ignored = (int) munmap.invokeExact(s.address(), s.byteSize());
      } catch (Throwable e) {
        throw new IllegalStateException("munmap", e);
      }
    }

    void advise(MemorySegment s) {
      try {
        // A wish: a kernel without huge pages refuses it.
        int ignored = (int) madvise.invokeExact(s.address(), s.byteSize(), HUGE_PAGES);
      } catch (Throwable e) {
        throw new IllegalStateException("madvise", e);
      }
    }
  }

  /**
   * Zeroed memory that belongs to the arena.
   *
   * @throws OutOfMemoryError if there is no room
   */
  static MemorySegment allocate(long bytes, Arena arena) {
    if (CALLS == null || bytes < HUGE_PAGE) {
      return arena.allocate(bytes, 64);
    }
    long address = CALLS.map(bytes);
    if (address == -1) {
      throw new OutOfMemoryError("the system gives no " + bytes + " bytes");
    }
    MemorySegment s = MemorySegment.ofAddress(address).reinterpret(bytes, arena, CALLS::unmap);
    CALLS.advise(s);
    return s;
  }

  /** A mapped file's content, in huge pages where the file system has them. */
  static MemorySegment mapped(MemorySegment s, Arena arena) {
    if (CALLS == null) {
      return s;
    }
    CALLS.advise(s);
    return MemorySegment.ofAddress(s.address()).reinterpret(s.byteSize(), arena, null).asReadOnly();
  }
}
