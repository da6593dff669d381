package org.deft4j.tree.decode;

/** Why a branch stopped decoding. */
public enum FinishReason {
  /** A stop token was sampled; it is the last token of the node. */
  STOP_TOKEN,
  /** The text contains a stop string; the tokens that complete it are kept. */
  STOP_STRING,
  /** {@link DecodeSpec#maxTokens()} was reached. */
  MAX_TOKENS,
  /**
   * {@link DecodeSpec#constraint()} lets no token follow: the text is complete, or the vocabulary
   * cannot spell what would have to come.
   */
  CONSTRAINT,
  /** The model's context is full. */
  CONTEXT_FULL,
  /** The caller called {@link TreeDecoder#cancel}. */
  CANCELLED
}
