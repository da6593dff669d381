package org.deft4j.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * {@code cuLaunchKernelEx} with programmatic dependent launch, which JCuda does not bind: the
 * kernel starts before the one before it has ended and waits itself ({@code early.cuh}), so that
 * its start and what it can fetch beforehand cost no time.
 */
final class EarlyLaunch {
  /** System property: {@code false} launches every kernel after the end of the one before. */
  static final String ENABLED = "deft.cuda.early";

  /** Least driver that keeps such launches when they are captured: CUDA 12.3. */
  private static final int LEAST_DRIVER = 12030;

  // CUlaunchConfig of cuda.h: three and three ints, shared bytes, stream, attributes, their number.
  private static final long CONFIG_BYTES = 56;
  private static final long STREAM = 32;
  private static final long ATTRIBUTES = 40;
  private static final long COUNT = 48;

  // CUlaunchAttribute: id, padding, a union of 64 bytes.
  private static final long ATTRIBUTE_BYTES = 72;
  private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;

  private final MethodHandle launch;
  private final MemorySegment config;

  private EarlyLaunch(MethodHandle launch, long stream) {
    this.launch = launch;
    Arena arena = Arena.ofAuto();
    MemorySegment attribute = arena.allocate(ATTRIBUTE_BYTES, 8);
    attribute.set(ValueLayout.JAVA_INT, 0, PROGRAMMATIC_STREAM_SERIALIZATION);
    attribute.set(ValueLayout.JAVA_INT, 8, 1);
    config = arena.allocate(CONFIG_BYTES, 8);
    for (int i = 0; i < 6; i++) {
      config.set(ValueLayout.JAVA_INT, 4L * i, 1);
    }
    config.set(ValueLayout.JAVA_LONG, STREAM, stream);
    config.set(ValueLayout.ADDRESS, ATTRIBUTES, attribute);
    config.set(ValueLayout.JAVA_INT, COUNT, 1);
  }

  /** Null where it cannot be had: an older device or driver. */
  @SuppressWarnings("restricted") // the driver is native
  static @Nullable EarlyLaunch of(CudaDevice device, long stream) {
    if (device.capability() < 90
        || device.driverVersion() < LEAST_DRIVER
        || !Boolean.parseBoolean(System.getProperty(ENABLED, "true"))) {
      return null;
    }
    try {
      SymbolLookup driver = SymbolLookup.libraryLookup("libcuda.so.1", Arena.global());
      return driver
          .find("cuLaunchKernelEx")
          .map(f ->
              new EarlyLaunch(
                  Linker.nativeLinker()
                      .downcallHandle(
                          f,
                          FunctionDescriptor.of(
                              ValueLayout.JAVA_INT,
                              ValueLayout.ADDRESS,
                              ValueLayout.JAVA_LONG,
                              ValueLayout.ADDRESS,
                              ValueLayout.JAVA_LONG)),
                  stream))
          .orElse(null);
    } catch (IllegalArgumentException e) {
      return null; // another platform names the driver otherwise
    }
  }

  /** Launches; the driver's result. */
  int launch(
      CudaKernel kernel, int gridX, int gridY, int blockX, int sharedBytes, ParamBlock params) {
    config.set(ValueLayout.JAVA_INT, 0, gridX);
    config.set(ValueLayout.JAVA_INT, 4, gridY);
    config.set(ValueLayout.JAVA_INT, 12, blockX);
    config.set(ValueLayout.JAVA_INT, 24, sharedBytes);
    try {
      return (int)
          launch.invokeExact(config, kernel.handle().address(), params.addressOfArgument(), 0L);
    } catch (Throwable e) {
      throw new IllegalStateException(e); // the call itself throws nothing
    }
  }
}
