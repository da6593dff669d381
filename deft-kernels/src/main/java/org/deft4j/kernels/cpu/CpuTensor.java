package org.deft4j.kernels.cpu;

import java.util.Objects;
import org.deft4j.kernels.Tensor;

/** Activations in an array of the heap. */
public final class CpuTensor implements Tensor {
  private final int rows;
  private final int cols;
  private float[] data;

  CpuTensor(int rows, int cols) {
    if (rows < 1 || cols < 1) {
      throw new IllegalArgumentException("tensor of [" + rows + "][" + cols + "]");
    }
    this.rows = rows;
    this.cols = cols;
    data = new float[Math.multiplyExact(rows, cols)];
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int cols() {
    return cols;
  }

  /** The values, row-major. */
  public float[] data() {
    return data;
  }

  @Override
  public void write(int row, int n, float[] src, int offset) {
    Objects.checkFromIndexSize(row, n, rows);
    System.arraycopy(src, offset, data, row * cols, n * cols);
  }

  @Override
  public void read(int row, int n, float[] dst, int offset) {
    Objects.checkFromIndexSize(row, n, rows);
    System.arraycopy(data, row * cols, dst, offset, n * cols);
  }

  @Override
  public void close() {
    data = new float[0];
  }
}
