package org.deft4j.search.driver;

import org.deft4j.search.strategy.Told;
import org.jspecify.annotations.Nullable;

/** An ask that is not closed yet. */
final class OpenAsk {
  final long id;

  /** Branches that have not ended. */
  int pending;

  /** Results told so far. */
  int results;

  Told.Why why = Told.Why.DONE;

  /** The limit that was met, if one was. */
  @Nullable StopReason limit;

  OpenAsk(long id, int pending) {
    this.id = id;
    this.pending = pending;
  }

  /** Notes why not all was done; the first reason stays. */
  void because(Told.Why reason) {
    if (why == Told.Why.DONE) {
      why = reason;
    }
  }
}
