package org.deft4j.kernels;

/**
 * Shape of a KV cache: {@code slots} tokens, each with one key and one value of {@code headDim}
 * values for every layer and KV head.
 *
 * @param layers transformer layers
 * @param kvHeads key-value heads a layer
 * @param headDim values a head
 * @param slots tokens that fit
 * @param type how a value is stored
 */
public record KvShape(int layers, int kvHeads, int headDim, int slots, KvType type) {
  /** Checks that every count is positive. */
  public KvShape {
    if (layers < 1 || kvHeads < 1 || headDim < 1 || slots < 1) {
      throw new IllegalArgumentException(
          "KV cache of "
              + layers
              + " layers, "
              + kvHeads
              + " heads of "
              + headDim
              + ", "
              + slots
              + " slots");
    }
  }

  /** Bytes of one token's keys and values over all layers, padding aside. */
  public long bytesPerToken() {
    return 2L * layers * kvHeads * headDim * type.bytes();
  }

  /**
   * Query heads of a packed projection {@code [(heads + 2 * kvHeads) * headDim]} columns wide.
   *
   * @throws IllegalArgumentException if no number of query heads makes that width
   */
  public int queryHeads(int columns) {
    int heads = columns / headDim - 2 * kvHeads;
    if (columns % headDim != 0 || heads < 1 || heads % kvHeads != 0) {
      throw new IllegalArgumentException(
          columns
              + " columns are no queries, keys and values of "
              + kvHeads
              + " KV heads of "
              + headDim);
    }
    return heads;
  }
}
