package org.deft4j.tree.plan;

/**
 * Bytes that attention moves, as in the DeFT paper's accounting but per key-value head and with
 * re-reads counted.
 *
 * @param kvTokens stored tokens read, re-reads included, counted once for all heads and layers
 * @param kv bytes of keys and values read
 * @param query bytes of queries read and outputs written
 * @param partial bytes of partial results and log-sum-exps, written and read
 * @param mask bytes of masks read
 * @param scores bytes of QK^T, scaling, masking and softmax intermediates that pass through memory;
 *     0 for fused methods
 */
public record IoLedger(long kvTokens, long kv, long query, long partial, long mask, long scores) {
  /** Nothing moved. */
  public static final IoLedger ZERO = new IoLedger(0, 0, 0, 0, 0, 0);

  /** All bytes. */
  public long total() {
    return kv + query + partial + mask + scores;
  }

  /** The sum of this and another ledger. */
  public IoLedger plus(IoLedger o) {
    return new IoLedger(
        kvTokens + o.kvTokens,
        kv + o.kv,
        query + o.query,
        partial + o.partial,
        mask + o.mask,
        scores + o.scores);
  }

  /** This ledger less an earlier reading. */
  public IoLedger minus(IoLedger o) {
    return new IoLedger(
        kvTokens - o.kvTokens,
        kv - o.kv,
        query - o.query,
        partial - o.partial,
        mask - o.mask,
        scores - o.scores);
  }

  /** This ledger {@code n} times over, for instance for {@code n} layers. */
  public IoLedger times(long n) {
    return new IoLedger(kvTokens * n, kv * n, query * n, partial * n, mask * n, scores * n);
  }
}
