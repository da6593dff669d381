package org.deft4j.kernels.cuda;

import java.util.BitSet;
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

  /** Numbers of rows for which norms between products are not left to them. */
  private final BitSet normsApart = new BitSet();

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
    boolean direct = y.type() == DType.F32 || y.type() == w.held() && !add;
    if (direct) {
      product(w, x, y.buffer(), y.stride(), y.type(), rows, add);
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
    product(w, x, out, stride, DType.F32, rows, add);
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

  /** As {@link org.deft4j.kernels.Backend#matmulAddNorm}. */
  void multiplyAddNorm(
      CudaMatrix w,
      CudaTensor x,
      CudaTensor y,
      CudaTensor norm,
      float eps,
      CudaTensor normed,
      int rows) {
    int mode = mode(DType.F32, true);
    if (!normsApart.get(rows) && !deterministic && ways.carries(w, y, normed, rows)) {
      Way way = way(w, mode, rows);
      if (way.carries()) {
        DeviceBuffer in = input(way, w, x, rows);
        var next = new WgmmaProducts.Next(y, norm, eps, normed);
        ways.run(way, w, in, x.carried(), y.buffer(), y.stride(), rows, mode, next);
        return;
      }
    }
    multiply(w, x, y, rows, true);
    kernels.rmsNorm(y, norm, eps, normed.changed(), rows);
  }

  /** What may make a pass of so many rows faster, known after one ran. */
  List<StepOption> options(int rows) {
    List<StepOption> all = ways.options(rows);
    if (ways.mayCarry(rows)) {
      all.add(StepOption.named("norms apart", on -> normsApart.set(rows, on)));
    }
    return all;
  }

  /** As {@link org.deft4j.kernels.Backend#matmulSwiglu}. */
  void multiplyGated(CudaMatrix w, CudaTensor x, CudaTensor y, int rows) {
    boolean direct = y.type() == DType.F32 || y.type() == w.held();
    int mode = FewRowProducts.SWIGLU | mode(y.type(), false);
    if (deterministic && direct && few.fixedGates()) {
      fixed(w, input(Way.CUBLAS, w, x, rows), y.buffer(), y.stride(), y.type(), rows, mode);
      return;
    }
    gated(direct && !deterministic ? way(w, mode, rows) : Way.CUBLAS, w, x, y, rows, mode);
  }

  private void gated(Way way, CudaMatrix w, CudaTensor x, CudaTensor y, int rows, int mode) {
    if (way.ours()) {
      DeviceBuffer in = input(way, w, x, rows);
      ways.run(way, w, in, x.carried(), y.buffer(), y.stride(), rows, mode, null);
      return;
    }
    // Deterministic gates see what they see where kernels do both.
    DType type = deterministic ? DType.F32 : ProductWays.gateType(w.held());
    int stride = CudaTensor.stride(w.rows());
    DeviceBuffer g = gateUp.atLeast((long) rows * stride * type.bytes());
    if (deterministic) {
      product(w, x, g, stride, type, rows, false);
    } else {
      DeviceBuffer in = input(way, w, x, rows);
      ways.run(way, w, in, x.carried(), g, stride, rows, mode(type, false), null);
    }
    kernels.swiglu(g, stride, type, y, rows);
  }

  /** One that is measured. */
  private void run(Way way, CudaMatrix w, CudaTensor x, CudaTensor y, int rows, int mode) {
    if ((mode & FewRowProducts.SWIGLU) != 0) {
      gated(way, w, x, y, rows, mode);
    } else {
      ways.run(way, w, x.buffer(), null, y.buffer(), y.stride(), rows, mode, null);
    }
  }

  private static int mode(DType yType, boolean add) {
    return (yType == DType.F32 ? FewRowProducts.FLOAT : FewRowProducts.HALF)
        | (add ? FewRowProducts.ADD : 0);
  }

  private Way way(CudaMatrix w, int mode, int rows) {
    return own ? ways.of(w, mode, rows) : Way.CUBLAS;
  }

  /** Rows of {@code x} as a way takes them; a norm that it does not finish is finished here. */
  private DeviceBuffer input(Way way, CudaMatrix w, CudaTensor x, int rows) {
    CarriedNorm carried = x.carried();
    if (carried != null) {
      if (way.carries() && x.type() == w.held()) {
        return x.unscaled();
      }
      carried.finish(kernels, x);
    }
    if (x.type() == w.held()) {
      return x.buffer();
    }
    int stride = w.stride();
    DeviceBuffer in = input.atLeast((long) rows * stride * w.held().bytes());
    if (stride != x.cols()) {
      // What is past the columns must be zero: the buffer held something else before.
      device.memory().fill(in, 0, (long) rows * stride * w.held().bytes(), 0);
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
      CudaMatrix w, CudaTensor x, DeviceBuffer y, int yStride, DType yType, int rows, boolean add) {
    int mode = mode(yType, add);
    if (deterministic) {
      fixed(w, input(Way.CUBLAS, w, x, rows), y, yStride, yType, rows, mode);
      return;
    }
    Way way = yStride == CudaTensor.stride(w.rows()) ? way(w, mode, rows) : Way.CUBLAS;
    DeviceBuffer in = input(way, w, x, rows);
    ways.run(way, w, in, x.carried(), y, yStride, rows, mode, null);
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
