package org.deft4j.tree.plan;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** How stored tokens and queries are grouped. All methods give the same numbers. */
public enum AttentionMethod {
  /** DeFT-Flatten: nodes laid end to end in preorder and cut evenly. */
  FLATTEN,
  /** DeFT-Node: one group a tree node. */
  NODE,
  /** DeFT-Node-Chunk: nodes cut to a bounded length. */
  NODE_CHUNK,
  /** Flash-Decoding: one query a group, split along its path; each branch has private pages. */
  SEQUENCE,
  /** The grouping of {@link #SEQUENCE} over shared pages: storage is shared, reads are not. */
  RADIX,
  /** All tokens of the tree against all its queries with a dense mask, as in Medusa. */
  TREE_MASK,
  /** The same with SpecInfer's bit mask. */
  TREE_MASK_BITS;

  /** The name used on the command line and in reports, for instance {@code node-chunk}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The method of this name.
   *
   * @throws IllegalArgumentException for an unknown name; the message lists the known ones
   */
  public static AttentionMethod of(String label) {
    for (AttentionMethod m : values()) {
      if (m.label().equals(label)) {
        return m;
      }
    }
    throw new IllegalArgumentException(
        "unknown attention method '"
            + label
            + "'; known: "
            + Arrays.stream(values())
                .map(AttentionMethod::label)
                .collect(Collectors.joining(", ")));
  }
}
