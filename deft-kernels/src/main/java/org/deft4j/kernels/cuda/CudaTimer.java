package org.deft4j.kernels.cuda;

import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/** Measures device time between two points of a device's stream. */
final class CudaTimer implements GraphTrial.Stopwatch {
  private final CudaDevice device;
  private final CUevent start = new CUevent();
  private final CUevent stop = new CUevent();
  private boolean closed;

  CudaTimer(CudaDevice device) {
    this.device = device;
    device.check(
        JCudaDriver.cuEventCreate(start, CUevent_flags.CU_EVENT_DEFAULT), "creating an event");
    device.check(
        JCudaDriver.cuEventCreate(stop, CUevent_flags.CU_EVENT_DEFAULT), "creating an event");
  }

  /** Marks the beginning. */
  @Override
  public void start() {
    device.bind();
    device.check(JCudaDriver.cuEventRecord(start, device.stream()), "recording an event");
  }

  /** Marks the end. */
  @Override
  public void stop() {
    device.bind();
    device.check(JCudaDriver.cuEventRecord(stop, device.stream()), "recording an event");
  }

  /** Waits until the work before {@link #stop} is done. */
  void await() {
    device.bind();
    device.check(JCudaDriver.cuEventSynchronize(stop), "waiting for an event");
  }

  /** Waits for the end and gives the microseconds since the beginning. */
  @Override
  public double micros() {
    await();
    float[] millis = new float[1];
    device.check(JCudaDriver.cuEventElapsedTime(millis, start, stop), "reading a timer");
    return millis[0] * 1e3;
  }

  /** Destroys the events; idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (device.disown(this)) {
        device.check(JCudaDriver.cuEventDestroy(start), "destroying an event");
        device.check(JCudaDriver.cuEventDestroy(stop), "destroying an event");
      }
    }
  }
}
