package org.deft4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.deft4j.tree.DeftException;

/**
 * One device with its primary context and a stream of our own, for its {@link DeviceMemory} and its
 * {@link Launcher}. All work that is launched here runs in the order of the calls; only {@link
 * #synchronize} and what says so waits for it.
 *
 * <p>For one thread at a time, which may change. What was made and not closed is closed with the
 * device.
 */
final class CudaDevice implements AutoCloseable {
  private static final ThreadLocal<CudaDevice> CURRENT = new ThreadLocal<>();

  private final CUdevice device = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final StreamHandle stream = new StreamHandle();
  private final Set<AutoCloseable> open =
      java.util.Collections.newSetFromMap(new java.util.IdentityHashMap<>());
  private final List<CudaModule> modules = new ArrayList<>();
  private final String name;
  private final Launcher launcher;
  private final DeviceMemory memory;
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
    launcher = new Launcher(this);
    memory = new DeviceMemory(this, launcher);
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

  // --- what works on it ---

  /** Its memory. */
  DeviceMemory memory() {
    return memory;
  }

  /** What launches and captures on its stream. */
  Launcher launcher() {
    return launcher;
  }

  /** As {@link CudaModule#load}, once an image; unloaded with the device. */
  CudaModule load(String image) {
    for (CudaModule m : modules) {
      if (m.image().equals(image)) {
        return m;
      }
    }
    CudaModule loaded = CudaModule.load(this, image);
    modules.add(loaded);
    return loaded;
  }

  /** A timer of this device's stream. */
  CudaTimer timer() {
    bind();
    return own(new CudaTimer(this));
  }

  // --- the context and its stream ---

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

  /** Waits until all work is done. */
  void synchronize() {
    bind();
    int result = JCudaDriver.cuStreamSynchronize(stream);
    if (result != CUresult.CUDA_SUCCESS) {
      check(result, "waiting for the device");
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

  // --- what was made here ---

  /** Closes {@code made} with the device unless it is closed before; returns it. */
  <T extends AutoCloseable> T own(T made) {
    open.add(made);
    return made;
  }

  /**
   * Lets go of what is being closed.
   *
   * @return whether the caller is to give back what the driver holds for it, in the context, which
   *     is entered; not if it was let go before, and not if the context is lost
   */
  boolean disown(AutoCloseable made) {
    if (!open.remove(made) || lost) {
      return false;
    }
    bind();
    return true;
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
        launcher.close();
        int unused = JCudaDriver.cuStreamDestroy(stream);
      }
      int unused = JCudaDriver.cuDevicePrimaryCtxRelease(device);
      CURRENT.remove();
      closed = true;
    }
  }
}
