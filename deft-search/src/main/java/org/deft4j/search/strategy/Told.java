package org.deft4j.search.strategy;

import org.deft4j.search.Score;
import org.deft4j.search.Thought;

/** What came of an {@link Ask}. Each is unique by its ask and thought. */
public sealed interface Told {
  /** The ask that this answers. */
  long ask();

  /**
   * A thought of an {@link Ask.Expand} is finished.
   *
   * @param ask the ask
   * @param thought the new thought; its state may be a dead end
   */
  record Grown(long ask, Thought thought) implements Told {}

  /**
   * A thought of an {@link Ask.Evaluate} is scored.
   *
   * @param ask the ask
   * @param thought its ordinal
   * @param score its score
   */
  record Scored(long ask, long thought, Score score) implements Told {}

  /**
   * Nothing more comes of an ask but what has not yet been told.
   *
   * @param ask the ask
   * @param results how many {@link Grown} or {@link Scored} belong to it
   * @param why why it ended
   */
  record Closed(long ask, int results, Why why) implements Told {}

  /** Why an ask ended. */
  enum Why {
    /** All that was asked for was done. */
    DONE,
    /** The budget did not allow all of it, or any. */
    BUDGET,
    /** The model's context is too short for all of it, or any. */
    CONTEXT,
    /** The strategy gave it up, or its thought was pruned. */
    CANCELLED
  }
}
