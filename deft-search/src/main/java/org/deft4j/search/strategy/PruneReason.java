package org.deft4j.search.strategy;

import java.util.Collection;
import java.util.Locale;
import org.deft4j.search.Thought;

/** Why a strategy let a thought go. */
public enum PruneReason {
  /** Others that it was compared with were kept in its place. */
  OUTRANKED,
  /** Another thought says the same and stands for both. */
  REPEATED,
  /**
   * Nothing comes after it: an answer, which stays a candidate, or a thought without a next one.
   */
  ENDED,
  /** Its score is below what the strategy continues. */
  BELOW_THRESHOLD,
  /** What was to be tried below it has been tried. */
  EXPLORED,
  /** It was grown to judge the one above it, which is done. */
  LOOKED_AHEAD,
  /** Nothing that is still to be done takes it. */
  UNNEEDED;

  /** The name in kebab-case, as in traces. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The reason of this name in traces; the commonest for an empty one, as older traces have none.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static PruneReason named(String id) {
    return id.isEmpty() ? OUTRANKED : valueOf(id.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  /**
   * Why a thought of a level was not among those that were kept to be continued.
   *
   * @param thought one that was let go
   * @param kept those that were kept
   */
  static PruneReason of(Thought thought, Collection<Thought> kept) {
    if (thought.answer().isPresent() || !thought.expandable()) {
      return ENDED;
    }
    return kept.stream().anyMatch(k -> k.state().equals(thought.state())) ? REPEATED : OUTRANKED;
  }
}
