package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.PANEL;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.deft4j.kernels.cpu.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products over a worker pool. Each worker takes a run of panels; a panel is expanded to
 * float32 in cache once for all rows, 128 input features at a time.
 */
final class Multiplier {
  /** What becomes of a product. */
  enum Mode {
    /** It replaces y. */
    SET,
    /** It is added to y. */
    ADD,
    /** Panel p and its partner are gate and up. */
    SWIGLU,
    /** The same with GELU. */
    GEGLU;

    boolean gated() {
      return this == SWIGLU || this == GEGLU;
    }
  }

  // 16 KiB of expanded weights: half of a 32 KiB first-level cache. Wide tiles take twice the
  // depth,
  // since they begin and end half as often then; 48 KiB hold it, and elsewhere the second level
  // does.
  private static final int DEPTH = L >= 16 ? 256 : 128;
  private static final int ROW_BLOCK = 128;
  // Rows a tile; the wide one needs 16 registers for its sums alone.
  private static final int TILE = L >= 16 ? WideTile.ROWS : Tiles.ROWS;
  // Above it tiles over float32 are as fast, and exact.
  private static final int BYTE_ROWS = 16;
  // Multiply-adds below which a second thread costs more than it saves.
  private static final long SMALL = 20_000;

  private final WorkerPool pool;
  private final boolean exactOrder;
  private final int[][] panels;
  private final float[][] sums;
  private final @Nullable ByteMultiplier bytes;
  private float[] packed = new float[0];

  /**
   * A multiplier.
   *
   * @param exactOrder sums many rows in the order of one
   * @param int8 rounds activations to 8 bits where the format of the weights takes that
   */
  Multiplier(WorkerPool pool, boolean exactOrder, boolean int8) {
    this.pool = pool;
    this.exactOrder = exactOrder;
    panels = new int[pool.workers()][DEPTH * PANEL + SuperPanels.SCRATCH];
    sums = new float[pool.workers()][2 * ROW_BLOCK * PANEL];
    bytes = int8 ? new ByteMultiplier(pool.workers()) : null;
  }

  void multiply(PanelMatrix w, float[] x, float[] y, int rows, Mode mode) {
    int units = mode.gated() ? w.panels() / 2 : w.panels();
    int ldy = mode.gated() ? w.allRows() / 2 : w.allRows();
    boolean small = (long) rows * w.rows() * w.cols() < SMALL;
    if (bytes != null && w.format().superBlocks() && (exactOrder || rows <= BYTE_ROWS)) {
      multiply(bytes, w, x, y, rows, mode, units, ldy, small);
      return;
    }
    if (rows == 1 && !(exactOrder && w.kernel().rowOrderDiffers())) {
      float[] in = w.kernel().prepares() ? prepared(w, x) : x;
      WorkerPool.Task task =
          (worker, workers) ->
              one(
                  w,
                  in,
                  y,
                  mode,
                  units,
                  sums[worker],
                  share(units, worker, workers),
                  share(units, worker + 1, workers));
      run(task, small);
      return;
    }
    int tile = rows <= Tiles.ROWS || inBlocks(w) ? Tiles.ROWS : TILE;
    int tiles = (rows + tile - 1) / tile;
    int size = Math.multiplyExact(tiles * tile, w.cols());
    if (packed.length < size) {
      packed = new float[size];
    }
    WorkerPool.Task task =
        (worker, workers) -> {
          int items = tiles * steps(w.cols());
          pack(w, x, rows, tile, share(items, worker, workers), share(items, worker + 1, workers));
          if (workers > 1) {
            pool.barrier();
          }
          int lo = share(units, worker, workers);
          int hi = share(units, worker + 1, workers);
          for (int r = 0; r < rows; r += ROW_BLOCK) {
            many(w, y, r, Math.min(ROW_BLOCK, rows - r), tile, mode, ldy, units, worker, lo, hi);
          }
        };
    run(task, small);
  }

  private void multiply(
      ByteMultiplier bytes,
      PanelMatrix w,
      float[] x,
      float[] y,
      int rows,
      Mode mode,
      int units,
      int ldy,
      boolean small) {
    boolean six = w.format() == PanelFormat.Q6_K;
    int cols = w.cols();
    bytes.reserve(six, cols, rows);
    WorkerPool.Task task =
        (worker, workers) -> {
          int items = ByteMultiplier.items(cols, rows);
          int from = share(items, worker, workers);
          bytes.pack(six, x, cols, rows, worker, from, share(items, worker + 1, workers));
          if (workers > 1) {
            pool.barrier();
          }
          int hi = share(units, worker + 1, workers);
          float[] acc = sums[worker];
          int tile = ByteMultiplier.tile(rows);
          for (int r = 0; r < rows; r += ROW_BLOCK) {
            int n = Math.min(ROW_BLOCK, rows - r);
            for (int p = share(units, worker, workers); p < hi; p++) {
              bytes.panel(six, w.panel(p), cols, r, n, tile, worker, acc, 0);
              if (mode.gated()) {
                int at = ROW_BLOCK * PANEL;
                bytes.panel(six, w.panel(p + units), cols, r, n, tile, worker, acc, at);
              }
              finish(w, p, acc, 0, ROW_BLOCK * PANEL, n, y, r * ldy, ldy, mode);
            }
          }
        };
    run(task, small);
  }

  private void run(WorkerPool.Task task, boolean small) {
    if (small) {
      task.run(0, 1);
    } else {
      pool.run(task);
    }
  }

  private static int share(int n, int worker, int workers) {
    return WorkerPool.share(n, worker, workers);
  }

  private float[] prepared(PanelMatrix w, float[] x) {
    int length = w.kernel().preparedLength(w.cols());
    if (packed.length < length) {
      packed = new float[length];
    }
    w.kernel().prepareRow(x, w.cols(), packed);
    return packed;
  }

  private static int steps(int cols) {
    return (cols + PANEL - 1) / PANEL;
  }

  // Rows packed by the tile, [tile][k][rows], rows past the end zero; an item is 32 k of a tile.
  private void pack(PanelMatrix w, float[] x, int rows, int size, int lo, int hi) {
    int cols = w.cols();
    int steps = steps(cols);
    for (int item = lo; item < hi; ) {
      int tile = item / steps;
      int first = item % steps;
      int last = Math.min(steps, first + hi - item);
      item += last - first;
      int k = first * PANEL;
      int n = Math.min(cols, last * PANEL) - k;
      for (int i = 0; i < size; i++) {
        int r = tile * size + i;
        int to = (tile * cols + k) * size + i;
        if (r < rows) {
          w.kernel().prepare(x, r * cols + k, n, packed, to, size);
        } else {
          for (int j = 0; j < n; j++) {
            packed[to + j * size] = 0;
          }
        }
      }
    }
  }

  private static void one(
      PanelMatrix w, float[] x, float[] y, Mode mode, int units, float[] acc, int lo, int hi) {
    PanelKernel f = w.kernel();
    for (int p = lo; p < hi; ) {
      int second = mode.gated() ? p + units : p + 1 < hi ? p + 1 : -1;
      f.multiply1(w.panel(p), second < 0 ? null : w.panel(second), w.cols(), x, 0, acc);
      finish(w, p, acc, 0, PANEL, 1, y, 0, 0, mode);
      p++;
      if (!mode.gated() && second >= 0) {
        finish(w, p, acc, PANEL, PANEL, 1, y, 0, 0, mode);
        p++;
      }
    }
  }

  private void many(
      PanelMatrix w,
      float[] y,
      int row,
      int rows,
      int tile,
      Mode mode,
      int ldy,
      int units,
      int worker,
      int lo,
      int hi) {
    for (int p = lo; p < hi; p++) {
      panel(w, p, row, rows, tile, worker, 0);
      if (mode.gated()) {
        panel(w, p + units, row, rows, tile, worker, ROW_BLOCK * PANEL);
      }
      finish(w, p, sums[worker], 0, ROW_BLOCK * PANEL, rows, y, row * ldy, ldy, mode);
    }
  }

  /**
   * Sums of panel {@code p} at {@code acc[at...]}, and with SWIGLU those of its partner {@code up}
   * further, go to rows of y.
   */
  private static void finish(
      PanelMatrix w,
      int p,
      float[] acc,
      int at,
      int up,
      int rows,
      float[] y,
      int to,
      int ldy,
      Mode mode) {
    int width = w.width(p);
    FloatVector scale = all(w.kernel().outputScale());
    for (int r = 0; r < rows; r++) {
      int from = at + r * PANEL;
      int out = to + r * ldy + w.column(p);
      for (int j = 0; j < PANEL; j += L) {
        FloatVector v = load(acc, from + j).mul(scale);
        if (mode.gated()) {
          FloatVector u = load(acc, from + up + j).mul(scale);
          FloatVector a = mode == Mode.GEGLU ? Rows.gelu(v) : v;
          v = v.div(Lanes.exp(a.neg()).add(all(1))).mul(u);
        }
        if (j + L <= width) {
          if (mode == Mode.ADD) {
            v = v.add(load(y, out + j));
          }
          v.intoArray(y, out + j);
        } else if (j < width) {
          v.intoArray(acc, from + j);
          for (int i = j; i < width; i++) {
            y[out + i] = mode == Mode.ADD ? acc[from + i] + y[out + i] : acc[from + i];
          }
        }
      }
    }
  }

  // All rows of a block times one panel, into sums[worker][at...] as [row][32].
  private void panel(PanelMatrix w, int p, int row, int rows, int tile, int worker, int at) {
    int cols = w.cols();
    float[] acc = sums[worker];
    Arrays.fill(acc, at, at + (rows + tile - 1) / tile * tile * PANEL, 0);
    for (int k0 = 0; k0 < cols; k0 += DEPTH) {
      int kn = Math.min(DEPTH, cols - k0);
      int x = row * cols + k0 * tile;
      if (inBlocks(w)) {
        Expansions.q8Unscaled(w.panel(p), k0, kn, cols, panels[worker]);
        blocks(w, p, k0, kn, panels[worker], x, rows, acc, at);
      } else {
        w.kernel().expand(w.panel(p), k0, kn, cols, panels[worker]);
        tiles(panels[worker], kn, x, cols, rows, tile, acc, at);
      }
    }
  }

  private void tiles(int[] s, int kn, int x, int cols, int rows, int tile, float[] acc, int at) {
    for (int r = 0; r < rows; r += tile) {
      int xt = x + r * cols;
      int to = at + r * PANEL;
      for (int j = 0; j < PANEL; j += Tiles.COLS) {
        if (rows - r > Tiles.ROWS && tile > Tiles.ROWS) {
          WideTile.tile8(s, j, kn, packed, xt, acc, to + j, PANEL);
        } else {
          Tiles.tile4(s, j, kn, packed, xt, tile, acc, to + j, PANEL);
        }
      }
    }
  }

  private boolean inBlocks(PanelMatrix w) {
    return exactOrder && w.format() == PanelFormat.Q8_0;
  }

  private void blocks(
      PanelMatrix w, int p, int k0, int kn, int[] s, int x, int rows, float[] acc, int at) {
    for (int r = 0; r < rows; r += Tiles.ROWS) {
      int xt = x + r * w.cols();
      int to = at + r * PANEL;
      for (int b = 0; b < kn / 32; b++) {
        for (int j = 0; j < PANEL; j += L) {
          FloatVector scale = load(w.panel(p), Q8Panels.scaleAt(0, k0 / 32 + b, j, w.cols()));
          Products.q8Block4(
              s, b * 1024 + j, scale, packed, xt + b * 32 * Tiles.ROWS, acc, to + j, PANEL);
        }
      }
    }
  }
}
