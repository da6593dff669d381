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
 * @param context longest sequence that it computes right: what it was trained for, or its sliding
 *     window where it has one, since attention here reads the whole path
 * @param eps of the norms
 * @param rope the rotary embedding
 * @param scoreScale what scores of attention are multiplied with
 * @param tied whether the output matrix is the embedding
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
    boolean tied) {

  /** Columns of the packed query, key and value projection. */
  public int qkvColumns() {
    return (heads + 2 * kvHeads) * headDim;
  }
}
