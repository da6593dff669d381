package org.deft4j.kernels.cuda;

import java.util.List;
import org.deft4j.kernels.cuda.ProductWays.Way;

/**
 * Products of matrices with activations of any type: brings operands into the matrix's type where
 * they are not, through buffers that grow to the largest product met and are kept.
 *
 * <p>How a product of a large matrix is computed is {@link ProductWays}'s choice. Deterministic
 * products all are of {@link FewRowProducts}, in one order of sums.
 */
final class CudaProducts implements AutoCloseable {
  /** System property: {@code false} leaves all products but deterministic ones to cuBLAS. */
  static final String OWN = "deft.cuda.own-products";

  private final CudaDevice device;
  private final StepKernels kernels;
  private final Cublas cublas;
  private final FewRowProducts few;
  private final ProductWays ways;
  private final boolean deterministic;
  private final boolean own = Boolean.parseBoolean(System.getProperty(OWN, "true"));
  private final GrowingBuffer input;
  private final GrowingBuffer output;
  private final GrowingBuffer gateUp;

  CudaProducts(CudaDevice device, StepKernels kernels, boolean deterministic) {
    this.device = device;
    this.kernels = kernels;
    this.deterministic = deterministic;
    input = new GrowingBuffer(device, "activations");
    output = new GrowingBuffer(device, "activations");
    gateUp = new GrowingBuffer(device, "activations");
    cublas = new Cublas(device);
    few = new FewRowProducts(device);
    ways = new ProductWays(device, kernels, cublas, few, this::run);
  }

  /** cuBLAS's version, 10000 x major + 100 x minor + patch. */
  int cublasVersion() {
    return cublas.version();
  }

  /** Tells of a matrix: those of one shape are measured together. */
  void add(CudaMatrix w) {
    ways.add(w);
  }

  /** How products are computed. */
  ProductWays ways() {
    return ways;
  }

  /** As {@link org.deft4j.kernels.Backend#matmul} and {@code matmulAdd}. */
  void multiply(CudaMatrix w, CudaTensor x, CudaTensor y, int rows, boolean add) {
    DeviceBuffer in = input(w, x, rows);
    boolean direct = y.type() == DType.F32 || y.type() == w.held() && !add;
    if (direct) {
      product(w, in, y.buffer(), y.stride(), y.type(), rows, add);
      return;
    }
    int stride = CudaTensor.stride(w.rows());
    DeviceBuffer out = output.atLeast(4L * rows * stride);
    if (add) {
      kernels.convert(
          y.buffer().address(),
          y.stride(),
          y.type().code(),
          out.address(),
          stride,
          DType.F32,
          rows,
          w.rows());
    }
    product(w, in, out, stride, DType.F32, rows, add);
    kernels.convert(
        out.address(),
        stride,
        DType.F32.code(),
        y.buffer().address(),
        y.stride(),
        y.type(),
        rows,
        w.rows());
  }

  /** As {@link org.deft4j.kernels.Backend#matmulSwiglu}. */
  void multiplyGated(CudaMatrix w, CudaTensor x, CudaTensor y, int rows) {
    DeviceBuffer in = input(w, x, rows);
    boolean direct = y.type() == DType.F32 || y.type() == w.held();
    int mode = FewRowProducts.SWIGLU | mode(y.type(), false);
    if (deterministic && direct && few.fixedGates()) {
      fixed(w, in, y.buffer(), y.stride(), y.type(), rows, mode);
      return;
    }
    gated(direct && !deterministic ? way(w, mode, rows) : Way.CUBLAS, w, in, y, rows, mode);
  }

  private void gated(Way way, CudaMatrix w, DeviceBuffer in, CudaTensor y, int rows, int mode) {
    if (way.ours()) {
      ways.run(way, w, in, y.buffer(), y.stride(), rows, mode);
      return;
    }
    // Deterministic gates see what they see where kernels do both.
    DType type = deterministic ? DType.F32 : ProductWays.gateType(w.held());
    int stride = CudaTensor.stride(w.rows());
    DeviceBuffer g = gateUp.atLeast((long) rows * stride * type.bytes());
    if (deterministic) {
      product(w, in, g, stride, type, rows, false);
    } else {
      ways.run(way, w, in, g, stride, rows, mode(type, false));
    }
    kernels.swiglu(g, stride, type, y, rows);
  }

  /** One that is measured. */
  private void run(Way way, CudaMatrix w, CudaTensor x, CudaTensor y, int rows, int mode) {
    if ((mode & FewRowProducts.SWIGLU) != 0) {
      gated(way, w, x.buffer(), y, rows, mode);
    } else {
      ways.run(way, w, x.buffer(), y.buffer(), y.stride(), rows, mode);
    }
  }

  private static int mode(DType yType, boolean add) {
    return (yType == DType.F32 ? FewRowProducts.FLOAT : FewRowProducts.HALF)
        | (add ? FewRowProducts.ADD : 0);
  }

  private Way way(CudaMatrix w, int mode, int rows) {
    return own ? ways.of(w, mode, rows) : Way.CUBLAS;
  }

  private DeviceBuffer input(CudaMatrix w, CudaTensor x, int rows) {
    if (x.type() == w.held()) {
      return x.buffer();
    }
    int stride = w.stride();
    DeviceBuffer in = input.atLeast((long) rows * stride * w.held().bytes());
    if (stride != x.cols()) {
      // What is past the columns must be zero: the buffer held something else before.
      device.fill(in, 0, (long) rows * stride * w.held().bytes(), 0);
    }
    kernels.convert(
        x.buffer().address(),
        x.stride(),
        x.type().code(),
        in.address(),
        stride,
        w.held(),
        rows,
        x.cols());
    return in;
  }

  private void product(
      CudaMatrix w,
      DeviceBuffer x,
      DeviceBuffer y,
      int yStride,
      DType yType,
      int rows,
      boolean add) {
    int mode = mode(yType, add);
    if (deterministic) {
      fixed(w, x, y, yStride, yType, rows, mode);
      return;
    }
    Way way = yStride == CudaTensor.stride(w.rows()) ? way(w, mode, rows) : Way.CUBLAS;
    ways.run(way, w, x, y, yStride, rows, mode);
  }

  private void fixed(
      CudaMatrix w, DeviceBuffer x, DeviceBuffer y, int yStride, DType yType, int rows, int mode) {
    int n = (mode & FewRowProducts.SWIGLU) != 0 ? w.rows() / 2 : w.rows();
    for (int r = 0; r < rows; r += FewRowProducts.BLOCK) {
      int block = Math.min(FewRowProducts.BLOCK, rows - r);
      few.run(
          few.fixed(w.held(), n, block, mode),
          w,
          x.address((long) r * w.stride() * w.held().bytes()),
          y.address((long) r * yStride * yType.bytes()),
          yStride,
          block,
          mode);
    }
  }

  @Override
  public void close() {
    ways.close();
    cublas.close();
    few.close();
    for (GrowingBuffer b : List.of(input, output, gateUp)) {
      b.close();
    }
  }
}
