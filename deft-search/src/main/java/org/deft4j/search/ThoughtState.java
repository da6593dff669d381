package org.deft4j.search;

/**
 * What a task reads in a thought. Texts are canonical: two thoughts of equal state are the same
 * point of the search, however they were worded.
 */
public sealed interface ThoughtState {
  /** The canonical text; equal texts of equal kinds are duplicates. */
  String text();

  /**
   * A step on the way.
   *
   * @param text where the search stands after it
   */
  record Partial(String text) implements ThoughtState {}

  /**
   * A whole answer, right or wrong; it may still be improved.
   *
   * @param text the answer as a user reads it
   */
  record Answer(String text) implements ThoughtState {}

  /**
   * A dead end: unreadable, against the rules, cut off or cancelled.
   *
   * @param text why
   */
  record Dead(String text) implements ThoughtState {}
}
