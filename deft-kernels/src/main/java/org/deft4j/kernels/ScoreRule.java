package org.deft4j.kernels;

/**
 * What becomes of attention's scores before their softmax.
 *
 * @param scale what they are multiplied with, commonly {@code 1 / sqrt(headDim)}
 * @param window tokens that a row sees, itself included, counted back along its path (arXiv
 *     2310.06825); 0 for all
 * @param cap c of {@code c * tanh(score / c)} (arXiv 2408.00118), 0 for none
 */
public record ScoreRule(float scale, int window, float cap) {
  /** Checks the ranges. */
  public ScoreRule {
    if (window < 0 || !(cap >= 0)) {
      throw new IllegalArgumentException("window " + window + ", cap " + cap);
    }
  }

  /** Whether scores are scaled and nothing else. */
  public boolean plain() {
    return window == 0 && cap == 0;
  }
}
