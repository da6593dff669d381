package org.deft4j.kernels.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Products of matrices with activations of any type: brings operands into the matrix's type where
 * they are not, through buffers that grow to the largest product met and are kept.
 *
 * <p>Each shape of a large matrix is measured when it is first met, over the model's own matrices
 * of that shape: what cuBLAS would take beside its other algorithms and the kernels of {@link
 * FewRowProducts}, up to {@value #FEW} rows, and {@link WgmmaProducts}. That takes up to 0.1 s a
 * shape, most of it for cuBLAS to load the kernels. Deterministic products all are of {@link
 * FewRowProducts}, in one order of sums.
 */
final class CudaProducts implements AutoCloseable {
  /** Most rows that those are measured for: from 16 on cuBLAS was faster for every shape. */
  private static final int FEW = 8;

  /** Matrices of fewer bytes are not worth measuring. */
  private static final long LARGE = 1 << 20;

  /** System property: {@code false} leaves all products but deterministic ones to cuBLAS. */
  static final String OWN = "deft.cuda.own-products";

  private static final int REPLAYS = 3;

  /** Algorithms of cuBLAS that are asked for at once. */
  private static final int PLANS = 8;

  /** A way that takes so much longer than the best one is not measured again. */
  private static final double HOPELESS = 1.03;

  /** What another way has to take of cuBLAS's own choice's time to be taken instead. */
  private static final double NOISE = 0.995;

  private record Shape(int n, int k, DType type, int mode, int rows) {}

  /** A way to a product: a kernel of ours or an algorithm of cuBLAS. */
  private record Way(
      FewRowProducts.@Nullable Choice own,
      WgmmaProducts.@Nullable Choice wgmma,
      CublasLight.@Nullable Plan plan) {
    /** Whether it gates, too. */
    boolean gates() {
      return plan == null;
    }

    @Override
    public String toString() {
      return own != null
          ? own.kernel().name() + " x " + own.grid()
          : wgmma != null ? wgmma.toString() : "cuBLAS, another algorithm";
    }
  }

  private final CudaDevice device;
  private final StepKernels kernels;
  private final Cublas cublas;
  private final FewRowProducts few;
  private final WgmmaProducts wgmma;
  private final @Nullable CublasLight light;
  private final boolean deterministic;
  private final boolean own = Boolean.parseBoolean(System.getProperty(OWN, "true"));
  private final List<CudaMatrix> matrices = new ArrayList<>();
  private final Map<Shape, @Nullable Way> ways = new HashMap<>();
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
    wgmma = new WgmmaProducts(device);
    light =
        CublasLight.open(CudaNatives.cublasLight(), device.stream().address(), cublas.workspace());
  }

  /** cuBLAS's version, 10000 x major + 100 x minor + patch. */
  int cublasVersion() {
    return cublas.version();
  }

  /** Tells of a matrix: those of one shape are measured together. */
  void add(CudaMatrix w) {
    matrices.add(w);
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
    int mode =
        FewRowProducts.SWIGLU
            | (y.type() == DType.F32 ? FewRowProducts.FLOAT : FewRowProducts.HALF);
    if (deterministic && direct && few.fixedGates()) {
      fixed(w, in, y.buffer(), y.stride(), y.type(), rows, mode);
      return;
    }
    gated(direct && !deterministic ? way(w, mode, rows) : null, w, in, y, rows, mode);
  }

  private void gated(
      @Nullable Way way, CudaMatrix w, DeviceBuffer in, CudaTensor y, int rows, int mode) {
    if (way != null && way.gates()) {
      run(way, w, in, y.buffer(), y.stride(), rows, mode);
      return;
    }
    DType type = gateType(w.held());
    int stride = CudaTensor.stride(w.rows());
    DeviceBuffer g = gateUp.atLeast((long) rows * stride * type.bytes());
    if (way != null) {
      run(way, w, in, g, stride, rows, FewRowProducts.HALF);
    } else if (deterministic) {
      product(w, in, g, stride, type, rows, false);
    } else {
      cublas.multiply(w, in, 0, g, 0, stride, type, rows, false);
    }
    kernels.swiglu(g, stride, type, y, rows);
  }

  /**
   * What the gate reads. Products in binary16 could overflow before it; bfloat16 has float32's
   * range. Of deterministic products it sees what it sees where kernels do both.
   */
  private DType gateType(DType held) {
    return held == DType.BF16 && !deterministic ? DType.BF16 : DType.F32;
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
    int mode =
        (yType == DType.F32 ? FewRowProducts.FLOAT : FewRowProducts.HALF)
            | (add ? FewRowProducts.ADD : 0);
    if (deterministic) {
      fixed(w, x, y, yStride, yType, rows, mode);
      return;
    }
    Way way = yStride == CudaTensor.stride(w.rows()) ? way(w, mode, rows) : null;
    if (way != null) {
      run(way, w, x, y, yStride, rows, mode);
    } else {
      cublas.multiply(w, x, 0, y, 0, yStride, yType, rows, add);
    }
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

  // --- choosing ---

  /** The fastest way known to a product, null for cuBLAS's own choice. */
  private @Nullable Way way(CudaMatrix w, int mode, int rows) {
    if (!own
        || w.buffer().bytes() < LARGE
        || rows > FewRowProducts.BLOCK && StepGraphs.padded(rows) != rows
        || rows > StepGraphs.MOST_ROWS) {
      return null;
    }
    Shape shape = new Shape(w.rows(), w.stride(), w.held(), mode, rows);
    if (!ways.containsKey(shape) && !device.capturing()) {
      ways.put(shape, measured(shape, w));
    }
    return ways.get(shape);
  }

  /** Measures; where that finds no memory, cuBLAS's own choice does without. */
  private @Nullable Way measured(Shape s, CudaMatrix w) {
    try {
      return measure(s, w);
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
        throw e;
      }
      return null;
    }
  }

  private @Nullable Way measure(Shape s, CudaMatrix w) {
    boolean gates = (s.mode & FewRowProducts.SWIGLU) != 0;
    boolean add = (s.mode & FewRowProducts.ADD) != 0;
    int n = gates ? s.n / 2 : s.n;
    DType yType = (s.mode & FewRowProducts.FLOAT) != 0 ? DType.F32 : s.type;
    List<CudaMatrix> same = rotation(w);
    List<@Nullable Way> all = new ArrayList<>();
    if (s.rows <= FEW) {
      for (FewRowProducts.Choice c : few.candidates(s.type, n, s.rows, s.mode)) {
        all.add(new Way(c, null, null));
      }
    }
    for (WgmmaProducts.Choice c : wgmma.candidates(s.type, n, s.k, s.rows, s.mode)) {
      all.add(new Way(null, c, null));
    }
    if (light != null) {
      DType made = gates ? gateType(s.type) : yType;
      int stride = CudaTensor.stride(s.n);
      for (CublasLight.Plan p : light.plans(s.type, s.n, s.k, made, stride, s.rows, PLANS)) {
        all.add(new Way(null, null, p));
      }
    }
    try (CudaTensor x = new CudaTensor(device, s.rows, s.k, s.type);
        CudaTensor y = new CudaTensor(device, s.rows, n, yType);
        CudaTensor scales = new CudaTensor(device, 1, s.k, DType.F32)) {
      // In a step small kernels stand between products, and what is fastest one product after the
      // other is not so there.
      Runnable between = () -> kernels.rmsNorm(x, scales, 1, x, s.rows);
      all.addFirst(null); // cuBLAS's own choice
      Way best = null;
      double least = Double.MAX_VALUE;
      for (Way way : all) {
        double t =
            micros(
                same,
                m -> {
                  between.run();
                  if (gates) {
                    gated(way, m, x.buffer(), y, s.rows, s.mode);
                  } else if (way != null) {
                    run(way, m, x.buffer(), y.buffer(), y.stride(), s.rows, s.mode);
                  } else {
                    cublas.multiply(
                        m, x.buffer(), 0, y.buffer(), 0, y.stride(), yType, s.rows, add);
                  }
                },
                least);
        if (t < least) {
          best = way;
          least = way == null ? t * NOISE : t;
        }
      }
      return best;
    }
  }

  private void run(
      Way way, CudaMatrix w, DeviceBuffer x, DeviceBuffer y, int yStride, int rows, int mode) {
    if (way.own != null) {
      few.run(way.own, w, x.address(), y.address(), yStride, rows, mode);
    } else if (way.wgmma != null) {
      wgmma.run(way.wgmma, w, x.address(), y.address(), yStride, rows, mode);
    } else if (way.plan != null && light != null) {
      int status = light.multiply(way.plan, w, x, y, (mode & FewRowProducts.ADD) != 0);
      cublas.check(status, "multiplying [" + w.rows() + "][" + w.cols() + "]");
    }
  }

  /** Matrices like one, enough that the second-level cache does not hold them if there are. */
  private List<CudaMatrix> rotation(CudaMatrix w) {
    List<CudaMatrix> same = new ArrayList<>();
    long bytes = 0;
    for (CudaMatrix m : matrices) {
      boolean like = m.rows() == w.rows() && m.cols() == w.cols() && m.held() == w.held();
      if (like && !m.buffer().closed() && bytes < 12L * device.l2Bytes()) {
        same.add(m);
        bytes += m.bytes();
      }
    }
    if (same.isEmpty()) {
      same.add(w);
    }
    return same;
  }

  /** The least time of a few, of one only where that is much more than {@code least}. */
  private double micros(List<CudaMatrix> same, Consumer<CudaMatrix> operation, double least) {
    long products = Math.clamp(24L * device.l2Bytes() / same.get(0).bytes(), 2, 6);
    int rounds = Math.ceilDiv((int) products, same.size());
    Runnable all =
        () -> {
          for (int i = 0; i < rounds; i++) {
            same.forEach(operation);
          }
        };
    operation.accept(same.get(0)); // grows buffers, loads kernels
    double best = Double.MAX_VALUE;
    try (CudaGraph graph = device.capture(all);
        CudaTimer timer = device.timer()) {
      for (int i = 0; i <= REPLAYS && (i < 2 || best < HOPELESS * least); i++) {
        timer.start();
        graph.launch();
        timer.stop();
        best = Math.min(best, i == 0 ? Double.MAX_VALUE : timer.micros());
      }
    }
    return best;
  }

  /** What was chosen, a line a shape, for diagnostics. */
  List<String> chosen() {
    List<String> lines = new ArrayList<>();
    ways.forEach((s, way) ->
        lines.add(
            String.format(
                Locale.ROOT,
                "%dx%d %s mode %d, %d rows: %s",
                s.n,
                s.k,
                s.type,
                s.mode,
                s.rows,
                way == null ? "cuBLAS" : way)));
    lines.sort(null);
    return lines;
  }

  @Override
  public void close() {
    if (light != null && !device.lost()) {
      device.bind();
      light.close();
    }
    cublas.close();
    few.close();
    wgmma.close();
    for (GrowingBuffer b : List.of(input, output, gateUp)) {
      b.close();
    }
  }
}
