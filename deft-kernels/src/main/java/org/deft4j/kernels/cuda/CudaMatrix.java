package org.deft4j.kernels.cuda;

import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.WeightType;

/** Weights on the device in 16 bits; a row takes {@link #stride} values, zeros past its columns. */
final class CudaMatrix implements Matrix {
  private final WeightType given;
  private final DType type;
  private final int rows;
  private final int cols;
  private final DeviceBuffer buffer;
  private boolean beforeAttention;

  CudaMatrix(WeightType given, DType type, int rows, int cols, DeviceBuffer buffer) {
    this.given = given;
    this.type = type;
    this.rows = rows;
    this.cols = cols;
    this.buffer = buffer;
  }

  /** In what the weights are held. */
  DType held() {
    return type;
  }

  /** Values from a row to the next. */
  int stride() {
    return CudaTensor.stride(cols);
  }

  /** Whether attention was seen to follow the product with these weights. */
  boolean beforeAttention() {
    return beforeAttention;
  }

  void seenBeforeAttention() {
    beforeAttention = true;
  }

  DeviceBuffer buffer() {
    return buffer;
  }

  @Override
  public WeightType type() {
    return given;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int cols() {
    return cols;
  }

  @Override
  public long bytes() {
    return buffer.bytes();
  }

  @Override
  public void close() {
    buffer.close();
  }
}
