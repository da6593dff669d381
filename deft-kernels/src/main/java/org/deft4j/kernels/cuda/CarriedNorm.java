package org.deft4j.kernels.cuda;

/**
 * A norm that is half done: rows are there times the weights of the norm, and what reads them
 * scales its own results, {@code W (s v) = s (W v)}.
 *
 * @param squares {@code [rows][}{@value #MOST_SUMS}{@code ]} sums of the squares of parts of a row
 * @param sums parts of a row
 * @param of what is normalized
 * @param version of {@code of} that was
 * @param weight of the norm
 * @param eps of the norm
 */
record CarriedNorm(
    DeviceBuffer squares, int sums, CudaTensor of, long version, CudaTensor weight, float eps) {
  /** Most parts of a row. */
  static final int MOST_SUMS = 256;

  /** Finishes the norm into the tensor that it is of, for a reader that does not scale. */
  void finish(StepKernels kernels, CudaTensor normed, int rows) {
    if (of.version() != version) {
      throw new IllegalStateException("what is normalized changed before its norm was read");
    }
    kernels.rmsNorm(of, weight, eps, normed.changed(), rows);
  }
}
