package org.deft4j.kernels;

import org.deft4j.kernels.cpu.WeightFiles;
import org.jspecify.annotations.Nullable;

/**
 * How a backend is to run.
 *
 * @param threads worker threads, the caller's included; 0 for one a processor
 * @param vectorBits vectors of this width (128, 256 or 512), 0 for the machine's own. The width is
 *     fixed for a process by the first use; the system property {@value #VECTOR_BITS} sets it too
 * @param deterministic a row's bits must not depend on the batch, the threads or the siblings
 * @param int8Activations activations may be rounded to 8 bits, a scale for each 32, where weights
 *     have 4 or 6 bits and a product is faster that way (Q4_K and Q6_K on the Vector API); other
 *     backends and weights take no notice
 * @param weightFiles where a backend that repacks weights keeps those of the one model that it is
 *     opened for, to map them the next time; null to have them in memory of its own. Backends other
 *     than the Vector API take no notice
 */
public record BackendOptions(
    int threads,
    int vectorBits,
    boolean deterministic,
    boolean int8Activations,
    @Nullable WeightFiles weightFiles) {
  /** System property that forces a vector width. */
  public static final String VECTOR_BITS = "deft.vector.bits";

  /** Options with exact activations and weights in memory. */
  public BackendOptions(int threads, int vectorBits, boolean deterministic) {
    this(threads, vectorBits, deterministic, false, null);
  }

  /** Checks the values. */
  public BackendOptions {
    if (threads < 0 || threads > 1024) {
      throw new IllegalArgumentException("threads " + threads + " is not in 0..1024");
    }
    if (vectorBits != 0 && vectorBits != 128 && vectorBits != 256 && vectorBits != 512) {
      throw new IllegalArgumentException("vector bits " + vectorBits + " is not 128, 256 or 512");
    }
  }

  /** One thread a processor, the machine's vector width, not deterministic, activations exact. */
  public static BackendOptions defaults() {
    return new BackendOptions(0, Integer.getInteger(VECTOR_BITS, 0), false);
  }

  /** These options with {@code n} threads. */
  public BackendOptions withThreads(int n) {
    return new BackendOptions(n, vectorBits, deterministic, int8Activations, weightFiles);
  }

  /** These options with vectors of {@code bits} bits. */
  public BackendOptions withVectorBits(int bits) {
    return new BackendOptions(threads, bits, deterministic, int8Activations, weightFiles);
  }

  /** These options, deterministic or not. */
  public BackendOptions withDeterministic(boolean on) {
    return new BackendOptions(threads, vectorBits, on, int8Activations, weightFiles);
  }

  /** These options, with activations of 8 bits or exact ones. */
  public BackendOptions withInt8Activations(boolean on) {
    return new BackendOptions(threads, vectorBits, deterministic, on, weightFiles);
  }

  /** These options, with repacked weights in these files or, with null, in memory. */
  public BackendOptions withWeightFiles(@Nullable WeightFiles files) {
    return new BackendOptions(threads, vectorBits, deterministic, int8Activations, files);
  }

  /** The number of threads, 0 resolved. */
  public int effectiveThreads() {
    return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }
}
