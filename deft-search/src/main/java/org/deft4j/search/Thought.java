package org.deft4j.search;

import java.util.Optional;

/**
 * A thought: one run of text below another, with what is known of it.
 *
 * @param ordinal names the thought within its search and keys its randomness: counted when it is
 *     asked for, never reused; the root is 0
 * @param parent the ordinal of the thought that it continues; -1 for the root
 * @param depth 0 for the root, else the parent's plus 1
 * @param stage the {@linkplain org.deft4j.search.spi.Stage#name stage} that made it; empty for the
 *     root
 * @param text what the model wrote, without control tokens
 * @param state what the task read in it
 * @param tokens how many tokens the model sampled for it
 * @param logProb sum of their natural log-probabilities; NaN where the decoder gives none
 * @param expandable whether its task's layout knows how to continue it
 * @param score how good an evaluator found it, once one did
 */
public record Thought(
    long ordinal,
    long parent,
    int depth,
    String stage,
    String text,
    ThoughtState state,
    int tokens,
    double logProb,
    boolean expandable,
    Optional<Score> score) {

  /** Ordinal of every search's root. */
  public static final long ROOT = 0;

  /** Whether this is the problem itself, before any thought. */
  public boolean isRoot() {
    return parent < 0;
  }

  /** The answer that this thought gives, if it gives one. */
  public Optional<String> answer() {
    return state instanceof ThoughtState.Answer a ? Optional.of(a.text()) : Optional.empty();
  }

  /** Whether the thought is a dead end. */
  public boolean dead() {
    return state instanceof ThoughtState.Dead;
  }

  /** Mean log-probability of a token; 0 where none was sampled. */
  public double meanLogProb() {
    return tokens == 0 ? 0 : logProb / tokens;
  }

  /** This thought with a score. */
  public Thought withScore(Score value) {
    return new Thought(
        ordinal,
        parent,
        depth,
        stage,
        text,
        state,
        tokens,
        logProb,
        expandable,
        Optional.of(value));
  }

  /** This thought, continued or not. */
  public Thought withExpandable(boolean value) {
    return new Thought(ordinal, parent, depth, stage, text, state, tokens, logProb, value, score);
  }
}
