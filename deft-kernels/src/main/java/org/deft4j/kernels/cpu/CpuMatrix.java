package org.deft4j.kernels.cpu;

import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;

/** What matrices on the processor share. */
public abstract class CpuMatrix implements Matrix {
  private final WeightType type;
  private final int rows;
  private final int cols;

  /**
   * Adds the rows up.
   *
   * @throws IllegalArgumentException if the parts differ in columns
   */
  protected CpuMatrix(Weights[] parts) {
    if (parts.length == 0) {
      throw new IllegalArgumentException("a matrix of no parts");
    }
    type = parts[0].type();
    cols = parts[0].cols();
    int n = 0;
    for (Weights w : parts) {
      if (w.cols() != cols) {
        throw new IllegalArgumentException(
            "parts of one matrix differ: " + cols + " and " + w.cols() + " columns");
      }
      n = Math.addExact(n, w.rows());
    }
    rows = n;
  }

  @Override
  public final WeightType type() {
    return type;
  }

  @Override
  public final int rows() {
    return rows;
  }

  @Override
  public final int cols() {
    return cols;
  }

  /** Writes row {@code row} as float32 to {@code dst[offset...]}. */
  public abstract void decodeRow(int row, float[] dst, int offset);
}
