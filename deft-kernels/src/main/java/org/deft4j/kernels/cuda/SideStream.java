package org.deft4j.kernels.cuda;

import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * A stream beside a device's own: what is launched there runs beside what the device's stream has
 * next, as a branch of the graph while one is captured. Beginning a branch costs the device nothing
 * that could be measured.
 */
final class SideStream implements AutoCloseable {
  private final CudaDevice device;
  private final StreamHandle stream = new StreamHandle();
  private final CUevent forked = new CUevent();
  private final CUevent joined = new CUevent();
  private boolean open;

  SideStream(CudaDevice device) {
    this.device = device;
    device.bind();
    for (CUevent e : new CUevent[] {forked, joined}) {
      device.check(
          JCudaDriver.cuEventCreate(e, CUevent_flags.CU_EVENT_DISABLE_TIMING), "creating an event");
    }
    device.check(
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "creating a stream");
  }

  /** Launches a kernel after all that the device's stream has so far, and what was put here. */
  void launch(CudaKernel kernel, int gridX, int blockX, int sharedBytes, ParamBlock params) {
    device.bind();
    device.check(JCudaDriver.cuEventRecord(forked, device.stream()), "beginning a branch");
    device.check(JCudaDriver.cuStreamWaitEvent(stream, forked, 0), "beginning a branch");
    open = true;
    device.check(
        JCudaDriver.cuLaunchKernel(
            kernel.handle(),
            gridX,
            1,
            1,
            blockX,
            1,
            1,
            sharedBytes,
            stream,
            params.arguments(),
            null),
        "launching " + kernel.name());
  }

  /** A capture that failed took its branches with it. */
  void forget() {
    open = false;
  }

  /** What the device's stream gets from now on waits for this one. */
  void join() {
    if (open) {
      open = false;
      device.check(JCudaDriver.cuEventRecord(joined, stream), "ending a branch");
      device.check(JCudaDriver.cuStreamWaitEvent(device.stream(), joined, 0), "ending a branch");
    }
  }

  /** Destroys it; everything there is done. */
  @Override
  public void close() {
    int unused = JCudaDriver.cuEventDestroy(forked);
    unused = JCudaDriver.cuEventDestroy(joined);
    unused = JCudaDriver.cuStreamDestroy(stream);
  }
}
