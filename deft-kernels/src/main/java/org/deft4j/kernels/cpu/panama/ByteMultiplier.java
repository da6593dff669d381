package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.PANEL;
import static org.deft4j.kernels.cpu.panama.SuperPanels.BLOCK;
import static org.deft4j.kernels.cpu.panama.SuperPanels.ROWS;
import static org.deft4j.kernels.cpu.panama.SuperProducts.FACTORS;
import static org.deft4j.kernels.cpu.panama.SuperProducts.SUMS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Rounded rows and their products with panels of Q4_K and Q6_K. A row's result does not depend on
 * how many rows there are: sums are exact integers, and what follows is done row by row.
 */
final class ByteMultiplier {
  private final float[][] scratch;
  private final int[][] integers;
  private int[] inputs = new int[0];
  private float[] factors = new float[0];

  ByteMultiplier(int workers) {
    scratch = new float[workers][ByteProducts.TILE * SUMS];
    integers = new int[workers][BLOCK];
  }

  /** Rows side by side. */
  static int tile(int rows) {
    return rows == 1 ? 1 : ByteProducts.TILE;
  }

  /** Makes room for {@code rows} rows. */
  void reserve(boolean six, int cols, int rows) {
    int tile = tile(rows);
    int blocks = cols / BLOCK * ((rows + tile - 1) / tile * tile);
    int n = Math.multiplyExact(blocks, ByteProducts.inputs(six));
    if (inputs.length < n) {
      inputs = new int[n];
    }
    if (factors.length < blocks * FACTORS) {
      factors = new float[blocks * FACTORS];
    }
  }

  /** What {@link #pack} takes for all rows. */
  static int items(int cols, int rows) {
    return cols / BLOCK * rows;
  }

  /** Rounds items {@code lo..hi-1}, blocks of rows. */
  void pack(boolean six, float[] x, int cols, int rows, int worker, int lo, int hi) {
    int tile = tile(rows);
    int blocks = cols / BLOCK;
    for (int item = lo; item < hi; item++) {
      int r = item / blocks;
      int b = item % blocks;
      int to = (r / tile * blocks + b) * ByteProducts.inputs(six) * tile + r % tile;
      ByteProducts.quantize(
          six,
          x,
          r * cols + b * BLOCK,
          inputs,
          to,
          tile,
          factors,
          (r * blocks + b) * FACTORS,
          integers[worker]);
    }
  }

  /**
   * Rows {@code row..row+n-1} times a panel into {@code acc[at...]} as {@code [n][32]}; row is a
   * multiple of the tile. Rows of a tile past the end are computed from what is there, and dropped.
   */
  void panel(
      boolean six,
      MemorySegment s,
      int cols,
      int row,
      int n,
      int tile,
      int worker,
      float[] acc,
      int at) {
    int blocks = cols / BLOCK;
    int words = SuperPanels.words(six);
    float[] sums = scratch[worker];
    Arrays.fill(acc, at, at + n * PANEL, 0);
    for (int j = 0; j < PANEL; j += ROWS) {
      int o = j / ROWS * blocks * words * L;
      for (int b = 0; b < blocks; b++, o += words * L) {
        for (int r = 0; r < n; r += tile) {
          int in = ((row + r) / tile * blocks + b) * ByteProducts.inputs(six) * tile;
          sums(six, s, o, in, tile, sums);
          for (int i = r; i < Math.min(n, r + tile); i++) {
            int f = ((row + i) * blocks + b) * FACTORS;
            int to = at + i * PANEL + j;
            int from = (i - r) * SUMS;
            if (six) {
              int header = o + SuperPanels.QUANTS6 * L;
              SuperProducts.finish6(s, header, sums, from, factors, f, acc, to);
            } else {
              int header = o + SuperPanels.QUANTS4 * L;
              SuperProducts.finish4(s, header, sums, from, factors, f, acc, to);
            }
          }
        }
      }
    }
  }

  private void sums(boolean six, MemorySegment s, int o, int in, int tile, float[] sums) {
    if (tile == 1) {
      if (six) {
        ByteProducts.row6(s, o, inputs, in, sums, 0);
      } else {
        ByteProducts.row4(s, o, inputs, in, sums, 0);
      }
      return;
    }
    for (int i = 0; i < tile; i += 2) {
      if (six) {
        ByteProducts.pair6(s, o, inputs, in + i, sums, i * SUMS, SUMS);
      } else {
        ByteProducts.pair4(s, o, inputs, in + i, sums, i * SUMS, SUMS);
      }
    }
  }
}
