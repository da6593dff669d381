package org.deft4j.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Weights in host memory, {@code [rows][cols]} row-major, as they lie in a model file.
 *
 * @param type how a value is stored
 * @param rows output features
 * @param cols input features, a multiple of {@link WeightType#blockSize()}
 * @param data exactly {@code rows * type.rowBytes(cols)} bytes, of any alignment
 */
public record Weights(WeightType type, int rows, int cols, MemorySegment data) {
  /**
   * Checks the shape against the size.
   *
   * @throws IllegalArgumentException if they differ
   */
  public Weights {
    if (rows < 1) {
      throw new IllegalArgumentException("rows " + rows + " < 1");
    }
    long bytes = Math.multiplyExact(type.rowBytes(cols), (long) rows);
    if (data.byteSize() != bytes) {
      throw new IllegalArgumentException(
          type + " [" + rows + "][" + cols + "] takes " + bytes + " bytes, not " + data.byteSize());
    }
  }

  /** Weights of type {@link WeightType#F32} from an array. */
  public static Weights of(int rows, int cols, float[] values) {
    return new Weights(WeightType.F32, rows, cols, MemorySegment.ofArray(values.clone()));
  }
}
