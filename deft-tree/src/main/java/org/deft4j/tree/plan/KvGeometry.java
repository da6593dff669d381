package org.deft4j.tree.plan;

/**
 * The shape of attention in one layer, for counting bytes.
 *
 * @param queryHeads query heads, a multiple of {@code kvHeads}
 * @param kvHeads key-value heads
 * @param headDim elements a head
 * @param kvElementBytes bytes of one stored element of keys and values
 * @param queryElementBytes bytes of one element of queries and outputs
 */
public record KvGeometry(
    int queryHeads, int kvHeads, int headDim, int kvElementBytes, int queryElementBytes) {
  /** Checks the ranges. */
  public KvGeometry {
    if (queryHeads < 1
        || kvHeads < 1
        || headDim < 1
        || kvElementBytes < 1
        || queryElementBytes < 1
        || queryHeads % kvHeads != 0) {
      throw new IllegalArgumentException(
          "bad geometry: %d query heads, %d kv heads, head dim %d, %d and %d bytes"
              .formatted(queryHeads, kvHeads, headDim, kvElementBytes, queryElementBytes));
    }
  }

  /** Bytes of keys and values a token and layer. */
  public long kvBytes() {
    return 2L * kvHeads * headDim * kvElementBytes;
  }
}
