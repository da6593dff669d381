package org.deft4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * One device with its primary context and a stream of our own. All work that is launched here runs
 * in the order of the calls; only {@link #synchronize} and what says so waits for it.
 *
 * <p>For one thread at a time, which may change. What was made and not closed is closed with the
 * device.
 */
final class CudaDevice implements AutoCloseable {
  private static final int STAGE_BYTES = 8 << 20;
  private static final ThreadLocal<CudaDevice> CURRENT = new ThreadLocal<>();

  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final StreamHandle stream = new StreamHandle();
  private final Set<AutoCloseable> open =
      java.util.Collections.newSetFromMap(new java.util.IdentityHashMap<>());
  private final List<CudaModule> modules = new ArrayList<>();
  private final String name;
  private final @Nullable PinnedBuffer[] stages = new PinnedBuffer[2];
  private final @Nullable EarlyLaunch early;
  private @Nullable SideStream side;
  private long freed;

  // Only after a kernel can one start early.
  private boolean afterKernel;
  private boolean capturing;
  private long captures;
  private boolean lost;
  private boolean closed;

  private CudaDevice(int ordinal) {
    check(JCudaDriver.cuInit(0), "starting the driver");
    check(JCudaDriver.cuDeviceGet(device, ordinal), "opening device " + ordinal);
    name = CudaProbe.name(device);
    check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "opening " + name);
    try {
      bind();
      check(
          JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
          "creating a stream");
    } catch (DeftException e) {
      int unused = JCudaDriver.cuDevicePrimaryCtxRelease(device);
      CURRENT.remove();
      throw e;
    }
    early = EarlyLaunch.of(this, stream.address());
  }

  /**
   * Opens the device that {@link CudaProbe#DEVICE} names, 0 by default.
   *
   * @throws DeftException if none can be used here; says why
   */
  static CudaDevice open() {
    java.util.Optional<String> why = CudaProbe.unusable();
    if (why.isPresent()) {
      throw new DeftException(DeftException.BACKEND_UNAVAILABLE, why.get());
    }
    return new CudaDevice(CudaProbe.device());
  }

  // --- what it is ---

  /** Product name. */
  String name() {
    return name;
  }

  /** Compute capability, 10 x major + minor: 90 for an H100. */
  int capability() {
    return 10 * attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
        + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  }

  /** Streaming multiprocessors. */
  int multiprocessors() {
    return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  }

  /** Bytes of the second-level cache. */
  int l2Bytes() {
    return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
  }

  /** Most bytes of shared memory that a block may ask for. */
  int sharedBytesPerBlock() {
    return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  }

  /** Any attribute of {@link CUdevice_attribute}. */
  int attribute(int which) {
    return CudaProbe.attribute(device, which);
  }

  /** CUDA version that the driver serves, 1000 x major + 10 x minor. */
  int driverVersion() {
    int[] version = new int[1];
    check(JCudaDriver.cuDriverGetVersion(version), "asking for the driver's version");
    return version[0];
  }

  /** Free bytes of device memory. */
  long freeBytes() {
    return memory()[0];
  }

  /** All bytes of device memory. */
  long totalBytes() {
    return memory()[1];
  }

  private long[] memory() {
    bind();
    long[] free = new long[1];
    long[] total = new long[1];
    check(JCudaDriver.cuMemGetInfo(free, total), "asking for free memory");
    return new long[] {free[0], total[0]};
  }

  // --- memory ---

  /** How often device memory was freed: addresses that a graph captured before may be stale. */
  long freed() {
    return freed;
  }

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
    bind();
    DevicePointer p = new DevicePointer();
    int result = JCudaDriver.cuMemAlloc(p, bytes);
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      throw new DeftException(
          DeftException.OUT_OF_MEMORY,
          String.format(
              "not enough device memory for %s: it takes %,d MiB, and %,d of %,d MiB of %s are"
                  + " free; a smaller --kv-memory or a smaller model leaves more, and --backend"
                  + " panama needs none",
              what, (bytes + (1 << 20) - 1) >> 20, freeBytes() >> 20, totalBytes() >> 20, name));
    }
    check(result, "allocating device memory");
    DeviceBuffer buffer = new DeviceBuffer(p, bytes, b -> free(b, p));
    open.add(buffer);
    return buffer;
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

  /** Page-locked host memory of this many bytes. */
  PinnedBuffer pinned(int bytes) {
    bind();
    Pointer p = new Pointer();
    int result = JCudaDriver.cuMemAllocHost(p, Math.max(1, bytes));
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      throw new DeftException(
          DeftException.OUT_OF_MEMORY,
          String.format("not enough host memory for %,d bytes that a device can copy", bytes));
    }
    check(result, "allocating pinned memory");
    PinnedBuffer buffer = new PinnedBuffer(this, p, Math.max(1, bytes));
    open.add(buffer);
    return buffer;
  }

  /** The device's address of pinned memory. */
  long mapped(Pointer pinned) {
    bind();
    DevicePointer p = new DevicePointer();
    check(JCudaDriver.cuMemHostGetDevicePointer(p, pinned, 0), "mapping pinned memory");
    return p.address();
  }

  /** Queues a copy to the device; {@code from} must stay as it is until it is done. */
  void copyIn(DeviceBuffer to, long toOffset, PinnedBuffer from, long fromOffset, long bytes) {
    bind();
    inside(toOffset, bytes, to.bytes());
    inside(fromOffset, bytes, from.bytes());
    afterKernel = false;
    check(
        JCudaDriver.cuMemcpyHtoDAsync(
            to.pointer(toOffset), from.pointer(fromOffset), bytes, stream),
        "copying to the device");
  }

  /** Queues a copy from the device; {@link #synchronize} before reading {@code to}. */
  void copyOut(PinnedBuffer to, long toOffset, DeviceBuffer from, long fromOffset, long bytes) {
    bind();
    inside(toOffset, bytes, to.bytes());
    inside(fromOffset, bytes, from.bytes());
    afterKernel = false;
    check(
        JCudaDriver.cuMemcpyDtoHAsync(
            to.pointer(toOffset), from.pointer(fromOffset), bytes, stream),
        "copying from the device");
  }

  /** Queues a copy within the device; the ranges must not overlap. */
  void copy(DeviceBuffer to, long toOffset, DeviceBuffer from, long fromOffset, long bytes) {
    bind();
    inside(toOffset, bytes, to.bytes());
    inside(fromOffset, bytes, from.bytes());
    afterKernel = false;
    check(
        JCudaDriver.cuMemcpyDtoDAsync(
            to.pointer(toOffset), from.pointer(fromOffset), bytes, stream),
        "copying on the device");
  }

  /** Queues setting bytes to a value. */
  void fill(DeviceBuffer to, long offset, long bytes, int value) {
    bind();
    inside(offset, bytes, to.bytes());
    afterKernel = false;
    check(
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
        synchronize();
      }
      copyIn(to, offset + at, stage, 0, n);
      half ^= 1;
    }
    synchronize();
  }

  /** Waits for the work before and copies from the device to host memory. */
  void download(DeviceBuffer from, long offset, MemorySegment to) {
    long bytes = to.byteSize();
    inside(offset, bytes, from.bytes());
    PinnedBuffer stage = stage(0);
    for (long at = 0; at < bytes; at += STAGE_BYTES) {
      long n = Math.min(STAGE_BYTES, bytes - at);
      copyOut(stage, 0, from, offset + at, n);
      synchronize();
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

  // --- work ---

  /**
   * Loads the image {@code image} that ships with this package.
   *
   * @throws DeftException ({@link DeftException#BACKEND_UNAVAILABLE}) if it is missing or holds no
   *     code that this device or driver takes
   */
  CudaModule load(String image) {
    for (CudaModule m : modules) {
      if (m.image().equals(image)) {
        return m;
      }
    }
    bind();
    byte[] bytes = CudaModule.read(image);
    if (bytes == null) {
      throw new DeftException(
          DeftException.BACKEND_UNAVAILABLE,
          "the compiled kernels "
              + CudaModule.resource(image)
              + " are not in this build; compile them with deft-kernels/src/main/cuda/build.sh");
    }
    CUmodule module = new CUmodule();
    int result = JCudaDriver.cuModuleLoadData(module, bytes);
    if (result == CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU
        || result == CUresult.CUDA_ERROR_INVALID_IMAGE
        || result == CUresult.CUDA_ERROR_INVALID_PTX
        || result == CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION
        || result == CUresult.CUDA_ERROR_JIT_COMPILER_NOT_FOUND) {
      throw new DeftException(
          DeftException.BACKEND_UNAVAILABLE,
          String.format(
              "the compiled kernels %s have no code that %s (compute capability %d.%d) takes with a"
                  + " driver for CUDA %s (%s); update the NVIDIA driver",
              image,
              name,
              capability() / 10,
              capability() % 10,
              CudaProbe.version(driverVersion()),
              CUresult.stringFor(result)));
    }
    check(result, "loading kernels " + image);
    CudaModule loaded = new CudaModule(this, module, image);
    modules.add(loaded);
    return loaded;
  }

  /** Launches a kernel of a one- or two-dimensional grid; see {@link ParamBlock}. */
  void launch(
      CudaKernel kernel, int gridX, int gridY, int blockX, int sharedBytes, ParamBlock params) {
    launch(kernel, gridX, gridY, 1, blockX, 1, sharedBytes, params);
  }

  /** Launches a kernel. */
  void launch(
      CudaKernel kernel,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int sharedBytes,
      ParamBlock params) {
    sized(kernel, params);
    bind();
    afterKernel = true;
    int result =
        JCudaDriver.cuLaunchKernel(
            kernel.handle(),
            gridX,
            gridY,
            gridZ,
            blockX,
            blockY,
            1,
            sharedBytes,
            stream,
            params.arguments(),
            null);
    if (result != CUresult.CUDA_SUCCESS) {
      check(result, "launching " + kernel.name());
    }
  }

  /**
   * Launches a kernel that waits itself for what was launched before it ({@code early.cuh}): it
   * starts before that has ended, where the device and the driver can do so.
   */
  void launchEarly(
      CudaKernel kernel, int gridX, int gridY, int blockX, int sharedBytes, ParamBlock params) {
    EarlyLaunch launch = early;
    if (launch == null || !afterKernel) {
      launch(kernel, gridX, gridY, 1, blockX, 1, sharedBytes, params);
      return;
    }
    sized(kernel, params);
    bind();
    int result = launch.launch(kernel, gridX, gridY, blockX, sharedBytes, params);
    if (result != CUresult.CUDA_SUCCESS) {
      check(result, "launching " + kernel.name());
    }
  }

  /**
   * Launches a kernel that nothing overlaps with: it starts when all before it has ended, and what
   * comes next starts when it has. So kernels that start early may read what it wrote before they
   * wait.
   */
  void launchAlone(CudaKernel kernel, int gridX, int blockX, ParamBlock params) {
    launch(kernel, gridX, 1, 1, blockX, 1, 0, params);
    afterKernel = false;
  }

  /**
   * Launches a kernel beside what comes next, which does not wait for it; the end of a graph that
   * is captured does.
   */
  void launchAside(CudaKernel kernel, int gridX, int blockX, int sharedBytes, ParamBlock params) {
    sized(kernel, params);
    SideStream s = side;
    if (s == null) {
      s = new SideStream(this);
      side = s;
    }
    s.launch(kernel, gridX, blockX, sharedBytes, params);
    if (!capturing) {
      s.join();
    }
  }

  void graphLaunched() {
    afterKernel = false;
  }

  /** Whether {@link #launchEarly} starts kernels early. */
  boolean launchesEarly() {
    return early != null;
  }

  /**
   * Launches a kernel whose thread blocks wait for each other: all of them run at the same time, or
   * the launch is refused.
   */
  void launchCooperative(
      CudaKernel kernel, int gridX, int blockX, int sharedBytes, ParamBlock params) {
    sized(kernel, params);
    bind();
    afterKernel = true;
    int result =
        JCudaDriver.cuLaunchCooperativeKernel(
            kernel.handle(), gridX, 1, 1, blockX, 1, 1, sharedBytes, stream, params.arguments());
    if (result != CUresult.CUDA_SUCCESS) {
      check(result, "launching " + kernel.name());
    }
  }

  private static void sized(CudaKernel kernel, ParamBlock params) {
    if (kernel.paramBytes() >= 0 && kernel.paramBytes() != params.size()) {
      throw new IllegalStateException(
          kernel.name()
              + " takes "
              + kernel.paramBytes()
              + " bytes of parameters, not "
              + params.size());
    }
  }

  /** Waits until all work is done. */
  void synchronize() {
    bind();
    int result = JCudaDriver.cuStreamSynchronize(stream);
    if (result != CUresult.CUDA_SUCCESS) {
      check(result, "waiting for the device");
    }
  }

  /**
   * Captures what {@code work} launches instead of running it. It must not wait, allocate or free.
   */
  CudaGraph capture(Runnable work) {
    bind();
    afterKernel = false;
    check(
        JCudaDriver.cuStreamBeginCapture(
            stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "beginning a graph");
    CUgraph graph = new CUgraph();
    boolean done = false;
    capturing = true;
    captures++;
    try {
      work.run();
      if (side != null) {
        side.join();
      }
      done = true;
    } finally {
      capturing = false;
      captures++;
      afterKernel = false; // those were captured
      int result = JCudaDriver.cuStreamEndCapture(stream, graph);
      if (side != null) {
        side.forget();
      }
      if (done) {
        check(result, "ending a graph");
      } else if (result == CUresult.CUDA_SUCCESS) {
        int unused = JCudaDriver.cuGraphDestroy(graph);
      }
    }
    CUgraphExec executable = new CUgraphExec();
    int result = JCudaDriver.cuGraphInstantiate(executable, graph, 0);
    if (result != CUresult.CUDA_SUCCESS) {
      int unused = JCudaDriver.cuGraphDestroy(graph);
      check(result, "preparing a graph");
    }
    CudaGraph made = new CudaGraph(this, graph, executable);
    open.add(made);
    return made;
  }

  /** Grows with each capture, and again at its end. */
  long captures() {
    return captures;
  }

  /** Whether launches are captured now. */
  boolean capturing() {
    return capturing;
  }

  /** A timer of this device's stream. */
  CudaTimer timer() {
    bind();
    CudaTimer made = new CudaTimer(this);
    open.add(made);
    return made;
  }

  /** The stream that everything runs on. */
  StreamHandle stream() {
    return stream;
  }

  /** Makes the context the calling thread's; cheap when it is already. */
  void bind() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
    if (CURRENT.get() != this || Thread.currentThread().isVirtual()) {
      check(JCudaDriver.cuCtxSetCurrent(context), "entering the device's context");
      CURRENT.set(this);
    }
  }

  /** Whether an error ended the context. */
  boolean lost() {
    return lost;
  }

  // --- errors ---

  /**
   * Throws unless {@code result} is success.
   *
   * @param what was being done
   */
  void check(int result, String what) {
    if (result == CUresult.CUDA_SUCCESS) {
      return;
    }
    String code = CUresult.stringFor(result);
    if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
      throw new DeftException(
          DeftException.OUT_OF_MEMORY,
          "out of device memory while " + what + "; a smaller --kv-memory leaves more");
    }
    if (sticky(result)) {
      lost = true;
      throw new DeftException(
          DeftException.RUNTIME,
          "the device's context is lost: "
              + code
              + ", noticed while "
              + what
              + "; nothing more can run on the device in this process, so end it");
    }
    throw new DeftException(DeftException.RUNTIME, "CUDA failed while " + what + ": " + code);
  }

  /** Whether an error ends the context: every later call would give it again. */
  static boolean sticky(int result) {
    return switch (result) {
      case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
          CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
          CUresult.CUDA_ERROR_ASSERT,
          CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
          CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
          CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          CUresult.CUDA_ERROR_INVALID_PC,
          CUresult.CUDA_ERROR_LAUNCH_FAILED,
          CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
          CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE,
          CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED,
          CUresult.CUDA_ERROR_EXTERNAL_DEVICE,
          CUresult.CUDA_ERROR_UNKNOWN ->
          true;
      default -> false;
    };
  }

  // --- the end ---

  void free(DeviceBuffer buffer, CUdeviceptr pointer) {
    freed++;
    if (open.remove(buffer) && !lost) {
      bind();
      check(JCudaDriver.cuMemFree(pointer), "freeing device memory");
    }
  }

  void free(PinnedBuffer buffer, Pointer pointer) {
    if (open.remove(buffer) && !lost) {
      bind();
      check(JCudaDriver.cuMemFreeHost(pointer), "freeing pinned memory");
    }
  }

  void destroy(CudaGraph owner, CUgraph graph, CUgraphExec executable) {
    if (open.remove(owner) && !lost) {
      bind();
      check(JCudaDriver.cuGraphExecDestroy(executable), "destroying a graph");
      check(JCudaDriver.cuGraphDestroy(graph), "destroying a graph");
    }
  }

  void destroy(CudaTimer owner, CUevent start, CUevent stop) {
    if (open.remove(owner) && !lost) {
      bind();
      check(JCudaDriver.cuEventDestroy(start), "destroying an event");
      check(JCudaDriver.cuEventDestroy(stop), "destroying an event");
    }
  }

  /** Closes all that was made here and gives the device back; idempotent. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    bind();
    try {
      if (!lost) {
        synchronize();
      }
      for (AutoCloseable made : List.copyOf(open)) {
        made.close();
      }
    } catch (DeftException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    } finally {
      if (!lost) {
        for (CudaModule m : modules) {
          int unused = JCudaDriver.cuModuleUnload(m.handle());
        }
        if (side != null) {
          side.close();
        }
        int unused = JCudaDriver.cuStreamDestroy(stream);
      }
      int unused = JCudaDriver.cuDevicePrimaryCtxRelease(device);
      CURRENT.remove();
      closed = true;
    }
  }
}
