package org.deft4j.kernels.cuda;

import org.jspecify.annotations.Nullable;

/**
 * Products of matrices with activations of any type: brings operands into the matrix's type where
 * they are not, through buffers that grow to the largest product met and are kept.
 *
 * <p>cuBLAS picks its algorithm by the number of rows. Deterministic products are therefore always
 * of {@value #BLOCK} rows, the last block padded, so that one algorithm does all.
 */
final class CudaProducts implements AutoCloseable {
  private static final int BLOCK = 64;

  private final CudaDevice device;
  private final StepKernels kernels;
  private final Cublas cublas;
  private final boolean deterministic;
  private @Nullable DeviceBuffer input;
  private @Nullable DeviceBuffer output;

  CudaProducts(CudaDevice device, StepKernels kernels, boolean deterministic) {
    this.device = device;
    this.kernels = kernels;
    this.deterministic = deterministic;
    cublas = new Cublas(device);
  }

  /** cuBLAS's version, 10000 x major + 100 x minor + patch. */
  int cublasVersion() {
    return cublas.version();
  }

  /** As {@link org.deft4j.kernels.Backend#matmul} and {@code matmulAdd}. */
  void multiply(CudaMatrix w, CudaTensor x, CudaTensor y, int rows, boolean add) {
    multiply(w, x, y.buffer(), y.stride(), y.type(), rows, add);
  }

  void multiply(
      CudaMatrix w, CudaTensor x, DeviceBuffer y, int yStride, DType yType, int rows, boolean add) {
    DeviceBuffer in = x.buffer();
    int whole = deterministic ? rows & -BLOCK : rows;
    boolean converted = x.type() != w.held();
    int inStride = w.stride();
    if (converted || whole < rows) {
      int room = deterministic ? (rows + BLOCK - 1) & -BLOCK : rows;
      in = input((long) room * inStride * w.held().bytes());
      // What is past the columns must be zero: the buffer held something else before.
      device.fill(in, 0, (long) room * inStride * w.held().bytes(), 0);
      kernels.convert(
          x.buffer().address(),
          x.stride(),
          x.type().code(),
          in.address(),
          inStride,
          w.held(),
          rows,
          x.cols());
    }
    boolean direct = yType == DType.F32 || yType == w.held();
    if (direct && !deterministic) {
      cublas.multiply(w, in, 0, y, 0, yStride, yType, rows, add);
      return;
    }
    long inBlock = (long) BLOCK * inStride * w.held().bytes();
    int step = deterministic ? BLOCK : rows;
    for (int r = 0; r < rows; r += step) {
      long at = (long) r * yStride * yType.bytes();
      long inAt = r / BLOCK * inBlock;
      if (direct && r + step <= rows) {
        cublas.multiply(w, in, deterministic ? inAt : 0, y, at, yStride, yType, step, add);
        continue;
      }
      int stride = CudaTensor.stride(w.rows());
      DeviceBuffer out = output(4L * step * stride);
      int n = Math.min(step, rows - r);
      if (add) {
        kernels.convert(
            y.address(at), yStride, yType.code(), out.address(), stride, DType.F32, n, w.rows());
      }
      cublas.multiply(w, in, deterministic ? inAt : 0, out, 0, stride, DType.F32, step, add);
      kernels.convert(
          out.address(), stride, DType.F32.code(), y.address(at), yStride, yType, n, w.rows());
    }
  }

  private DeviceBuffer input(long bytes) {
    input = grown(input, bytes);
    return input;
  }

  private DeviceBuffer output(long bytes) {
    output = grown(output, bytes);
    return output;
  }

  private DeviceBuffer grown(@Nullable DeviceBuffer b, long bytes) {
    return grown(device, b, bytes);
  }

  /** {@code b} if it has {@code bytes} bytes, else a new one in its place. */
  static DeviceBuffer grown(CudaDevice device, @Nullable DeviceBuffer b, long bytes) {
    if (b != null && b.bytes() >= bytes) {
      return b;
    }
    long more = bytes;
    if (b != null) {
      more = Math.max(bytes, b.bytes() + b.bytes() / 2);
      b.close();
    }
    DeviceBuffer made = device.allocate(more, "activations");
    device.fill(made, 0, more, 0);
    return made;
  }

  @Override
  public void close() {
    cublas.close();
    for (DeviceBuffer b : new @Nullable DeviceBuffer[] {input, output}) {
      if (b != null) {
        b.close();
      }
    }
  }
}
