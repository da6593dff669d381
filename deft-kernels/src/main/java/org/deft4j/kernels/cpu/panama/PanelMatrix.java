package org.deft4j.kernels.cpu.panama;

import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.WorkerPool;

/**
 * Weights of one type repacked into panels of 32 rows; each part of a packed matrix starts a panel
 * of its own. Rows that fill a panel up are zero.
 */
final class PanelMatrix {
  private final int rows;
  private final int cols;
  private final int firstRow;
  private final int allRows;
  private final PanelFormat format;
  private final int panelInts;
  private final int[] column;
  private final int[] width;
  private final boolean paired;
  private int[] data;

  /**
   * Packs.
   *
   * @param firstRow rows of the whole matrix before these
   * @param allRows rows of the whole matrix
   */
  PanelMatrix(Weights[] parts, int firstRow, int allRows, WorkerPool pool) {
    cols = parts[0].cols();
    this.firstRow = firstRow;
    this.allRows = allRows;
    int n = 0;
    int count = 0;
    for (Weights w : parts) {
      n += panels(w);
      count += w.rows();
    }
    rows = count;
    column = new int[n];
    width = new int[n];
    paired = parts.length == 2 && parts[0].rows() == parts[1].rows();
    format = PanelFormat.of(parts, pool);
    panelInts = format.panelInts(cols);
    data = new int[Math.multiplyExact(panelInts, n)];
    int first = 0;
    int row = firstRow;
    for (Weights w : parts) {
      int panels = panels(w);
      for (int p = 0; p < panels; p++) {
        column[first + p] = row + p * Lanes.PANEL;
        width[first + p] = Math.min(Lanes.PANEL, w.rows() - p * Lanes.PANEL);
      }
      int base = first;
      pool.run((worker, workers) -> {
        int end = WorkerPool.share(panels, worker + 1, workers);
        for (int p = WorkerPool.share(panels, worker, workers); p < end; p++) {
          format.pack(w, p * Lanes.PANEL, width[base + p], data, (base + p) * panelInts);
        }
      });
      first += panels;
      row += w.rows();
    }
  }

  private static int panels(Weights w) {
    return (w.rows() + Lanes.PANEL - 1) / Lanes.PANEL;
  }

  int rows() {
    return rows;
  }

  int cols() {
    return cols;
  }

  /** Output feature of the whole matrix that comes first here. */
  int firstRow() {
    return firstRow;
  }

  /** Output features of the whole matrix. */
  int allRows() {
    return allRows;
  }

  PanelFormat format() {
    return format;
  }

  int[] data() {
    return data;
  }

  int panels() {
    return column.length;
  }

  /** Where panel {@code p} begins. */
  int offset(int p) {
    return p * panelInts;
  }

  /** Output feature of the whole matrix that the panel's first row is. */
  int column(int p) {
    return column[p];
  }

  /** Rows of the panel that are no filling. */
  int width(int p) {
    return width[p];
  }

  /** Whether panel p of the first half of the rows matches panel p + half the panels. */
  boolean paired() {
    return paired;
  }

  /** Row {@code row} of the whole matrix, one of these, as float32. */
  void decodeRow(int row, float[] dst, int offset) {
    int lo = 0;
    int hi = column.length - 1;
    while (lo < hi) {
      int mid = (lo + hi + 1) >>> 1;
      if (column[mid] <= row) {
        lo = mid;
      } else {
        hi = mid - 1;
      }
    }
    format.decode(data, offset(lo), row - column[lo], cols, dst, offset);
  }

  long bytes() {
    return data.length * 4L;
  }

  void close() {
    data = new int[0];
  }
}
