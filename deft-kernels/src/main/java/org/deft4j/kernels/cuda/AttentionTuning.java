package org.deft4j.kernels.cuda;

/**
 * What a kernel can do and what it costs.
 *
 * @param widths rows that a team of warps may take at once, as compiled, ascending; with the last
 *     one it may take several blocks
 * @param teams teams that share the rows of an item
 * @param maxRows most rows (queries times group) of an item
 * @param splitRows items of at most so many rows share out tiles, not rows, between the teams
 * @param joinRows pieces of different rows are joined in a job up to so many rows
 * @param block rows are computed in multiples of it
 * @param rowsPerTile rows at which computing a tile takes as long as reading it
 * @param sideBySide cost of reading a tile of neighbouring tokens, where one of several runs costs
 *     1
 * @param itemTiles fixed cost of an item in tiles
 * @param rowsPerItemTile rows that add the cost of a tile to an item: what runs once an item
 * @param fixed groups of plans stay whole and a row's results do not depend on its siblings
 */
record AttentionTuning(
    int[] widths,
    int teams,
    int maxRows,
    int splitRows,
    int joinRows,
    int block,
    double rowsPerTile,
    double sideBySide,
    double itemTiles,
    double rowsPerItemTile,
    boolean fixed) {
  /** For sm_90a. */
  static final AttentionTuning SM90 =
      new AttentionTuning(new int[] {8, 16, 32, 64}, 2, 256, 64, 24, 64, 142, 0.8, 2, 77, false);

  /** For all other architectures. */
  static final AttentionTuning PORTABLE =
      new AttentionTuning(new int[] {16, 64}, 1, 64, 0, 16, 16, 32, 1, 1.5, 64, false);

  /** This, with one way to compute a row however many rows there are. */
  AttentionTuning fixed(boolean on) {
    if (!on) {
      return this;
    }
    return new AttentionTuning(
        new int[] {widths[widths.length - 1]},
        teams,
        maxRows,
        0,
        0,
        block,
        rowsPerTile,
        sideBySide,
        itemTiles,
        rowsPerItemTile,
        true);
  }
}
