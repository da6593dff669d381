package org.deft4j.kernels.cuda;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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

  private static final int CAPABILITY = 90;

  /** Columns that K has to be a multiple of. */
  private static final int CHUNK = 64;

  /** Most parts of K. */
  private static final int MOST_PARTS = 8;

  /** A kernel, the tiles of weight rows and the parts of K that it is launched with. */
  record Choice(GemmKernel kernel, CudaKernel code, int tiles, int parts) {
    @Override
    public String toString() {
      return "wgmma_" + kernel.name() + " x " + tiles + " x " + parts;
    }
  }

  private final CudaDevice device;
  private final CudaModule module;
  private final List<GemmKernel> table = new ArrayList<>();
  private final Map<String, CudaKernel> loaded = new HashMap<>();
  private final int counters;
  private final GrowingBuffer parts;
  private final ParamBlock params = new ParamBlock(128);

  WgmmaProducts(CudaDevice device) {
    this.device = device;
    // Starts with counters, which never go back, and zeros when it is made.
    parts = new GrowingBuffer(device, "parts of products");
    module = device.load("gemm_sm90");
    counters = module.readInt("deft_wgmma_counters");
    if (counters < 0) {
      throw new IllegalStateException("gemm_sm90.cu does not say how many counters it has");
    }
    if (device.capability() == CAPABILITY) {
      table.addAll(GemmKernel.table(module.readBytes("deft_wgmma_table")));
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
    String name = type == DType.F16 ? "fp16" : type.name().toLowerCase(Locale.ROOT);
    return loaded.computeIfAbsent(
        "deft_wgmma_" + name + "_" + k.name(),
        n -> module.kernel(n).maxDynamicShared(k.sharedBytes()));
  }

  /**
   * Queues a product.
   *
   * @param x address of {@code [rows][w.stride()]} of the matrix's type, zero past its columns
   * @param y address of the result
   * @param mode as of {@link FewRowProducts}
   */
  void run(Choice c, CudaMatrix w, long x, long y, int yStride, int rows, int mode) {
    GemmKernel k = c.kernel;
    int n = (mode & FewRowProducts.SWIGLU) != 0 ? w.rows() / 2 : w.rows();
    int grid = c.tiles * c.parts;
    long part = 0;
    if (c.parts > 1) {
      part = parts.atLeast(4L * (counters + (long) grid * k.tile() * k.rows())).address();
    }
    params.clear().pointer(w.buffer()).i64(x).i64(y).i64(part);
    params.i64(w.stride()).i64(w.stride()).i64(yStride).i32(n).i32(w.stride()).i32(rows);
    params.i32(mode).i32(c.parts).i32(device.launchesEarly() ? 1 : 0);
    if (c.parts == 1 || device.launchesEarly()) {
      // Parts wait for each other; they all run at the same time, since what came before does not
      // wait for them, and what comes after starts when all of them have.
      device.launchEarly(c.code, grid, 1, k.threads(), k.sharedBytes(), params);
    } else {
      device.launchCooperative(c.code, grid, k.threads(), k.sharedBytes(), params);
    }
  }

  @Override
  public void close() {
    parts.close();
  }
}
