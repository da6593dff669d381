package org.deft4j.kernels;

/** What {@link Backend#summarize} tells of each row of logits. A caller keeps one and reuses it. */
public final class RowSummary {
  private int[] best = new int[16];
  private float[] max = new float[16];
  private double[] logSum = new double[16];

  /** The first column that holds the row's largest value. */
  public int best(int row) {
    return best[row];
  }

  /** The row's largest value. */
  public float max(int row) {
    return max[row];
  }

  /** The logarithm of the sum of the exponentials of the row. */
  public double logSum(int row) {
    return logSum[row];
  }

  /** Makes room for this many rows. */
  public void reserve(int rows) {
    if (best.length < rows) {
      int n = Math.max(rows, best.length * 2);
      best = new int[n];
      max = new float[n];
      logSum = new double[n];
    }
  }

  /** Sets a row, for backends. */
  public void set(int row, int bestColumn, float largest, double logOfSum) {
    best[row] = bestColumn;
    max[row] = largest;
    logSum[row] = logOfSum;
  }
}
