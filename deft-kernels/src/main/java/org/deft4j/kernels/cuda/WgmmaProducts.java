package org.deft4j.kernels.cuda;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Products by the kernels of {@code gemm_sm90.cu}: 2 to 64 rows on compute capability 9.0, by
 * warpgroup matrix instructions. They fetch weights while the kernel before them ends, and let the
 * next one start early, so a step gains more by them than their own time. Which of them is fastest
 * depends on the shape.
 */
final class WgmmaProducts implements AutoCloseable {
  /** Rows of a product that they are worth it for. */
  private static final int LEAST_ROWS = 2;

  /** Of the widest kernels. */
  private static final int MOST_ROWS = 64;

  private static final int SQUARES_BYTES = 4 * MOST_ROWS * CarriedNorm.MOST_SUMS;

  private static final int CAPABILITY = 90;

  /** Columns that K has to be a multiple of. */
  private static final int CHUNK = 64;

  /** Most parts of K. */
  private static final int MOST_PARTS = 8;

  /** Bit of a mode: the result goes on by way of a norm; {@code DEFT_WGMMA_NORM}. */
  private static final int NORM = 8;

  /** A kernel, the tiles of weight rows and the parts of K that it is launched with. */
  record Choice(GemmKernel kernel, CudaKernel code, int tiles, int parts) {
    @Override
    public String toString() {
      return "wgmma_" + kernel.name() + " x " + tiles + " x " + parts;
    }
  }

  /**
   * Where a product goes on to: {@code normed} becomes the norm of {@code y}, which its rows are
   * still to be scaled for.
   */
  record Next(CudaTensor y, CudaTensor norm, float eps, CudaTensor normed) {}

  private final CudaDevice device;
  private final Launcher launcher;
  private final @Nullable CudaModule module;
  private final List<GemmKernel> table = new ArrayList<>();
  private final Map<String, CudaKernel> loaded = new HashMap<>();
  private final int counters;
  private final GrowingBuffer parts;
  private final ParamBlock params = new ParamBlock(136);

  WgmmaProducts(CudaDevice device) {
    this.device = device;
    launcher = device.launcher();
    // Starts with counters, which never go back, and zeros when it is made.
    parts = new GrowingBuffer(device, "parts of products");
    CudaModule image = device.capability() == CAPABILITY ? device.load("gemm_sm90") : null;
    module = image;
    counters = image == null ? 0 : image.readInt("deft_wgmma_counters");
    if (image != null) {
      if (counters < 0) {
        throw new IllegalStateException("gemm_sm90.cu does not say how many counters it has");
      }
      table.addAll(GemmKernel.table(image.readBytes("deft_wgmma_table")));
      table.sort(Comparator.comparingInt(GemmKernel::tile));
    }
  }

  /**
   * What may be fastest for a shape; none where this device, the rows or K do not allow any.
   *
   * @param n outputs of a row
   * @param k columns that lie between rows of the matrix, zero past its own
   */
  List<Choice> candidates(DType type, int n, int k, int rows, int mode) {
    List<Choice> all = new ArrayList<>();
    if (rows < LEAST_ROWS || rows > MOST_ROWS || k % CHUNK != 0) {
      return all;
    }
    boolean gates = (mode & FewRowProducts.SWIGLU) != 0;
    boolean sums = !gates && (mode & FewRowProducts.FLOAT) != 0;
    int width = rows <= 16 ? 16 : rows <= 32 ? 32 : 64;
    for (int p = 1; p <= MOST_PARTS && (p == 1 || sums && k / CHUNK >= 2 * p); p *= 2) {
      int tiles = device.multiprocessors() / p;
      for (GemmKernel kernel : table) {
        int tile = gates ? kernel.tile() / 2 : kernel.tile();
        if (kernel.rows() == width && (kernel.gates() || !gates) && (long) tiles * tile >= n) {
          all.add(new Choice(kernel, code(kernel, type), tiles, p));
          break; // a larger tile would leave more of itself empty
        }
      }
    }
    return all;
  }

  private CudaKernel code(GemmKernel k, DType type) {
    CudaModule image = Objects.requireNonNull(module);
    return loaded.computeIfAbsent(
        "deft_wgmma_" + GemmKernel.nameOf(type) + "_" + k.name(),
        n -> image.kernel(n).maxDynamicShared(k.sharedBytes()));
  }

  /**
   * Whether a product of so many rows can leave the norm of its result to what reads that. Takes
   * the memory that it needs, unless launches are captured.
   */
  boolean carries(CudaMatrix w, CudaTensor y, CudaTensor normed, int rows) {
    // Rows times the weights of a norm, not scaled yet, may be past what binary16 holds.
    boolean can =
        module != null
            && rows <= MOST_ROWS
            && w.held() == DType.BF16
            && normed.type() == DType.BF16
            && y.type() == DType.F32
            && w.rows() % 8 == 0;
    if (can && !device.launcher().capturing()) {
      DeviceBuffer unused = normed.squares(SQUARES_BYTES);
    }
    return can;
  }

  /**
   * Queues a product.
   *
   * @param x address of {@code [rows][w.stride()]} of the matrix's type, zero past its columns
   * @param carried what rows of {@code x} still have to be scaled for
   * @param y address of the result
   * @param mode as of {@link FewRowProducts}
   * @param next where the result goes on to by way of a norm; it {@linkplain #carries can}, and is
   *     added up in float32
   */
  void run(
      Choice c,
      CudaMatrix w,
      long x,
      @Nullable CarriedNorm carried,
      long y,
      int yStride,
      int rows,
      int mode,
      @Nullable Next next) {
    GemmKernel k = c.kernel;
    boolean early = launcher.launchesEarly();
    int grid = c.tiles * c.parts;
    long part = 0;
    if (c.parts > 1) {
      part = parts.atLeast(4L * (counters + (long) grid * k.tile() * k.rows())).address();
    }
    int bits = next == null ? mode : mode | NORM;
    GemmKernel.tell(params, w, x, y, part, yStride, rows, bits, c.parts, early);
    CarriedNorm made = next == null ? null : carried(c, w, next, rows);
    if (next == null || made == null) {
      params.i64(0).i64(0).i64(0);
    } else {
      params.pointer(next.norm.buffer()).pointer(next.normed.unscaled()).pointer(made.squares());
    }
    params.i64(carried == null ? 0 : carried.squares().address());
    params.i64(next == null ? 0 : next.normed.stride());
    params.i32(carried == null ? 0 : carried.sums());
    params.f32(carried == null ? 0 : 1f / carried.of().cols());
    params.f32(carried == null ? 0 : carried.eps()).i32(0);
    if (c.parts == 1 || early) {
      // Parts wait for each other; they all run at the same time, since what came before does not
      // wait for them, and what comes after starts when all of them have.
      launcher.launchEarly(c.code, grid, 1, k.threads(), k.sharedBytes(), params);
    } else {
      launcher.launchCooperative(c.code, grid, k.threads(), k.sharedBytes(), params);
    }
    if (next != null && made != null) {
      next.normed.carry(made);
    }
  }

  private static CarriedNorm carried(Choice c, CudaMatrix w, Next next, int rows) {
    DeviceBuffer sums = next.normed.squares(SQUARES_BYTES);
    int rowsOfTile = (Math.ceilDiv(w.rows(), c.tiles) + 7) & -8;
    int tiles = Math.ceilDiv(w.rows(), rowsOfTile);
    return new CarriedNorm(rows, sums, tiles, next.y, next.y.version(), next.norm, next.eps);
  }

  @Override
  public void close() {
    parts.close();
  }
}
