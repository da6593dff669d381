package org.deft4j.kernels.cuda;

/**
 * What a kernel can do and what it costs.
 *
 * @param widths rows that a team of warps may take at once, as compiled, ascending; with the last
 *     one it may take several blocks
 * @param teams teams that share the rows of an item
 * @param maxRows most rows (queries times group) of an item
 * @param nodeRows most rows of an item of a node that is computed apart from others, ascending:
 *     fewer read its tokens again and write fewer partial results
 * @param splitRows items of at most so many rows share out tiles, not rows, between the teams
 * @param blockRows query rows of the blocks whose tokens may be computed together, ascending
 * @param narrowTile cost of a tile of such a block that few of its rows see, for each size
 * @param block rows are computed in multiples of it
 * @param rowsPerTile rows at which computing a tile takes as long as reading it
 * @param sideBySide cost of reading a tile of neighbouring tokens, where one of several runs costs
 *     1
 * @param itemTiles fixed cost of an item in tiles
 * @param rowsPerItemTile rows that add the cost of a tile to an item: what runs once an item
 * @param copyTile cost of reading a tile once more that another job has too
 * @param rowsPerPartialTile rows whose partial results cost as much as a tile, until they are
 *     merged
 * @param dropPast keys and values of a layer, in sizes of the second-level cache, past which
 *     partial results that were merged are dropped from it: written back, they would take memory's
 *     time; for less the dropping takes longer
 * @param fixed groups of plans stay whole and a row's results do not depend on its siblings
 */
record AttentionTuning(
    int[] widths,
    int teams,
    int maxRows,
    int[] nodeRows,
    int splitRows,
    int[] blockRows,
    double[] narrowTile,
    int block,
    double rowsPerTile,
    double sideBySide,
    double itemTiles,
    double rowsPerItemTile,
    double copyTile,
    double rowsPerPartialTile,
    double dropPast,
    boolean fixed) {
  /** For sm_90a. */
  static final AttentionTuning SM90 =
      new AttentionTuning(
          new int[] {8, 16, 64},
          2,
          256,
          new int[] {128, 256},
          64,
          new int[] {64, 128, 256},
          new double[] {1.2, 1.25, 1.5},
          64,
          142,
          0.8,
          2,
          77,
          0.7,
          10,
          3,
          false);

  /** For all other architectures. */
  static final AttentionTuning PORTABLE =
      new AttentionTuning(
          new int[] {16, 64},
          1,
          64,
          new int[] {64},
          0,
          new int[] {16},
          new double[] {1},
          16,
          32,
          1,
          1.5,
          64,
          1,
          64,
          Double.POSITIVE_INFINITY,
          false);

  /** This, with one way to compute a row however many rows there are. */
  AttentionTuning fixed(boolean on) {
    if (!on) {
      return this;
    }
    return new AttentionTuning(
        new int[] {widths[widths.length - 1]},
        teams,
        maxRows,
        nodeRows,
        0,
        blockRows,
        narrowTile,
        block,
        rowsPerTile,
        sideBySide,
        itemTiles,
        rowsPerItemTile,
        copyTile,
        rowsPerPartialTile,
        dropPast,
        true);
  }
}
