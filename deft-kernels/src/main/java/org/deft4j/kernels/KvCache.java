package org.deft4j.kernels;

/**
 * Keys and values of a pool of token slots on a backend. Which slot belongs to which token is the
 * owner's bookkeeping; a slot holds the same token for every layer and head.
 */
public interface KvCache extends AutoCloseable {
  /** The shape it was made with. */
  KvShape shape();

  /** Bytes it occupies, padding included. */
  long bytes();

  /** Frees the memory; idempotent. Closing the backend closes it too. */
  @Override
  void close();
}
