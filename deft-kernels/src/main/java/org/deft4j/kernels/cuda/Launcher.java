package org.deft4j.kernels.cuda;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/**
 * Launches kernels on the stream of a {@link CudaDevice}, or captures what is launched as a graph,
 * and knows what came last there: only behind a kernel can one start early.
 *
 * <p>Nothing here waits for the device. Grids count blocks, blocks count threads, {@code
 * sharedBytes} of shared memory are for each block. Parameters of another size than the kernel's
 * struct are an {@link IllegalStateException}; what the driver refuses is what {@link
 * CudaDevice#check} throws.
 */
final class Launcher {
  private final CudaDevice device;
  private final StreamHandle stream;
  private final @Nullable EarlyLaunch early;
  private @Nullable SideStream side;

  // Only after a kernel can one start early.
  private boolean afterKernel;
  private boolean capturing;
  private long captures;

  Launcher(CudaDevice device) {
    this.device = device;
    stream = device.stream();
    early = EarlyLaunch.of(device, stream.address());
  }

  // --- launches ---

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
    device.bind();
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
      device.check(result, "launching " + kernel.name());
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
    device.bind();
    int result = launch.launch(kernel, gridX, gridY, blockX, sharedBytes, params);
    if (result != CUresult.CUDA_SUCCESS) {
      device.check(result, "launching " + kernel.name());
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
      s = new SideStream(device);
      side = s;
    }
    s.launch(kernel, gridX, blockX, sharedBytes, params);
    if (!capturing) {
      s.join();
    }
  }

  /**
   * Launches a kernel whose thread blocks wait for each other: all of them run at the same time, or
   * the launch is refused.
   */
  void launchCooperative(
      CudaKernel kernel, int gridX, int blockX, int sharedBytes, ParamBlock params) {
    sized(kernel, params);
    device.bind();
    afterKernel = true;
    int result =
        JCudaDriver.cuLaunchCooperativeKernel(
            kernel.handle(), gridX, 1, 1, blockX, 1, 1, sharedBytes, stream, params.arguments());
    if (result != CUresult.CUDA_SUCCESS) {
      device.check(result, "launching " + kernel.name());
    }
  }

  /** Whether {@link #launchEarly} starts kernels early. */
  boolean launchesEarly() {
    return early != null;
  }

  /** Tells that what comes last in the stream is no kernel: the next one does not start early. */
  void queuedOther() {
    afterKernel = false;
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

  // --- graphs ---

  /**
   * Captures what {@code work} launches instead of running it. It must not wait, allocate or free.
   */
  CudaGraph capture(Runnable work) {
    device.bind();
    afterKernel = false;
    device.check(
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
        device.check(result, "ending a graph");
      } else if (result == CUresult.CUDA_SUCCESS) {
        int unused = JCudaDriver.cuGraphDestroy(graph);
      }
    }
    CUgraphExec executable = new CUgraphExec();
    int result = JCudaDriver.cuGraphInstantiate(executable, graph, 0);
    if (result != CUresult.CUDA_SUCCESS) {
      int unused = JCudaDriver.cuGraphDestroy(graph);
      device.check(result, "preparing a graph");
    }
    return device.own(new CudaGraph(device, graph, executable));
  }

  /** Grows with each capture, and again at its end. */
  long captures() {
    return captures;
  }

  /** Whether launches are captured now. */
  boolean capturing() {
    return capturing;
  }

  /** For the device's end: all work is done, and the context is not lost. */
  void close() {
    if (side != null) {
      side.close();
    }
  }
}
