package org.deft4j.kernels;

/**
 * Activations on a backend in float32 (or what {@link Backend#activations} gives), row-major {@code
 * [rows][cols]}, zero at first.
 *
 * <p>Reading waits for the operations launched before.
 */
public interface Tensor extends AutoCloseable {
  /** Rows. */
  int rows();

  /** Columns. */
  int cols();

  /** Copies {@code n} whole rows from {@code src[offset...]} to rows {@code row...}. */
  void write(int row, int n, float[] src, int offset);

  /** Copies {@code n} whole rows from rows {@code row...} to {@code dst[offset...]}. */
  void read(int row, int n, float[] dst, int offset);

  /** Frees the memory; idempotent. Closing the backend closes it too. */
  @Override
  void close();
}
