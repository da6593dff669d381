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
}
