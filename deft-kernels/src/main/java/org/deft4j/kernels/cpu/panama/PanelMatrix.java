package org.deft4j.kernels.cpu.panama;

import java.lang.foreign.MemorySegment;
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
  private final Panels memory;
  // A segment each: indices within it are small, and C2 checks them as it does those of an array.
  private final MemorySegment[] panels;
  private final int[] column;
  private final int[] width;
  private final boolean paired;

  /**
   * Packs, or takes what was packed before.
   *
   * @param firstRow rows of the whole matrix before these
   * @param allRows rows of the whole matrix
   */
  PanelMatrix(Weights[] parts, int firstRow, int allRows, PanelMemory where, WorkerPool pool) {
    cols = parts[0].cols();
    this.firstRow = firstRow;
    this.allRows = allRows;
    int n = 0;
    int count = 0;
    for (Weights w : parts) {
      n += PanelPacker.panels(w);
      count += w.rows();
    }
    rows = count;
    column = new int[n];
    width = new int[n];
    panels = new MemorySegment[n];
    paired = parts.length == 2 && parts[0].rows() == parts[1].rows();
    memory = where.panels(parts, pool);
    long bytes = memory.format().panelInts(cols) * 4L;
    int p = 0;
    int row = firstRow;
    for (Weights w : parts) {
      for (int r = 0; r < w.rows(); r += Lanes.PANEL, p++) {
        column[p] = row + r;
        width[p] = Math.min(Lanes.PANEL, w.rows() - r);
        panels[p] = memory.panel(p, bytes);
      }
      row += w.rows();
    }
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
    return memory.format();
  }

  PanelKernel kernel() {
    return memory.format().kernel();
  }

  int panels() {
    return column.length;
  }

  MemorySegment panel(int p) {
    return panels[p];
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
    format().decode(panels[lo], row - column[lo], cols, dst, offset);
  }

  long bytes() {
    return memory.data().byteSize();
  }

  /** Frees the panels; idempotent. */
  void close() {
    memory.close();
  }
}
