package org.deft4j.kernels;

/**
 * How a backend is to run.
 *
 * @param threads worker threads, the caller's included; 0 for one a processor
 * @param vectorBits vectors of this width (128, 256 or 512), 0 for the machine's own. The width is
 *     fixed for a process by the first use; the system property {@value #VECTOR_BITS} sets it too
 * @param deterministic a row's bits must not depend on the batch, the threads or the siblings
 */
public record BackendOptions(int threads, int vectorBits, boolean deterministic) {
  /** System property that forces a vector width. */
  public static final String VECTOR_BITS = "deft.vector.bits";

  /** Checks the values. */
  public BackendOptions {
    if (threads < 0 || threads > 1024) {
      throw new IllegalArgumentException("threads " + threads + " is not in 0..1024");
    }
    if (vectorBits != 0 && vectorBits != 128 && vectorBits != 256 && vectorBits != 512) {
      throw new IllegalArgumentException("vector bits " + vectorBits + " is not 128, 256 or 512");
    }
  }

  /** One thread a processor, the machine's vector width, not deterministic. */
  public static BackendOptions defaults() {
    return new BackendOptions(0, Integer.getInteger(VECTOR_BITS, 0), false);
  }

  /** These options with {@code n} threads. */
  public BackendOptions withThreads(int n) {
    return new BackendOptions(n, vectorBits, deterministic);
  }

  /** These options with vectors of {@code bits} bits. */
  public BackendOptions withVectorBits(int bits) {
    return new BackendOptions(threads, bits, deterministic);
  }

  /** These options, deterministic or not. */
  public BackendOptions withDeterministic(boolean on) {
    return new BackendOptions(threads, vectorBits, on);
  }

  /** The number of threads, 0 resolved. */
  public int effectiveThreads() {
    return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
  }
}
