package org.deft4j.kernels.cpu;

import org.deft4j.kernels.Weights;

/** Weights as they lie in the host memory that was given. */
final class ScalarMatrix extends CpuMatrix {
  private final Weights[] parts;

  ScalarMatrix(Weights[] parts) {
    super(parts);
    this.parts = parts;
  }

  @Override
  public long bytes() {
    return rows() * type().rowBytes(cols());
  }

  @Override
  public void decodeRow(int row, float[] dst, int offset) {
    int r = row;
    for (Weights p : parts) {
      if (r < p.rows()) {
        p.decodeRow(r, dst, offset);
        return;
      }
      r -= p.rows();
    }
    throw new IndexOutOfBoundsException("row " + row);
  }

  @Override
  public void close() {
    // The host memory is the caller's.
  }
}
