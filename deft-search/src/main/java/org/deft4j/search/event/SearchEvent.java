package org.deft4j.search.event;

import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.strategy.Ask;

/** Something that a search did. */
public sealed interface SearchEvent {
  /**
   * The search began.
   *
   * @param problem its problem
   * @param seed its seed
   */
  record Started(Problem problem, long seed) implements SearchEvent {}

  /**
   * The strategy asked for something.
   *
   * @param ask what
   */
  record Asked(Ask ask) implements SearchEvent {}

  /**
   * A step was made.
   *
   * @param live branches of this search that were at work in it
   * @param decoded tokens sampled for this search so far
   * @param nodes thoughts finished so far
   */
  record Stepped(int live, long decoded, int nodes) implements SearchEvent {}

  /**
   * A token was sampled for a thought.
   *
   * @param thought ordinal of the unfinished thought
   * @param token the token
   */
  record TokenSampled(long thought, int token) implements SearchEvent {}

  /**
   * A thought is finished.
   *
   * @param thought the thought
   */
  record ThoughtAdded(Thought thought) implements SearchEvent {}

  /**
   * A thought was scored.
   *
   * @param thought its ordinal
   * @param score its score
   */
  record Scored(long thought, Score score) implements SearchEvent {}

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
   */
  record Pruned(long thought) implements SearchEvent {}

  /**
   * The search ended.
   *
   * @param result its result
   */
  record Finished(SearchResult result) implements SearchEvent {}
}
