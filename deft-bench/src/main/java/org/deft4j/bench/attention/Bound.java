package org.deft4j.bench.attention;

/**
 * What no kernel can beat: the time to read the keys and values once, or to multiply.
 *
 * @param streamMicros measured time of a plain read of the keys and values
 * @param flops multiplications and additions of scores and outputs; each row multiplies with what
 *     it sees
 * @param peakTeraflops of the matrix unit
 */
public record Bound(double streamMicros, double flops, double peakTeraflops) {
  /** An H200's measured rate of large bf16 products. */
  public static final double H200_TERAFLOPS = 790;

  /** The bound of a workload. */
  public static Bound of(Workload w, double streamMicros, double peakTeraflops) {
    return new Bound(streamMicros, w.flops(), peakTeraflops);
  }

  /** The larger of the two. */
  public double micros() {
    return Math.max(streamMicros, flops / peakTeraflops / 1e6);
  }

  /** What a good kernel must not exceed: twice the bound, or 9 us (starting, merging) above it. */
  public double barMicros() {
    return Math.max(2 * micros(), micros() + 9);
  }
}
