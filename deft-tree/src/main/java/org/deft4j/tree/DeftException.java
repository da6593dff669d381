package org.deft4j.tree;

/**
 * A failure that a user can act on: its message says what went wrong and what to do.
 *
 * <p>A caller's mistake is an {@link IllegalArgumentException}; this hierarchy is for the rest (a
 * missing model, an unsupported file, too little memory, an unusable backend). The command line
 * prints the message alone and exits with {@link #exitCode()}.
 */
public class DeftException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Exit code of a failure at run time that has no code of its own. */
  public static final int RUNTIME = 1;

  /** Exit code of wrong usage. */
  public static final int USAGE = 2;

  /** Exit code of a model that was not found. */
  public static final int MODEL_NOT_FOUND = 3;

  /** Exit code of a model that is broken or of an unsupported kind. */
  public static final int UNSUPPORTED_MODEL = 4;

  /** Exit code of too little memory. */
  public static final int OUT_OF_MEMORY = 5;

  /** Exit code of a backend that was asked for and cannot be used here. */
  public static final int BACKEND_UNAVAILABLE = 6;

  private final int exitCode;

  /**
   * A failure with its process exit code.
   *
   * @param exitCode one of the constants of this class
   * @param message what is wrong and what to do about it, in one line
   */
  public DeftException(int exitCode, String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /**
   * A failure with its process exit code and its cause.
   *
   * @param exitCode one of the constants of this class
   * @param message what is wrong and what to do about it, in one line
   * @param cause what brought it about
   */
  public DeftException(int exitCode, String message, Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /** The exit code of a process that ends with this failure. */
  public final int exitCode() {
    return exitCode;
  }
}
