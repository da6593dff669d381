package org.deft4j.engine;

import org.jspecify.annotations.Nullable;

/**
 * The end of a branch: a place after which a next token can be chosen. The node that ends there and
 * the forks made there share it, so that logits computed for one serve all.
 */
final class EndPoint {
  /** Logits after the last token, once known and while kept. */
  float @Nullable [] logits;

  /** The logarithm of the sum of their exponentials, while they are kept. */
  double norm;

  /** Whether more than one node may ask for the logits. */
  boolean shared;
}
