package org.deft4j.engine.model;

import org.deft4j.kernels.RopeSpec;

/**
 * The shape of a transformer.
 *
 * @param architecture the family's name in files, for instance {@code llama}
 * @param name what the file calls itself
 * @param layers transformer layers
 * @param dim width of the residual stream
 * @param ffn width of the feed-forward layer
 * @param heads query heads
 * @param kvHeads key-value heads, a divisor of {@code heads}
 * @param headDim values a head
 * @param vocabulary rows of the embedding
 * @param context longest sequence that it computes right
 * @param eps of the norms
 * @param rope the rotary embedding
 * @param scoreScale what scores of attention are multiplied with
 * @param tied whether the output matrix is the embedding
 * @param traits what its family does beside
 */
public record ModelConfig(
    String architecture,
    String name,
    int layers,
    int dim,
    int ffn,
    int heads,
    int kvHeads,
    int headDim,
    int vocabulary,
    int context,
    float eps,
    RopeSpec rope,
    double scoreScale,
    boolean tied,
    ModelTraits traits) {

  /**
   * Longest sequence on a backend that does or does not know sliding windows: within its window a
   * layer sees the whole path.
   */
  public int context(boolean windows) {
    return windows || traits.window() == 0 ? context : Math.min(context, traits.window());
  }

  /** Columns of the packed query, key and value projection. */
  public int qkvColumns() {
    return (heads + 2 * kvHeads) * headDim;
  }
}
