package org.deft4j.search.spi;

import org.deft4j.tree.DeftException;

/**
 * A problem that is longer than what a model takes. For a user it is an error; an evaluation counts
 * it as a problem that was not solved.
 */
public final class ProblemTooLargeException extends DeftException {
  private static final long serialVersionUID = 1L;

  /**
   * With exit code {@link DeftException#USAGE}.
   *
   * @param message how large it is, what the model takes, and what to do, in one line
   */
  public ProblemTooLargeException(String message) {
    super(DeftException.USAGE, message);
  }
}
