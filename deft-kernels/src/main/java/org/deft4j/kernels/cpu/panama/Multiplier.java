package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.PANEL;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.deft4j.kernels.cpu.WorkerPool;

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
    SWIGLU
  }

  // 16 KiB of expanded weights: half of a 32 KiB first-level cache.
  private static final int DEPTH = 128;
  private static final int ROW_BLOCK = 128;
  // Multiply-adds below which a second thread costs more than it saves.
  private static final long SMALL = 20_000;

  private final WorkerPool pool;
  private final boolean exactOrder;
  private final MemorySegment[] panels;
  private final float[][] sums;
  private float[] packed = new float[0];

  /**
   * A multiplier.
   *
   * @param exactOrder sums many rows in the order of one
   */
  Multiplier(WorkerPool pool, boolean exactOrder, Arena arena) {
    this.pool = pool;
    this.exactOrder = exactOrder;
    panels = new MemorySegment[pool.workers()];
    sums = new float[pool.workers()][2 * ROW_BLOCK * PANEL];
    for (int i = 0; i < panels.length; i++) {
      panels[i] = arena.allocate(DEPTH * PANEL * 4L, 64);
    }
  }

  void multiply(PanelMatrix w, float[] x, float[] y, int rows, Mode mode) {
    int units = mode == Mode.SWIGLU ? w.panels() / 2 : w.panels();
    int ldy = mode == Mode.SWIGLU ? w.rows() / 2 : w.rows();
    boolean small = (long) rows * w.rows() * w.cols() < SMALL;
    if (rows == 1) {
      float[] in = w.format().prepares() ? prepared(w, x) : x;
      WorkerPool.Task task =
          (worker, workers) ->
              one(
                  w,
                  in,
                  y,
                  mode,
                  ldy,
                  units,
                  sums[worker],
                  share(units, worker, workers),
                  share(units, worker + 1, workers));
      run(task, small);
      return;
    }
    int tiles = (rows + Tiles.ROWS - 1) / Tiles.ROWS;
    int size = Math.multiplyExact(tiles * Tiles.ROWS, w.cols());
    if (packed.length < size) {
      packed = new float[size];
    }
    WorkerPool.Task task =
        (worker, workers) -> {
          int items = tiles * steps(w.cols());
          pack(w, x, rows, share(items, worker, workers), share(items, worker + 1, workers));
          if (workers > 1) {
            pool.barrier();
          }
          int lo = share(units, worker, workers);
          int hi = share(units, worker + 1, workers);
          for (int r = 0; r < rows; r += ROW_BLOCK) {
            many(w, y, r, Math.min(ROW_BLOCK, rows - r), mode, ldy, units, worker, lo, hi);
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
    if (packed.length < w.cols()) {
      packed = new float[w.cols()];
    }
    w.format().prepare(x, 0, w.cols(), packed, 0, 1);
    return packed;
  }

  private static int steps(int cols) {
    return (cols + PANEL - 1) / PANEL;
  }

  // Rows packed by four, [tile][k][4], rows past the end zero; an item is 32 k of a tile.
  private void pack(PanelMatrix w, float[] x, int rows, int lo, int hi) {
    int cols = w.cols();
    int steps = steps(cols);
    for (int item = lo; item < hi; ) {
      int tile = item / steps;
      int first = item % steps;
      int last = Math.min(steps, first + hi - item);
      item += last - first;
      int k = first * PANEL;
      int n = Math.min(cols, last * PANEL) - k;
      for (int i = 0; i < Tiles.ROWS; i++) {
        int r = tile * Tiles.ROWS + i;
        int to = (tile * cols + k) * Tiles.ROWS + i;
        if (r < rows) {
          w.format().prepare(x, r * cols + k, n, packed, to, Tiles.ROWS);
        } else {
          for (int j = 0; j < n; j++) {
            packed[to + j * Tiles.ROWS] = 0;
          }
        }
      }
    }
  }

  private static void one(
      PanelMatrix w,
      float[] x,
      float[] y,
      Mode mode,
      int ldy,
      int units,
      float[] acc,
      int lo,
      int hi) {
    PanelFormat f = w.format();
    if (mode == Mode.SWIGLU) {
      for (int p = lo; p < hi; p++) {
        f.multiply1(w.data(), w.offset(p), w.offset(p + units), w.cols(), x, 0, acc);
        swiglu(acc, 0, PANEL, f.outputScale(), y, w.column(p), w.width(p));
      }
      return;
    }
    for (int p = lo; p < hi; p += 2) {
      boolean two = p + 1 < hi;
      f.multiply1(w.data(), w.offset(p), two ? w.offset(p + 1) : -1, w.cols(), x, 0, acc);
      store(acc, 0, f.outputScale(), y, w.column(p), w.width(p), mode);
      if (two) {
        store(acc, PANEL, f.outputScale(), y, w.column(p + 1), w.width(p + 1), mode);
      }
    }
  }

  private void many(
      PanelMatrix w,
      float[] y,
      int row,
      int rows,
      Mode mode,
      int ldy,
      int units,
      int worker,
      int lo,
      int hi) {
    float[] acc = sums[worker];
    float scale = w.format().outputScale();
    for (int p = lo; p < hi; p++) {
      panel(w, p, row, rows, worker, 0);
      if (mode == Mode.SWIGLU) {
        panel(w, p + units, row, rows, worker, ROW_BLOCK * PANEL);
        for (int r = 0; r < rows; r++) {
          swiglu(
              acc,
              r * PANEL,
              (ROW_BLOCK + r) * PANEL,
              scale,
              y,
              (row + r) * ldy + w.column(p),
              w.width(p));
        }
      } else {
        for (int r = 0; r < rows; r++) {
          store(acc, r * PANEL, scale, y, (row + r) * ldy + w.column(p), w.width(p), mode);
        }
      }
    }
  }

  // All rows of a block times one panel, into sums[worker][at...] as [row][32].
  private void panel(PanelMatrix w, int p, int row, int rows, int worker, int at) {
    int cols = w.cols();
    int tiles = (rows + Tiles.ROWS - 1) / Tiles.ROWS;
    float[] acc = sums[worker];
    boolean direct = w.format() == PanelFormat.F32;
    boolean blocks = exactOrder && w.format() == PanelFormat.Q8_0;
    MemorySegment s = direct ? w.data() : panels[worker];
    for (int k0 = 0; k0 < cols; k0 += DEPTH) {
      int kn = Math.min(DEPTH, cols - k0);
      long from = 0;
      if (direct) {
        from = w.offset(p) + k0 * 128L;
      } else if (!blocks) {
        w.format().expand(w.data(), w.offset(p), k0, kn, cols, s);
      }
      if (blocks) {
        long scales = w.offset(p) + cols * 32L + k0 / 32 * 128L;
        Expansions.q8(w.data(), w.offset(p) + k0 * 32L, scales, kn, s, false);
        for (int t = 0; t < tiles; t++) {
          int x = ((row / Tiles.ROWS + t) * cols + k0) * Tiles.ROWS;
          blockTile(w.data(), scales, s, kn, x, acc, at + t * Tiles.ROWS * PANEL, k0 == 0);
        }
        continue;
      }
      for (int t = 0; t < tiles; t++) {
        int x = ((row / Tiles.ROWS + t) * cols + k0) * Tiles.ROWS;
        int to = at + t * Tiles.ROWS * PANEL;
        for (int j = 0; j < PANEL; j += Tiles.COLS) {
          Tiles.tile4(s, from + j * 4L, kn, packed, x, acc, to + j, PANEL, k0 == 0);
        }
      }
    }
  }

  private void blockTile(
      MemorySegment data,
      long scales,
      MemorySegment s,
      int kn,
      int x,
      float[] acc,
      int to,
      boolean fresh) {
    if (fresh) {
      Arrays.fill(acc, to, to + Tiles.ROWS * PANEL, 0);
    }
    for (int b = 0; b < kn / 32; b++) {
      for (int j = 0; j < PANEL; j += L) {
        FloatVector scale = load(data, scales + b * 128L + j * 4L);
        Products.q8Block4(
            s, (b * 1024L + j) * 4, scale, packed, x + b * 32 * Tiles.ROWS, acc, to + j, PANEL);
      }
    }
  }

  private static void store(
      float[] acc, int at, float scale, float[] y, int to, int width, Mode mode) {
    if (width == PANEL) {
      for (int j = 0; j < PANEL; j += L) {
        FloatVector v = load(acc, at + j).mul(scale);
        if (mode == Mode.ADD) {
          v = v.add(load(y, to + j));
        }
        v.intoArray(y, to + j);
      }
      return;
    }
    for (int j = 0; j < width; j++) {
      float v = acc[at + j] * scale;
      y[to + j] = mode == Mode.ADD ? v + y[to + j] : v;
    }
  }

  private static void swiglu(
      float[] acc, int gate, int up, float scale, float[] y, int to, int width) {
    for (int j = 0; j < PANEL; j += L) {
      FloatVector g = load(acc, gate + j).mul(scale);
      FloatVector v = g.div(Lanes.exp(g.neg()).add(all(1))).mul(load(acc, up + j).mul(scale));
      if (width == PANEL) {
        v.intoArray(y, to + j);
      } else {
        v.intoArray(acc, gate + j);
      }
    }
    if (width < PANEL) {
      System.arraycopy(acc, gate, y, to, width);
    }
  }
}
