package org.deft4j.tree.decode;

import java.util.List;
import java.util.function.Consumer;

/**
 * A language model over a forest of branches that share their prefixes.
 *
 * <p>A node is a run of tokens below a point of its parent. A node is <em>busy</em> from a request
 * ({@link #extend}, {@link #choices}, {@link #decode}) until the event that answers it; one request
 * at a time. Requests only queue work: {@link #step} does it, every busy branch of every tree in
 * one forward pass, and prompts in chunks beside them.
 *
 * <p>A decoder belongs to one thread at a time. Every method throws {@link
 * IllegalArgumentException} for a node that does not exist (or was released) and {@link
 * IllegalStateException} for a request to a busy or sealed node; {@link
 * org.deft4j.tree.DeftException} with exit code 5 when memory for keys and values runs out.
 */
public interface TreeDecoder extends AutoCloseable {
  /** What this decoder can do. */
  Capabilities capabilities();

  /** The model's tokens. */
  TokenCodec codec();

  /**
   * A new tree whose root holds a prompt. Equal prompts, and equal prefixes of prompts, share
   * storage across trees. The prompt is computed by later steps.
   *
   * @param prompt at least one token
   * @return the root, an idle node
   */
  NodeId root(int[] prompt);

  /**
   * New idle, empty leaves below a point of a node; nothing is copied.
   *
   * @param node any node: idle, busy or sealed
   * @param atToken how many of the node's own tokens the new leaves keep, 0 to {@link #length}
   *     (with a root at least 1)
   * @param n how many leaves, at least 1
   */
  List<NodeId> fork(NodeId node, int atToken, int n);

  /** New leaves at the end of a node. */
  default List<NodeId> fork(NodeId node, int n) {
    return fork(node, length(node), n);
  }

  /**
   * Appends given tokens to a leaf. Answered by {@link DecodeEvent.Extended}.
   *
   * @param leaf an idle leaf
   * @param tokens at least one
   * @param logProbs whether to compute their log-probabilities, which costs the output matrix for
   *     each
   */
  void extend(NodeId leaf, int[] tokens, boolean logProbs);

  /**
   * Log-probabilities of candidates for the next token; samples and appends nothing. Answered by
   * {@link DecodeEvent.Chosen}.
   */
  void choices(NodeId leaf, int[] tokens);

  /**
   * Samples tokens until a stop or limit. Answered by {@link DecodeEvent.Sampled} for each token
   * and at last {@link DecodeEvent.Finished}.
   */
  void decode(NodeId leaf, DecodeSpec spec);

  /**
   * Ends a request early: a decoding leaf becomes idle and keeps its tokens; {@link
   * DecodeEvent.Finished} with {@link FinishReason#CANCELLED} follows at the next step. Nothing
   * happens for an idle node.
   */
  void cancel(NodeId leaf);

  /**
   * Makes an idle leaf an inner node: it takes no more requests, and forks at its end continue from
   * its last token without computing it again.
   */
  void seal(NodeId leaf);

  /** Frees a node and all below it, cancelling requests there without events. */
  void release(NodeId subtree);

  /**
   * Allows an idle subtree's keys and values to be evicted when memory runs short, lowest priority
   * first. Its tokens stay.
   *
   * @param node any node without busy nodes below it
   * @param priority larger is kept longer, for instance the expected value of coming back
   */
  void demote(NodeId node, double priority);

  /**
   * Withdraws {@link #demote}. What was evicted on the node's path is queued to be computed again.
   *
   * @return how many tokens have to be computed again
   */
  int restore(NodeId node);

  /**
   * How many tokens of the path to a node's end lost their keys and values, and would have to be
   * computed again before a branch there goes on; changes nothing.
   */
  default int lost(NodeId node) {
    return 0;
  }

  /** Bytes that the keys and values of one token take; 0 where that is unknown. */
  default long kvBytesPerToken() {
    return 0;
  }

  /** The node's own tokens, in order. */
  int[] tokens(NodeId node);

  /** How many own tokens the node has. */
  int length(NodeId node);

  /** Tokens on the path from the root to the node's end. */
  int pathLength(NodeId node);

  /** Whether a request on any node is unanswered, so that {@link #step} has work. */
  boolean busy();

  /**
   * One forward pass: a token for each decoding branch, a chunk of each prompt. Events come in a
   * fixed order that depends on the trees alone. A decoder may begin the pass that follows before
   * it returns; then what is asked for meanwhile joins the one after.
   *
   * @param events receives what happened; may call this decoder's other methods, not {@code step}
   * @return query rows of the passes that were begun; 0 when there was nothing to do, or only to
   *     tell what a pass begun before gave
   */
  int step(Consumer<? super DecodeEvent> events);

  /** What was done so far. */
  DecoderStats stats();

  /** Frees all memory; nodes are gone. */
  @Override
  void close();
}
