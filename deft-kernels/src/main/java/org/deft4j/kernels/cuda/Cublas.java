package org.deft4j.kernels.cuda;

import jcuda.Pointer;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;
import org.deft4j.tree.DeftException;

/** Matrix products by cuBLAS on a device's stream: 16-bit operands, float32 sums. */
final class Cublas implements AutoCloseable {
  // Needed under graph capture, and enough for every algorithm up to Blackwell.
  private static final long WORKSPACE = 32L << 20;

  /** CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION: partial sums stay float32. */
  private static final int FULL_SUMS = 16;

  private final CudaDevice device;
  private final cublasHandle handle = new cublasHandle();
  private final DeviceBuffer workspace;
  private final Pointer one = Pointer.to(new float[] {1});
  private final Pointer zero = Pointer.to(new float[] {0});

  Cublas(CudaDevice device) {
    this.device = device;
    device.bind();
    workspace = device.memory().allocate(WORKSPACE, "cuBLAS");
    check(JCublas2.cublasCreate(handle), "starting cuBLAS");
    check(JCublas2.cublasSetStream(handle, new cudaStream_t(device.stream())), "setting a stream");
    check(
        JCublas2.cublasSetWorkspace(handle, workspace.pointer(0), WORKSPACE),
        "setting a workspace");
    check(JCublas2.cublasSetMathMode(handle, FULL_SUMS), "setting the precision");
  }

  /** What products may use while they run; for one at a time. */
  DeviceBuffer workspace() {
    return workspace;
  }

  /** Version, 10000 x major + 100 x minor + patch. */
  int version() {
    int[] version = new int[1];
    check(JCublas2.cublasGetVersion(handle, version), "asking for the version");
    return version[0];
  }

  /**
   * {@code y[r][n] = sum_k w[n][k] * x[r][k]}, added to {@code y} if {@code add}, for {@code rows}
   * rows.
   *
   * @param x of the type that {@code w} is held in, with its stride, from byte {@code xAt} on
   * @param y float32 or that type, from byte {@code yAt} on
   */
  void multiply(
      CudaMatrix w,
      DeviceBuffer x,
      long xAt,
      DeviceBuffer y,
      long yAt,
      int yStride,
      DType yType,
      int rows,
      boolean add) {
    device.bind();
    int status =
        JCublas2.cublasGemmEx_new(
            handle,
            cublasOperation.CUBLAS_OP_T,
            cublasOperation.CUBLAS_OP_N,
            w.rows(),
            rows,
            w.stride(),
            one,
            w.buffer().pointer(0),
            w.held().cublas(),
            w.stride(),
            x.pointer(xAt),
            w.held().cublas(),
            w.stride(),
            add ? one : zero,
            y.pointer(yAt),
            yType.cublas(),
            yStride,
            cublasComputeType.CUBLAS_COMPUTE_32F,
            cublasGemmAlgo.CUBLAS_GEMM_DEFAULT);
    if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
      check(status, "multiplying [" + w.rows() + "][" + w.cols() + "] with " + rows + " rows");
    }
  }

  /** Throws unless a status is success. */
  void check(int status, String what) {
    if (status == cublasStatus.CUBLAS_STATUS_SUCCESS) {
      return;
    }
    if (status == cublasStatus.CUBLAS_STATUS_ALLOC_FAILED) {
      throw new DeftException(
          DeftException.OUT_OF_MEMORY,
          "out of device memory in cuBLAS while " + what + "; a smaller --kv-memory leaves more");
    }
    device.synchronize(); // tells of a lost context, if that is the cause
    throw new DeftException(
        DeftException.RUNTIME,
        "cuBLAS failed while " + what + ": " + cublasStatus.stringFor(status));
  }

  @Override
  public void close() {
    if (!device.lost()) {
      device.bind();
      int unused = JCublas2.cublasDestroy(handle);
    }
    workspace.close();
  }
}
