package org.deft4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import org.deft4j.kernels.Rope;
import org.deft4j.kernels.RopeSpec;

/**
 * A rotary embedding: its frequencies, and the cosines and sines of the rows of a pass, which all
 * layers share.
 */
final class CudaRope implements Rope {
  private final RopeSpec spec;
  private final DeviceBuffer frequencies;
  private final int pairs;
  private final GrowingBuffer turns;
  private long turnedFor = -1;

  CudaRope(CudaDevice device, RopeSpec spec) {
    this.spec = spec;
    double[] f = spec.frequencies();
    pairs = f.length;
    turns = new GrowingBuffer(device, "a rotary embedding");
    frequencies = device.memory().allocate(8L * pairs, "a rotary embedding");
    device.memory().upload(frequencies, 0, MemorySegment.ofArray(f));
  }

  DeviceBuffer frequencies() {
    return frequencies;
  }

  int pairs() {
    return pairs;
  }

  /** Room for {@code [rows][pairs]} cosines and sines. */
  DeviceBuffer turns(int rows) {
    return turns.atLeast(8L * rows * pairs);
  }

  /**
   * Whether {@link #turns} are those of a pass.
   *
   * @param pass another number for each pass and each capture
   */
  boolean turned(long pass) {
    return turnedFor == pass;
  }

  /** Tells that {@link #turns} are those of a pass from now on. */
  void turnedFor(long pass) {
    turnedFor = pass;
  }

  @Override
  public RopeSpec spec() {
    return spec;
  }
}
