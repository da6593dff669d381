package org.deft4j.kernels.cuda;

import java.util.Arrays;
import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.Tensor;

/**
 * What operations of a {@link CudaBackend} are given, checked: each throws {@link
 * IllegalArgumentException} for one of another backend or shape.
 */
final class Operands {
  private Operands() {}

  /** This backend's tensor, of these columns and at least these rows. */
  static CudaTensor own(Tensor t, int rows, int cols) {
    if (!(t instanceof CudaTensor c)) {
      throw new IllegalArgumentException("tensor of another backend: " + t.getClass().getName());
    }
    if (rows < 1 || rows > t.rows() || cols != t.cols()) {
      throw new IllegalArgumentException(
          "operand "
              + Arrays.toString(new int[] {t.rows(), t.cols()})
              + " where "
              + Arrays.toString(new int[] {rows, cols})
              + " is needed");
    }
    return c;
  }

  /** One in float32. */
  static CudaTensor float32(CudaTensor t) {
    if (t.type() != DType.F32) {
      throw new IllegalArgumentException("operand in " + t.type() + " where float32 is needed");
    }
    return t;
  }

  /** This backend's matrix. */
  static CudaMatrix own(Matrix m) {
    if (!(m instanceof CudaMatrix c)) {
      throw new IllegalArgumentException("matrix of another backend: " + m.getClass().getName());
    }
    return c;
  }

  /** This backend's cache. */
  static CudaKvCache own(KvCache kv) {
    if (!(kv instanceof CudaKvCache c)) {
      throw new IllegalArgumentException("KV cache of another backend: " + kv.getClass().getName());
    }
    return c;
  }

  /** Refuses an operation in place. */
  static void distinct(Tensor x, Tensor y) {
    if (x == y) {
      throw new IllegalArgumentException("input and output are one tensor");
    }
  }
}
