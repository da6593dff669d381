package org.deft4j.kernels.cuda;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Chooses between ways to products of large matrices: cuBLAS's own choice, its other algorithms and
 * the kernels of {@link FewRowProducts}, up to {@value #FEW} rows, and {@link WgmmaProducts}.
 *
 * <p>Each shape is measured when it is first met, over the model's own matrices of that shape. That
 * takes up to 0.1 s a shape, most of it for cuBLAS to load the kernels. Ours is taken if it is near
 * the fastest; others that are near it may be faster in a step, which {@link #options} lets be
 * tried.
 */
final class ProductWays implements AutoCloseable {
  /** Most rows that those are measured for: from 16 on cuBLAS was faster for every shape. */
  private static final int FEW = 8;

  /** Matrices of fewer bytes are not worth measuring. */
  private static final long LARGE = 1 << 20;

  private static final int REPLAYS = 3;

  /** Algorithms of cuBLAS that are asked for at once. */
  private static final int PLANS = 8;

  /** A way that takes so much longer than the best one is not measured again. */
  private static final double HOPELESS = 1.03;

  /** A way that takes so much longer than the best one alone may still be the best in a step. */
  private static final double NEAR = 1.12;

  /** What another way has to take of cuBLAS's own choice's time to be taken instead. */
  private static final double NOISE = 0.995;

  /** One way; with neither kernel nor plan cuBLAS's own choice. */
  record Way(
      FewRowProducts.@Nullable Choice few,
      WgmmaProducts.@Nullable Choice wgmma,
      CublasLight.@Nullable Plan plan) {
    /** cuBLAS's own choice. */
    static final Way CUBLAS = new Way(null, null, null);

    /** Whether it takes rows that still have to be scaled for a norm, and leaves such. */
    boolean carries() {
      return wgmma != null;
    }

    /** Whether it is a kernel of ours, which gates, too, where asked to. */
    boolean ours() {
      return few != null || wgmma != null;
    }

    @Override
    public String toString() {
      if (few != null) {
        return few.kernel().name() + " x " + few.grid();
      }
      return wgmma != null
          ? wgmma.toString()
          : plan != null ? "cuBLAS, another algorithm" : "cuBLAS";
    }
  }

  private record Shape(int n, int k, DType type, int mode, int rows) {}

  /** The way that is taken first, and others; of those that are taken the last counts. */
  private static final class Ways {
    final List<Way> all = new ArrayList<>();
    final BitSet taken = new BitSet();

    Way chosen() {
      return all.get(Math.max(0, taken.length() - 1));
    }
  }

  /** Another way than the first. */
  private record Other(Shape shape, Ways ways, int index) implements StepOption {
    @Override
    public void take(boolean on) {
      ways.taken.set(index, on);
    }

    @Override
    public String toString() {
      return shape.n + "x" + shape.k + " by " + ways.all.get(index);
    }
  }

  /** Runs a product that is measured. */
  interface Product {
    void run(Way way, CudaMatrix w, CudaTensor x, CudaTensor y, int rows, int mode);
  }

  private final CudaDevice device;
  private final StepKernels kernels;
  private final Cublas cublas;
  private final FewRowProducts few;
  private final WgmmaProducts wgmma;
  private final @Nullable CublasLight light;
  private final Product product;
  private final List<CudaMatrix> matrices = new ArrayList<>();
  private final Map<Shape, Ways> ways = new HashMap<>();

  /** Shapes of the pass that is run now. */
  private final Set<Shape> met = new LinkedHashSet<>();

  /**
   * Knows no shapes yet. {@code cublas} and {@code few} stay the caller's.
   *
   * @param product runs a product as a step does, with its gate where its mode has one
   */
  ProductWays(
      CudaDevice device, StepKernels kernels, Cublas cublas, FewRowProducts few, Product product) {
    this.device = device;
    this.kernels = kernels;
    this.cublas = cublas;
    this.few = few;
    this.product = product;
    wgmma = new WgmmaProducts(device);
    light =
        CublasLight.open(CudaNatives.cublasLight(), device.stream().address(), cublas.workspace());
  }

  /** Tells of a matrix: those of one shape are measured together. */
  void add(CudaMatrix w) {
    matrices.add(w);
  }

  /** The way that is taken to a product of a mode of {@link FewRowProducts}. */
  Way of(CudaMatrix w, int mode, int rows) {
    if (w.buffer().bytes() < LARGE
        || rows > FewRowProducts.BLOCK && StepGraphs.padded(rows) != rows
        || rows > StepGraphs.MOST_ROWS) {
      return Way.CUBLAS;
    }
    Shape shape = new Shape(w.rows(), w.stride(), w.held(), mode, rows);
    Ways known = ways.get(shape);
    if (known == null) {
      if (device.launcher().capturing()) {
        return Way.CUBLAS;
      }
      known = measured(shape, w);
      ways.put(shape, known);
    }
    met.add(shape);
    return known.chosen();
  }

  /**
   * Queues a product; {@code SWIGLU} is for {@linkplain Way#ours() our kernels} alone, as what is
   * {@linkplain Way#carries carried} is for some of them.
   *
   * @param carried what rows of {@code x} still have to be scaled for
   * @param y of float32 or the matrix's type, as the mode says
   * @param next where it goes on to by way of a norm
   */
  void run(
      Way way,
      CudaMatrix w,
      DeviceBuffer x,
      @Nullable CarriedNorm carried,
      DeviceBuffer y,
      int yStride,
      int rows,
      int mode,
      WgmmaProducts.@Nullable Next next) {
    boolean add = (mode & FewRowProducts.ADD) != 0;
    if (way.wgmma != null) {
      wgmma.run(way.wgmma, w, x.address(), carried, y.address(), yStride, rows, mode, next);
    } else if (carried != null || next != null) {
      throw new IllegalArgumentException("a norm carried by " + way);
    } else if (way.few != null) {
      few.run(way.few, w, x.address(), y.address(), yStride, rows, mode);
    } else if (way.plan != null && light != null) {
      int status = light.multiply(way.plan, w, x, y, add);
      cublas.check(status, "multiplying [" + w.rows() + "][" + w.cols() + "]");
    } else {
      DType type = (mode & FewRowProducts.FLOAT) != 0 ? DType.F32 : w.held();
      cublas.multiply(w, x, 0, y, 0, yStride, type, rows, add);
    }
  }

  // --- options of steps ---

  /** Products from now on are those of one pass. */
  void beginPass() {
    met.clear();
  }

  /** Ways to products of the pass with so many rows that may be faster in it than those taken. */
  List<StepOption> options(int rows) {
    List<StepOption> all = new ArrayList<>();
    for (Shape s : met) {
      Ways w = ways.get(s);
      for (int i = 1; w != null && s.rows == rows && i < w.all.size(); i++) {
        all.add(new Other(s, w, i));
      }
    }
    return all;
  }

  /** See {@link WgmmaProducts#carries}. */
  boolean carries(CudaMatrix w, CudaTensor y, CudaTensor normed, int rows) {
    return wgmma.carries(w, y, normed, rows);
  }

  /** Whether some way to a product of the pass with so many rows carries norms. */
  boolean mayCarry(int rows) {
    for (Shape s : met) {
      Ways w = ways.get(s);
      if (s.rows == rows && w != null && w.all.stream().anyMatch(Way::carries)) {
        return true;
      }
    }
    return false;
  }

  /** What is taken, a line a shape, for diagnostics. */
  List<String> chosen() {
    List<String> lines = new ArrayList<>();
    ways.forEach((s, w) ->
        lines.add(
            String.format(
                Locale.ROOT,
                "%dx%d %s mode %d, %d rows: %s",
                s.n,
                s.k,
                s.type,
                s.mode,
                s.rows,
                w.chosen())));
    lines.sort(null);
    return lines;
  }

  // --- measuring ---

  /** Measures; where that finds no memory, cuBLAS's own choice does without. */
  private Ways measured(Shape s, CudaMatrix w) {
    try {
      return measure(s, w);
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
        throw e;
      }
      Ways none = new Ways();
      none.all.add(Way.CUBLAS);
      return none;
    }
  }

  private Ways measure(Shape s, CudaMatrix w) {
    boolean gates = (s.mode & FewRowProducts.SWIGLU) != 0;
    int n = gates ? s.n / 2 : s.n;
    DType yType = (s.mode & FewRowProducts.FLOAT) != 0 ? DType.F32 : s.type;
    List<CudaMatrix> same = rotation(w);
    List<Way> all = candidates(s, n, gates ? gateType(s.type) : yType);
    try (CudaTensor x = new CudaTensor(device, s.rows, s.k, s.type);
        CudaTensor y = new CudaTensor(device, s.rows, n, yType);
        CudaTensor scales = new CudaTensor(device, 1, s.k, DType.F32)) {
      double[] times = new double[all.size()];
      double least = Double.MAX_VALUE;
      for (int i = 0; i < times.length; i++) {
        Way way = all.get(i);
        // In a step small kernels stand between products, and what is fastest one product after the
        // other is not so there.
        Consumer<CudaMatrix> operation =
            m -> {
              kernels.rmsNorm(x, scales, 1, x, s.rows);
              product.run(way, m, x, y, s.rows, s.mode);
            };
        times[i] = micros(same, operation, least) * (way == Way.CUBLAS ? NOISE : 1);
        least = Math.min(least, times[i]);
      }
      return near(all, times);
    }
  }

  private List<Way> candidates(Shape s, int n, DType made) {
    List<Way> all = new ArrayList<>();
    all.add(Way.CUBLAS);
    if (s.rows <= FEW) {
      few.candidates(s.type, n, s.rows, s.mode).forEach(c -> all.add(new Way(c, null, null)));
    }
    wgmma.candidates(s.type, n, s.k, s.rows, s.mode).forEach(c -> all.add(new Way(null, c, null)));
    if (light != null) {
      light
          .plans(s.type, s.n, s.k, made, CudaTensor.stride(s.n), s.rows, PLANS)
          .forEach(p -> all.add(new Way(null, null, p)));
    }
    return all;
  }

  /**
   * What a gate reads of products that are not deterministic: binary16 could overflow before it.
   */
  static DType gateType(DType held) {
    return held == DType.BF16 ? DType.BF16 : DType.F32;
  }

  /**
   * Of the ways that take about as long as the fastest two of ours and then one of cuBLAS's. Ours
   * gain by each other: they start early one behind the other, so one of them among cuBLAS's does
   * not show what all of them would.
   */
  private static Ways near(List<Way> all, double[] times) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < times.length; i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingDouble(i -> times[i]));
    double limit = NEAR * times[order.get(0)];
    Ways found = new Ways();
    for (boolean ours : new boolean[] {true, false}) {
      order.stream()
          .filter(i -> times[i] <= limit && all.get(i).ours() == ours)
          .limit(ours ? 2 : 1)
          .forEach(i -> found.all.add(all.get(i)));
    }
    return found;
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
    try (CudaGraph graph = device.launcher().capture(all);
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

  @Override
  public void close() {
    if (light != null && !device.lost()) {
      device.bind();
      light.close();
    }
    wgmma.close();
  }
}
