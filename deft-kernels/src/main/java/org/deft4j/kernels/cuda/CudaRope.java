package org.deft4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import org.deft4j.kernels.Rope;
import org.deft4j.kernels.RopeSpec;

/** A rotary embedding's frequencies on the device. */
final class CudaRope implements Rope {
  private final RopeSpec spec;
  private final DeviceBuffer frequencies;
  private final int pairs;

  CudaRope(CudaDevice device, RopeSpec spec) {
    this.spec = spec;
    double[] f = spec.frequencies();
    pairs = f.length;
    frequencies = device.allocate(8L * pairs, "a rotary embedding");
    device.upload(frequencies, 0, MemorySegment.ofArray(f));
  }

  DeviceBuffer frequencies() {
    return frequencies;
  }

  int pairs() {
    return pairs;
  }

  @Override
  public RopeSpec spec() {
    return spec;
  }
}
