package org.deft4j.kernels;

import java.util.Optional;

/**
 * Offers one kind of backend; found through {@link java.util.ServiceLoader}.
 *
 * <p>Loading a provider must never fail where its backend cannot run: it touches what may be absent
 * only in {@link #unusable} (guarded) and {@link #open}.
 */
public interface BackendProvider {
  /** Name on the command line: lower case, for instance {@code cuda}. */
  String name();

  /** Automatic choice takes the usable provider with the highest priority; {@code scalar} is 0. */
  int priority();

  /** Why the backend cannot run here and what to do about it, in one line; empty if it can. */
  Optional<String> unusable(BackendOptions options);

  /**
   * Whether what the backend runs on is plainly not there, so that nobody expects it to be used. An
   * automatic choice warns of passing over any other unusable backend.
   */
  default boolean absent() {
    return false;
  }

  /**
   * Opens a backend.
   *
   * @throws org.deft4j.tree.DeftException if it turns out unusable after all
   */
  Backend open(BackendOptions options);
}
