package org.deft4j.search.budget;

/**
 * What one search has spent so far: settled work only, not what is reserved.
 *
 * @param decodeTokens tokens sampled, by generators and evaluators together
 * @param evaluatorTokens of these, sampled by evaluators
 * @param prefillTokens tokens of prompts, questions and restored thoughts that were computed
 * @param reusedTokens tokens that would have been computed besides, had each branch sent its whole
 *     prompt
 * @param nodes thoughts made, the root not counted
 */
public record Usage(
    long decodeTokens, long evaluatorTokens, long prefillTokens, long reusedTokens, long nodes) {
  /** Nothing. */
  public static final Usage NONE = new Usage(0, 0, 0, 0, 0);
}
