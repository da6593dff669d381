package org.deft4j.kernels.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Products by the kernels of {@code gemm.cu}: up to 64 rows, 16-bit weights, float32 sums. Which of
 * them is fastest depends on the shape, so the choice is measured, beside cuBLAS; deterministic
 * products are all of one order of sums.
 */
final class FewRowProducts implements AutoCloseable {
  /** Modes of a product, as in {@code gemm.cuh}: what becomes of it. */
  static final int HALF = 0;

  static final int FLOAT = 1;
  static final int ADD = 2;
  static final int SWIGLU = 4;

  /** Most rows of a block of deterministic products. */
  static final int BLOCK = 64;

  // Orders of sums (columns a chunk, parts) of which there are kernels for all numbers of rows: the
  // first with clusters, the second without.
  private static final int CLUSTER_ORDER = 64 << 16 | 8;
  private static final int PLAIN_ORDER = 64 << 16 | 4;

  /** A kernel with a grid. */
  record Choice(GemmKernel kernel, CudaKernel code, int grid) {}

  private final CudaDevice device;
  private final Launcher launcher;
  private final List<GemmKernel> table = new ArrayList<>();
  private final Map<String, CudaKernel> loaded = new HashMap<>();
  private final CudaModule module;
  private final int order;
  private final ParamBlock params = new ParamBlock(128);
  private final GrowingBuffer parts;

  FewRowProducts(CudaDevice device) {
    this.device = device;
    launcher = device.launcher();
    parts = new GrowingBuffer(device, "partial products");
    module = device.load("gemm");
    for (GemmKernel k : GemmKernel.table(module.readBytes("deft_gemm_table"))) {
      if (k.least() <= device.capability() && k.sharedBytes() <= device.sharedBytesPerBlock()) {
        table.add(k);
      }
    }
    order = device.capability() >= 90 ? CLUSTER_ORDER : PLAIN_ORDER;
  }

  /**
   * What may be fastest for a shape: every kernel that takes the rows, with as many thread blocks
   * as run at once and with one an SM.
   */
  List<Choice> candidates(DType type, int n, int rows, int mode) {
    List<Choice> all = new ArrayList<>();
    for (GemmKernel k : table) {
      if (k.rows() < rows || k.rows() > 8 || k.split() == 2 || gates(mode) && !k.gates()) {
        continue;
      }
      CudaKernel code = code(k, type);
      int fits = device.multiprocessors() * code.blocksPerSm(k.threads(), k.sharedBytes());
      int tiles = Math.ceilDiv(n, gates(mode) ? k.tile() / 2 : k.tile());
      int most = Math.min(fits, tiles);
      int oneEach = Math.min(device.multiprocessors(), tiles);
      if (most > 0) {
        all.add(new Choice(k, code, most));
        if (oneEach != most) {
          all.add(new Choice(k, code, oneEach));
        }
      }
    }
    return all;
  }

  private static boolean gates(int mode) {
    return (mode & SWIGLU) != 0;
  }

  /**
   * The kernel of deterministic products of so many rows.
   *
   * @param rows at most {@link #BLOCK}
   */
  Choice fixed(DType type, int n, int rows, int mode) {
    for (GemmKernel k : table) {
      // The table is in ascending order of rows within an order.
      if (k.order() == order && k.rows() >= rows && (!gates(mode) || k.gates())) {
        CudaKernel code = code(k, type);
        int fits = device.multiprocessors() * code.blocksPerSm(k.threads(), k.sharedBytes());
        int tiles = Math.ceilDiv(n, gates(mode) ? k.tile() / 2 : k.tile()) * k.cluster();
        return new Choice(k, code, Math.min(tiles, fits / k.cluster() * k.cluster()));
      }
    }
    throw new IllegalStateException("no kernel of order " + order + " takes " + rows + " rows");
  }

  /** Whether deterministic products can gate, whatever the number of rows. */
  boolean fixedGates() {
    return order == CLUSTER_ORDER;
  }

  private CudaKernel code(GemmKernel k, DType type) {
    String name = "deft_gemm_" + GemmKernel.nameOf(type) + "_";
    return loaded.computeIfAbsent(
        name + k.name(), n -> module.kernel(n).maxDynamicShared(k.sharedBytes()));
  }

  /**
   * Queues a product.
   *
   * @param x address of {@code [rows][w.stride()]} of the matrix's type, zero past its columns
   * @param y address of the result
   * @param rows at most the kernel's
   */
  void run(Choice c, CudaMatrix w, long x, long y, int yStride, int rows, int mode) {
    int n = GemmKernel.outputs(w, mode);
    GemmKernel k = c.kernel;
    long part = 0;
    if (k.split() == 2) {
      part = parts.atLeast(4L * k.cluster() * rows * n).address();
    }
    boolean early = launcher.launchesEarly();
    GemmKernel.tell(params, w, x, y, part, yStride, rows, mode, k.cluster(), early);
    launcher.launchEarly(c.code, c.grid, 1, k.threads(), k.sharedBytes(), params);
    if (k.split() == 2) {
      CudaKernel sum =
          loaded.computeIfAbsent("deft_gemm_sum_" + GemmKernel.nameOf(w.held()), module::kernel);
      launcher.launchEarly(sum, Math.ceilDiv(rows * n, 256), 1, 256, 0, params);
    }
  }

  @Override
  public void close() {
    parts.close();
  }
}
