package org.deft4j.kernels;

/** Weights on a backend, {@code [rows][cols]}; multiplies activations from the left. */
public interface Matrix extends AutoCloseable {
  /** How the weights were given; of parts of several types the first. */
  WeightType type();

  /** Output features. */
  int rows();

  /** Input features. */
  int cols();

  /** Bytes that one multiplication of one row reads, padding included. */
  long bytes();

  /** Frees the weights; idempotent. Closing the backend closes them too. */
  @Override
  void close();
}
