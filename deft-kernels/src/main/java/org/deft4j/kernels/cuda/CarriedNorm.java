package org.deft4j.kernels.cuda;

/**
 * A norm that is half done: rows are there times the weights of the norm, and what reads them
 * scales its own results, {@code W (s v) = s (W v)}.
 *
 * @param rows that are half done
 * @param squares {@code [rows][}{@value #MOST_SUMS}{@code ]} sums of the squares of parts of a row
 * @param sums parts of a row
 * @param of what is normalized
 * @param version of {@code of} that was
 * @param weight of the norm
 * @param eps of the norm
 */
record CarriedNorm(
    int rows,
    DeviceBuffer squares,
    int sums,
    CudaTensor of,
    long version,
    CudaTensor weight,
    float eps) {
  /** Most parts of a row. */
  static final int MOST_SUMS = 256;

  /**
   * To be called before a product that reads so many rows changes anything.
   *
   * @throws IllegalStateException if it is not of so many rows, or of what was normalized any more
   */
  void check(int read) {
    if (read > rows) {
      throw new IllegalStateException(read + " rows read where " + rows + " were normalized");
    }
    if (of.version() != version) {
      throw new IllegalStateException("what is normalized changed before its norm was read");
    }
  }

  /** Finishes the norm into the tensor that holds the rows, for a reader that does not scale. */
  void finish(StepKernels kernels, CudaTensor normed) {
    kernels.rmsNorm(of, weight, eps, normed.changed(), rows);
  }
}
