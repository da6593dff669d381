package org.deft4j.kernels.cuda;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.JCudaDriver;

/** Captured work of a device's stream that is launched as a whole; made by a {@link Launcher}. */
final class CudaGraph implements GraphTrial.Graph {
  private final CudaDevice device;
  private final CUgraph graph;
  private final CUgraphExec executable;
  private boolean closed;

  CudaGraph(CudaDevice device, CUgraph graph, CUgraphExec executable) {
    this.device = device;
    this.graph = graph;
    this.executable = executable;
  }

  /** Queues the work on the device's stream. */
  @Override
  public void launch() {
    device.bind();
    device.launcher().queuedOther();
    device.check(JCudaDriver.cuGraphLaunch(executable, device.stream()), "launching a graph");
  }

  /** Destroys the graph; idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (device.disown(this)) {
        device.check(JCudaDriver.cuGraphExecDestroy(executable), "destroying a graph");
        device.check(JCudaDriver.cuGraphDestroy(graph), "destroying a graph");
      }
    }
  }
}
