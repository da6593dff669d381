package org.deft4j.engine;

/**
 * Whether to begin a step before the tokens of the one before it are read.
 *
 * <p>It hides what the host does between two steps. It costs a step wherever a branch ends that
 * could not be told to end before its token was read: the step that was begun has a row for it that
 * nobody wants, and what its owner asks for next waits for that step. So it is worth while where
 * branches are long. Counts of the last few hundred tokens decide.
 */
final class Ahead {
  /** Tokens of a branch from which on it pays: the host's share of a step is a twentieth. */
  private static final int LONG = 20;

  /** Tokens that are remembered. */
  private static final int MEMORY = 512;

  /** Ends that are not held against it at the start, when nothing is known. */
  private static final int TRUST = 4;

  private final boolean possible;
  private boolean allowed = true;
  private int tokens;
  private int surprises;

  /**
   * @param possible whether the backend can do it at all
   */
  Ahead(boolean possible) {
    this.possible = possible;
  }

  /** A token was read. */
  void read(boolean surprise) {
    tokens++;
    if (surprise) {
      surprises++;
    }
    if (tokens >= MEMORY) {
      tokens /= 2;
      surprises /= 2;
    }
  }

  boolean possible() {
    return possible;
  }

  /** Forbids it, or no longer. */
  void allow(boolean on) {
    allowed = on;
  }

  boolean worthWhile() {
    return possible && allowed && surprises * LONG <= tokens + TRUST * LONG;
  }
}
