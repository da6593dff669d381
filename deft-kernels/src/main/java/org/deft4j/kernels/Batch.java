package org.deft4j.kernels;

import org.deft4j.tree.plan.AttentionPlan;

/**
 * What one forward pass knows before it starts, in host memory. A caller keeps one and fills it
 * anew each step; the arrays grow and are never read past {@link #rows()}.
 *
 * <p>Row r is row r of the {@linkplain #plan() attention plan}.
 */
public final class Batch {
  private int rows;
  private int[] tokens = new int[16];
  private int[] positions = new int[16];
  private int[] slots = new int[16];
  private AttentionPlan plan = new AttentionPlan();

  /** Query rows. */
  public int rows() {
    return rows;
  }

  /**
   * The token at this place among the tokens of all draws of the last {@link Backend#sampleLater},
   * as an entry of {@link #tokens}: for backends with {@link Backend#samplesLater}.
   */
  public static int drawn(int place) {
    return ~place;
  }

  /** The place of a {@link #drawn} token; negative for any other. */
  public static int placeOf(int token) {
    return ~token;
  }

  /** Token id of each row, or one that was {@link #drawn}. */
  public int[] tokens() {
    return tokens;
  }

  /** Position of each row in its sequence, from 0. */
  public int[] positions() {
    return positions;
  }

  /** Slot of the KV cache that takes each row's key and value. */
  public int[] slots() {
    return slots;
  }

  /** Which rows see which slots. */
  public AttentionPlan plan() {
    return plan;
  }

  /** Makes room for {@code rows} rows; then fill the arrays and {@link #plan(AttentionPlan)}. */
  public void reset(int rows) {
    if (rows < 1) {
      throw new IllegalArgumentException("batch of " + rows + " rows");
    }
    this.rows = rows;
    if (tokens.length < rows) {
      int n = Math.max(rows, tokens.length * 2);
      tokens = new int[n];
      positions = new int[n];
      slots = new int[n];
    }
  }

  /** Sets the plan; it is read until the step's last attention. */
  public void plan(AttentionPlan plan) {
    this.plan = plan;
  }
}
