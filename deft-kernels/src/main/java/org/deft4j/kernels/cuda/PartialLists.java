package org.deft4j.kernels.cuda;

import java.util.Arrays;

/**
 * Which partial results each query row merges: entries are added in the order of items and then
 * sorted by row, which keeps that order within a row. Linear; no allocation but growth.
 */
final class PartialLists {
  private int entries;
  private int[] entryRow = new int[256];
  private int[] entryPartial = new int[256];
  private int[] rowPartial = new int[64];
  private int[] partialOf = new int[256];

  void clear() {
    entries = 0;
  }

  int entries() {
    return entries;
  }

  /** First entry of each row, {@code [rows + 1]}, after {@link #sort}. */
  int[] rowPartial() {
    return rowPartial;
  }

  /** Partial result of each entry, by row, after {@link #sort}. */
  int[] partialOf() {
    return partialOf;
  }

  /** A row merges a partial result. */
  void add(int row, int partial) {
    if (entries == entryRow.length) {
      entryRow = Arrays.copyOf(entryRow, entries * 2);
      entryPartial = Arrays.copyOf(entryPartial, entries * 2);
    }
    entryRow[entries] = row;
    entryPartial[entries++] = partial;
  }

  /**
   * The rows of entries {@code first..end-1} merge partial results {@code shift} further on too.
   */
  void repeat(int first, int end, int shift) {
    for (int i = first; i < end; i++) {
      add(entryRow[i], entryPartial[i] + shift);
    }
  }

  /** Whether a row merges this partial result and no other; after {@link #sort}. */
  boolean only(int row, int partial) {
    int first = rowPartial[row];
    return rowPartial[row + 1] == first + 1 && partialOf[first] == partial;
  }

  /** The only partial result of a row is written as its output. */
  void written(int row) {
    partialOf[rowPartial[row]] = -1;
  }

  /** Orders the entries by row, for rows below {@code rows}. */
  void sort(int rows) {
    if (rowPartial.length <= rows) {
      rowPartial = new int[Math.max(rows + 1, rowPartial.length * 2)];
    }
    if (partialOf.length < entries) {
      partialOf = new int[entryRow.length];
    }
    Arrays.fill(rowPartial, 0, rows + 1, 0);
    for (int i = 0; i < entries; i++) {
      rowPartial[entryRow[i] + 1]++;
    }
    for (int r = 0; r < rows; r++) {
      rowPartial[r + 1] += rowPartial[r];
    }
    for (int i = entries - 1; i >= 0; i--) {
      // Filled from the back, so that entries of a row keep their order.
      partialOf[--rowPartial[entryRow[i] + 1]] = entryPartial[i];
    }
    // rowPartial[r + 1] is now the first entry of row r.
    System.arraycopy(rowPartial, 1, rowPartial, 0, rows);
    rowPartial[rows] = entries;
  }
}
