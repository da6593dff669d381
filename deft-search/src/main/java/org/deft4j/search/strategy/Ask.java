package org.deft4j.search.strategy;

import java.util.List;

/**
 * What a strategy wants done. {@link Expand} and {@link Evaluate} are answered by {@link Told}
 * under their id, which the strategy chooses and never uses twice; the others are not answered.
 */
public sealed interface Ask {
  /**
   * Continue a thought.
   *
   * @param id names the ask
   * @param from ordinal of the thought to continue
   * @param count how many new thoughts, at least 1; with a {@link ThoughtGenerator.Propose} at most
   *     that many
   * @param how how they are made
   */
  record Expand(long id, long from, int count, ThoughtGenerator how) implements Ask {
    /** Checks the count. */
    public Expand {
      if (count < 1) {
        throw new IllegalArgumentException("count must be at least 1, was " + count);
      }
    }
  }

  /**
   * Score thoughts; several at once only where the evaluator compares them.
   *
   * @param id names the ask
   * @param thoughts their ordinals
   */
  record Evaluate(long id, List<Long> thoughts) implements Ask {
    /** Copies the list. */
    public Evaluate {
      thoughts = List.copyOf(thoughts);
    }
  }

  /**
   * Gives up an ask: its branches stop at the next step and it is closed as cancelled.
   *
   * @param id of the ask
   */
  record Cancel(long id) implements Ask {}

  /**
   * Frees a thought and all below it.
   *
   * @param thought its ordinal, not the root's
   * @param why why it is let go
   */
  record Prune(long thought, PruneReason why) implements Ask {}
}
