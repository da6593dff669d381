package org.deft4j.tree.plan;

import java.util.Arrays;

/**
 * One step's attention as flat arrays that a kernel can read as they are.
 *
 * <p><b>Rows.</b> Query rows 0..{@link #rows()}-1 stand in depth-first preorder of the forest: a
 * node's own rows (its newest tokens, in order) come before those below it, so the rows that see a
 * node are one interval.
 *
 * <p><b>Stage 1.</b> Group g computes rows [{@code groupRowLo[g]}, {@code groupRowHi[g]}) against
 * pieces [{@code groupPiece[g]}, {@code groupPiece[g + 1]}). Piece p holds tokens at slots {@code
 * pieceSlot[p] + i} for 0 <= i < {@code pieceLength[p]}, laid end to end in the order of pieces.
 * Row r sees token i of piece p if and only if
 *
 * <pre>pieceRowLo[p] <= r && r < pieceRowHi[p] && i <= r - pieceRowLo[p] + pieceCausal[p]</pre>
 *
 * where {@code pieceCausal} is {@link #ALL} when every row of the interval sees the whole piece.
 * With {@link #maskKind()} other than {@link MaskKind#NONE} visibility is by the mask alone, whose
 * column for token i of piece p is {@code pieceToken[p] + i}. Row r of group g writes partial
 * result {@code groupPartial[g] + r - groupRowLo[g]}: the normalised output and its log-sum-exp
 * (negative infinity if the row sees nothing there, which happens with masks alone).
 *
 * <p><b>Stage 2.</b> Row r merges the groups [{@code rangeFirst[k]}, {@code rangeEnd[k]}) for k in
 * [{@code rowRange[r]}, {@code rowRange[r + 1]}), in this order. Every group of these ranges
 * contains row r.
 *
 * <p>A plan is a buffer that its planner fills anew each step; arrays may be longer than their used
 * part and are replaced when they grow. Readers must not write to them or keep them past the step.
 */
public final class AttentionPlan {
  /** {@code pieceCausal} of a piece that all rows of its interval see whole. */
  public static final int ALL = Integer.MAX_VALUE / 2;

  /** {@link #rowSlot} where it is not told. */
  private static final int[] UNKNOWN = {};

  /** How visibility is told. */
  public enum MaskKind {
    /** By the row interval and causal limit of each piece. */
    NONE,
    /** One byte a (row, token), row-major {@code [rows][maskTokens]}, 1 for visible. */
    DENSE,
    /**
     * One bit a (token, row), {@code [maskTokens][maskWords]}: bit {@code r & 63} of word {@code r
     * >> 6}.
     */
    BITS
  }

  private AttentionMethod method = AttentionMethod.FLATTEN;
  private int rows;
  private int groups;
  int pieces;
  private int partials;
  private int ranges;
  private int[] groupPiece = new int[17];
  private int[] groupRowLo = new int[16];
  private int[] groupRowHi = new int[16];
  private int[] groupPartial = new int[16];
  int[] pieceSlot = new int[16];
  int[] pieceLength = new int[16];
  int[] pieceRowLo = new int[16];
  int[] pieceRowHi = new int[16];
  int[] pieceCausal = new int[16];
  int[] pieceToken = new int[16];
  private int[] rowRange = new int[17];
  private int[] rangeFirst = new int[16];
  private int[] rangeEnd = new int[16];
  private MaskKind maskKind = MaskKind.NONE;
  private int maskTokens;
  private int maskWords;
  private int[] rowSlot = UNKNOWN;
  private byte[] denseMask = new byte[0];
  private long[] bitMask = new long[0];

  /** The method that made this plan. */
  public AttentionMethod method() {
    return method;
  }

  /** Number of query rows. */
  public int rows() {
    return rows;
  }

  /** Number of stage 1 groups. */
  public int groups() {
    return groups;
  }

  /** Number of pieces of all groups. */
  public int pieces() {
    return pieces;
  }

  /** Number of partial results: the sum of the groups' rows. */
  public int partials() {
    return partials;
  }

  /** First piece of each group, {@code [groups + 1]}. */
  public int[] groupPiece() {
    return groupPiece;
  }

  /** First row of each group. */
  public int[] groupRowLo() {
    return groupRowLo;
  }

  /** Row past the last of each group. */
  public int[] groupRowHi() {
    return groupRowHi;
  }

  /** Partial result of each group's first row. */
  public int[] groupPartial() {
    return groupPartial;
  }

  /** First slot of each piece. */
  public int[] pieceSlot() {
    return pieceSlot;
  }

  /** Tokens of each piece, at least 1. */
  public int[] pieceLength() {
    return pieceLength;
  }

  /** First row that may see each piece. */
  public int[] pieceRowLo() {
    return pieceRowLo;
  }

  /** Row past the last that may see each piece. */
  public int[] pieceRowHi() {
    return pieceRowHi;
  }

  /** Last token that row {@code pieceRowLo} sees, one more for each row after it. */
  public int[] pieceCausal() {
    return pieceCausal;
  }

  /** Mask column of each piece's first token; meaningful with a mask only. */
  public int[] pieceToken() {
    return pieceToken;
  }

  /** First range of each row, {@code [rows + 1]}. */
  public int[] rowRange() {
    return rowRange;
  }

  /** First group of each range. */
  public int[] rangeFirst() {
    return rangeFirst;
  }

  /** Group past the last of each range. */
  public int[] rangeEnd() {
    return rangeEnd;
  }

  /** How visibility is told. */
  public MaskKind maskKind() {
    return maskKind;
  }

  /** Columns of the mask. */
  public int maskTokens() {
    return maskTokens;
  }

  /** Words a token of the bit mask. */
  public int maskWords() {
    return maskWords;
  }

  /** The dense mask, {@code [rows][maskTokens]}. */
  public byte[] denseMask() {
    return denseMask;
  }

  /** The bit mask, {@code [maskTokens][maskWords]}. */
  public long[] bitMask() {
    return bitMask;
  }

  /** Whether row {@code r} sees token {@code i} of piece {@code p}. For tests and references. */
  public boolean sees(int r, int p, int i) {
    return switch (maskKind) {
      case NONE ->
          pieceRowLo[p] <= r && r < pieceRowHi[p] && i <= r - pieceRowLo[p] + pieceCausal[p];
      case DENSE -> denseMask[r * maskTokens + pieceToken[p] + i] != 0;
      case BITS -> (bitMask[(pieceToken[p] + i) * maskWords + (r >> 6)] >>> (r & 63) & 1) != 0;
    };
  }

  /**
   * Slot of each row's own keys and values, {@code [rows]}: all that the step writes before it
   * attends, so that everything else can be read ahead. Empty where it is not known.
   */
  public int[] rowSlot() {
    return rowSlot;
  }

  /** Tells the slots of the rows; the array is kept, not copied. */
  void rowSlot(int[] slots) {
    rowSlot = slots;
  }

  /** Empties the plan for a step of {@code rows} rows; keeps the arrays. */
  public void reset(AttentionMethod method, int rows) {
    this.method = method;
    this.rows = rows;
    groups = 0;
    pieces = 0;
    partials = 0;
    ranges = 0;
    maskKind = MaskKind.NONE;
    maskTokens = 0;
    maskWords = 0;
    rowSlot = UNKNOWN;
    groupPiece[0] = 0;
    if (rowRange.length <= rows) {
      rowRange = new int[Math.max(rows + 1, rowRange.length * 2)];
    }
    rowRange[0] = 0;
  }

  /** Makes room for {@code more} pieces, so that the planner may write them into the arrays. */
  void ensurePieces(int more) {
    if (more > pieceSlot.length - pieces) {
      int n = Math.max(pieces + more, pieces * 2);
      pieceSlot = Arrays.copyOf(pieceSlot, n);
      pieceLength = Arrays.copyOf(pieceLength, n);
      pieceRowLo = Arrays.copyOf(pieceRowLo, n);
      pieceRowHi = Arrays.copyOf(pieceRowHi, n);
      pieceCausal = Arrays.copyOf(pieceCausal, n);
      pieceToken = Arrays.copyOf(pieceToken, n);
    }
  }

  /** Adds a piece to the group that the next {@link #endGroup} ends. */
  public void addPiece(int slot, int length, int rowLo, int rowHi, int causal, int token) {
    ensurePieces(1);
    pieceSlot[pieces] = slot;
    pieceLength[pieces] = length;
    pieceRowLo[pieces] = rowLo;
    pieceRowHi[pieces] = rowHi;
    pieceCausal[pieces] = causal;
    pieceToken[pieces] = token;
    pieces++;
  }

  /** Ends a group of rows [{@code rowLo}, {@code rowHi}) with the pieces added since the last. */
  public void endGroup(int rowLo, int rowHi) {
    if (groups == groupRowLo.length) {
      int n = groups * 2;
      groupRowLo = Arrays.copyOf(groupRowLo, n);
      groupRowHi = Arrays.copyOf(groupRowHi, n);
      groupPartial = Arrays.copyOf(groupPartial, n);
      groupPiece = Arrays.copyOf(groupPiece, n + 1);
    }
    groupRowLo[groups] = rowLo;
    groupRowHi[groups] = rowHi;
    groupPartial[groups] = partials;
    partials += rowHi - rowLo;
    groupPiece[++groups] = pieces;
  }

  /** Adds a range of groups to the row that the next {@link #endRow} ends. */
  public void addRange(int firstGroup, int endGroup) {
    if (ranges == rangeFirst.length) {
      rangeFirst = Arrays.copyOf(rangeFirst, ranges * 2);
      rangeEnd = Arrays.copyOf(rangeEnd, ranges * 2);
    }
    rangeFirst[ranges] = firstGroup;
    rangeEnd[ranges++] = endGroup;
  }

  /** Ends row {@code r} with the ranges added since the last; rows come in ascending order. */
  public void endRow(int r) {
    rowRange[r + 1] = ranges;
  }

  /** Gives the plan a dense mask of zeros, {@code [rows][tokens]}, to be filled. */
  public byte[] useDenseMask(int tokens) {
    maskKind = MaskKind.DENSE;
    maskTokens = tokens;
    int n = Math.multiplyExact(rows, tokens);
    if (denseMask.length < n) {
      denseMask = new byte[Math.max(n, Math.min(denseMask.length * 2, 1 << 30))];
    } else {
      Arrays.fill(denseMask, 0, n, (byte) 0);
    }
    return denseMask;
  }

  /** Gives the plan a bit mask of zeros, {@code [tokens][ceil(rows / 64)]}, to be filled. */
  public long[] useBitMask(int tokens) {
    maskKind = MaskKind.BITS;
    maskTokens = tokens;
    maskWords = (rows + 63) >> 6;
    int n = Math.multiplyExact(tokens, maskWords);
    if (bitMask.length < n) {
      bitMask = new long[Math.max(n, Math.min(bitMask.length * 2, 1 << 28))];
    } else {
      Arrays.fill(bitMask, 0, n, 0);
    }
    return bitMask;
  }

  /**
   * Replaces visibility by intervals with a mask that says the same.
   *
   * @param dense a dense mask, or else a bit mask
   * @param tokens columns of the mask; every piece has its own
   */
  void maskFromIntervals(boolean dense, int tokens) {
    if (dense) {
      useDenseMask(tokens);
    } else {
      useBitMask(tokens);
    }
    for (int p = 0; p < pieces; p++) {
      for (int r = pieceRowLo[p]; r < pieceRowHi[p]; r++) {
        int n = Math.min(pieceLength[p], r - pieceRowLo[p] + pieceCausal[p] + 1);
        for (int i = 0; i < n; i++) {
          if (dense) {
            denseMask[r * maskTokens + pieceToken[p] + i] = 1;
          } else {
            bitMask[(pieceToken[p] + i) * maskWords + (r >> 6)] |= 1L << (r & 63);
          }
        }
      }
    }
  }

  /**
   * What this plan moves in one layer, as the DeFT paper counts but for each key-value head once
   * (grouped queries share a read) and with re-reads.
   *
   * <ul>
   *   <li>kvTokens: tokens of all pieces. A block that is read for several groups counts each time.
   *   <li>kv: kvTokens * 2 * kvHeads * headDim * element bytes.
   *   <li>query: each group reads its rows' queries, each row's output is written once: (partials +
   *       rows) * queryHeads * headDim * element bytes.
   *   <li>partial: each partial result (headDim + 1 floats a query head) is written once and read
   *       once: 2 * partials * queryHeads * (headDim + 1) * 4.
   *   <li>mask: for each key-value head, one byte (dense) or one bit in whole words (bits) for each
   *       (row, token) pair of a group; without a mask the three ints of each piece.
   *   <li>scores: {@code tree-mask} stands for Medusa's attention out of separate operators: 4
   *       bytes of QK^T, 4 of scaling, 4 of masking, 8 of softmax (16-bit values, each written and
   *       read; softmax in 32 bits) for each (row, token) pair of a group and query head. 0 for all
   *       fused methods.
   * </ul>
   */
  public IoLedger ledger(KvGeometry geometry) {
    long kvTokens = 0;
    long pairs = 0;
    long maskWordsRead = 0;
    for (int g = 0; g < groups; g++) {
      long tokens = 0;
      for (int p = groupPiece[g]; p < groupPiece[g + 1]; p++) {
        tokens += pieceLength[p];
      }
      kvTokens += tokens;
      pairs += tokens * (groupRowHi[g] - groupRowLo[g]);
      maskWordsRead += tokens * (((groupRowHi[g] - 1) >> 6) - (groupRowLo[g] >> 6) + 1);
    }
    long maskBytes =
        switch (maskKind) {
          case NONE -> 12L * pieces;
          case DENSE -> pairs;
          case BITS -> 8L * maskWordsRead;
        };
    long rowBytes =
        (long) geometry.queryHeads() * geometry.headDim() * geometry.queryElementBytes();
    return new IoLedger(
        kvTokens,
        kvTokens * geometry.kvBytes(),
        ((long) partials + rows) * rowBytes,
        8L * partials * geometry.queryHeads() * (geometry.headDim() + 1),
        maskBytes * geometry.kvHeads(),
        maskKind == MaskKind.DENSE ? 20L * pairs * geometry.queryHeads() : 0);
  }
}
