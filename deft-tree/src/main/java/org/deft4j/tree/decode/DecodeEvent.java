package org.deft4j.tree.decode;

/** What a {@link TreeDecoder#step} tells about one node. Arrays belong to the receiver. */
public sealed interface DecodeEvent {
  /** The node that this event is about. */
  NodeId node();

  /**
   * One token was sampled and appended to the node.
   *
   * @param node the decoding leaf
   * @param token its new last token
   * @param logProb natural log-probability of the token under the model's distribution before
   *     temperature and filters
   * @param position the token's position on its path, 0 for the first token of the root
   */
  record Sampled(NodeId node, int token, float logProb, int position) implements DecodeEvent {}

  /**
   * A {@link TreeDecoder#decode} ended.
   *
   * @param node the leaf, now idle
   * @param reason why it ended
   * @param tokens how many tokens it sampled
   * @param logProb sum of their log-probabilities
   */
  record Finished(NodeId node, FinishReason reason, int tokens, double logProb)
      implements DecodeEvent {}

  /**
   * The tokens of a {@link TreeDecoder#extend} are computed.
   *
   * @param node the leaf, now idle
   * @param logProbs log-probability of each appended token given all before it; empty if they were
   *     not asked for. The first of a path (nothing before it) is 0.
   */
  record Extended(NodeId node, float[] logProbs) implements DecodeEvent {}

  /**
   * The answer to a {@link TreeDecoder#choices}.
   *
   * @param node the leaf, unchanged
   * @param tokens the candidates asked about
   * @param logProbs log-probability of each as the next token
   */
  record Chosen(NodeId node, int[] tokens, float[] logProbs) implements DecodeEvent {}
}
