package org.deft4j.tree.plan;

/**
 * How a plan cuts stored tokens.
 *
 * <p>Short blocks balance load over many workers but cost a partial result a row each: with rows R
 * that share a block, query heads a KV head g and bytes e an element, partial results are about
 * {@code 4 R g / (blockTokens e)} of the block's keys and values. So blocks grow with the tree: a
 * tree of T tokens is cut in blocks of {@code max(blockTokens, T / targetBlocks)}.
 *
 * @param blockTokens shortest block worth cutting, and the exact block of deterministic plans
 * @param targetBlocks blocks a tree that keep all workers busy, over which blocks grow instead of
 *     becoming more; {@link Integer#MAX_VALUE} for blocks of always {@code blockTokens}
 * @param deterministic cut at absolute positions of each path alone, so that the tokens of a row's
 *     groups do not depend on its siblings, the batch, or where segments are split
 */
public record PlanOptions(int blockTokens, int targetBlocks, boolean deterministic) {
  /** Blocks of 128 tokens, growing when a tree has more than 64 of them. */
  public static final PlanOptions DEFAULT = new PlanOptions(128, 64, false);

  /** Checks the ranges. */
  public PlanOptions {
    if (blockTokens < 1 || targetBlocks < 1) {
      throw new IllegalArgumentException(
          "blocks must be positive: " + blockTokens + " tokens, " + targetBlocks + " blocks");
    }
  }

  /** Blocks of at most this many tokens however many there are, as in the paper. */
  public static PlanOptions exact(int blockTokens) {
    return new PlanOptions(blockTokens, Integer.MAX_VALUE, false);
  }

  /** These options with other block lengths. */
  public PlanOptions withBlocks(int newBlockTokens, int newTargetBlocks) {
    return new PlanOptions(newBlockTokens, newTargetBlocks, deterministic);
  }

  /** These options, deterministic or not. */
  public PlanOptions withDeterministic(boolean on) {
    return new PlanOptions(blockTokens, targetBlocks, on);
  }

  /** Length of the blocks that {@code tokens} are cut in. */
  int block(int tokens) {
    if (tokens <= blockTokens) {
      return tokens;
    }
    if (tokens <= 2L * blockTokens && tokens <= (long) blockTokens * targetBlocks) {
      return tokens + 1 >> 1; // the usual node, without divisions
    }
    int least = Math.max(blockTokens, Math.ceilDiv(tokens, targetBlocks));
    return Math.ceilDiv(tokens, Math.ceilDiv(tokens, least));
  }
}
