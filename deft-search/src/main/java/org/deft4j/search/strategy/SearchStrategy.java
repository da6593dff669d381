package org.deft4j.search.strategy;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;

/**
 * A search as a state machine: it asks for thoughts and evaluations and is told what came of them.
 *
 * <p>A strategy has no threads, clock, input, output or randomness of its own; equal tellings in
 * any order give equal asks. It serves one search. The search is over when {@link #ask} gives
 * nothing while no ask is open.
 */
public interface SearchStrategy {
  /**
   * Begins a search; called once, first.
   *
   * @throws org.deft4j.tree.DeftException with exit code 2 if the strategy cannot work with what
   *     the context offers, saying what is lacking
   */
  void start(StrategyContext context);

  /**
   * What to do next.
   *
   * @param slots how many more branches would run at once; a hint, at least 0: a strategy that
   *     needs a whole level may ask for more, which then queue
   */
  List<Ask> ask(int slots);

  /** Takes a result; in any order, and the same one twice changes nothing. */
  void tell(Told result);

  /** The best answering thought so far, at any moment; empty while there is none. */
  Optional<Thought> current();

  /**
   * A soft limit of the budget was reached: come to an end, and ask for nothing but what the answer
   * still needs. Told at most once, between a {@link #tell} and an {@link #ask}. A strategy that
   * does nothing about it goes on to the hard limit.
   */
  default void finish() {}

  /**
   * How much it would cost the search if a thought's keys and values were gone: for instance the
   * probability that the search comes back to it. When memory is short, thoughts that nobody works
   * on lose theirs in ascending order of this, of equal ones the least recently used first; so the
   * default is to evict by recency alone.
   *
   * @param thought ordinal of a living thought
   * @return a finite number; only the order within one search matters
   */
  default double revisitValue(long thought) {
    return 0;
  }
}
