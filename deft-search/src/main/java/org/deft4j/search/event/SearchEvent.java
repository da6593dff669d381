package org.deft4j.search.event;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.Usage;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.PruneReason;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.Told;

/**
 * Something that a search did. In the order in which they are told, events say all that decided how
 * the search went: {@link Asked} what its strategy wanted, {@link ThoughtAdded}, {@link Scored} and
 * {@link Closed} what it was told. A trace has one line for each; {@code docs/traces.md} gives its
 * form.
 */
public sealed interface SearchEvent {
  /**
   * The search began.
   *
   * @param problem its problem
   * @param context what its strategy was told of it, the seed among that
   */
  record Started(Problem problem, StrategyContext context) implements SearchEvent {}

  /**
   * The strategy was asked what to do next; before that, it was told all that events had said.
   *
   * @param slots how many branches it was offered
   * @param asks what it wanted, possibly nothing
   * @param costs what it was told of the cost of coming back, by thought
   */
  record Asked(int slots, List<Ask> asks, Map<Long, Integer> costs) implements SearchEvent {
    /** Copies collections. */
    public Asked {
      asks = List.copyOf(asks);
      costs = Map.copyOf(costs);
    }
  }

  /**
   * A step is about to be made.
   *
   * @param live branches of this search at work in it
   * @param decoded tokens sampled for thoughts so far
   * @param nodes thoughts finished so far
   * @param step how many steps the decoder made before
   * @param kvBytes key-value bytes in use by all searches of the decoder
   * @param kvBytesShared key-value bytes that sharing saves now
   */
  record Stepped(int live, long decoded, int nodes, long step, long kvBytes, long kvBytesShared)
      implements SearchEvent {}

  /**
   * A step sampled these tokens for the search.
   *
   * @param samples one a branch
   */
  record TokenBatch(List<Sample> samples) implements SearchEvent {
    /** Copies the list. */
    public TokenBatch {
      samples = List.copyOf(samples);
    }
  }

  /**
   * A token of a branch.
   *
   * @param branch ordinal of the unfinished thought, of the first thought in a list; negative for
   *     an evaluator's branch
   * @param token the token
   */
  record Sample(long branch, int token) {}

  /**
   * A thought is finished.
   *
   * @param ask the ask that wanted it
   * @param thought the thought
   * @param tokens what stands for it in the tree, below its stage's prompt
   * @param cut the budget ended it sooner than its stage would have
   */
  record ThoughtAdded(long ask, Thought thought, List<Integer> tokens, boolean cut)
      implements SearchEvent {
    /** Copies the list. */
    public ThoughtAdded {
      tokens = List.copyOf(tokens);
    }
  }

  /**
   * A thought was scored.
   *
   * @param ask the ask that wanted it
   * @param thought its ordinal
   * @param score its score
   */
  record Scored(long ask, long thought, Score score) implements SearchEvent {}

  /**
   * An ask is closed: nothing more comes of it.
   *
   * @param ask its id
   * @param results how many thoughts or scores came of it
   * @param why why it ended
   * @param limit the limit that was met, where it ended for the budget
   */
  record Closed(long ask, int results, Told.Why why, Optional<StopReason> limit)
      implements SearchEvent {}

  /**
   * The best answer so far changed.
   *
   * @param best the thought that gives it
   */
  record Selected(Thought best) implements SearchEvent {}

  /**
   * A thought and all below it were freed.
   *
   * @param thought its ordinal
   * @param why why the strategy let it go
   */
  record Pruned(long thought, PruneReason why) implements SearchEvent {}

  /**
   * Memory was short: a thought that nobody works on may lose its keys and values from now on.
   *
   * @param thought its ordinal
   * @param revisitValue what the strategy expects of coming back; the lowest lose theirs first
   */
  record Demoted(long thought, double revisitValue) implements SearchEvent {}

  /**
   * A thought turned out to have lost its keys and values when it was needed again.
   *
   * @param thought its ordinal
   * @param tokens of its path that are gone
   */
  record Evicted(long thought, int tokens) implements SearchEvent {}

  /**
   * The keys and values of a thought's path are about to be computed again: after an eviction, or
   * because the thought came from a trace.
   *
   * @param thought its ordinal
   * @param tokens how many
   */
  record Restored(long thought, int tokens) implements SearchEvent {}

  /**
   * Work was settled.
   *
   * @param usage all that the search spent so far
   */
  record BudgetSpent(Usage usage) implements SearchEvent {}

  /**
   * A soft limit was reached: the strategy was told to come to an end.
   *
   * @param limit which
   */
  record SoftLimit(StopReason limit) implements SearchEvent {}

  /** The caller paused the search: what is at work ends, nothing new begins. */
  record Paused() implements SearchEvent {}

  /**
   * The search goes on, after a pause or from a trace.
   *
   * @param replayed events taken from a trace; 0 after a pause
   */
  record Resumed(int replayed) implements SearchEvent {}

  /**
   * The search ended.
   *
   * @param result its result
   */
  record Finished(SearchResult result) implements SearchEvent {}
}
