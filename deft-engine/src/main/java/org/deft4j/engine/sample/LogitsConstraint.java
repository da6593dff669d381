package org.deft4j.engine.sample;

/**
 * Restricts which tokens a branch may sample, for instance to a grammar. One belongs to one branch
 * and follows its tokens.
 */
public interface LogitsConstraint {
  /**
   * Sets the logits of forbidden tokens to negative infinity; at least one must stay.
   *
   * @param logits one a token, after logit bias and repetition penalty, before temperature
   */
  void mask(float[] logits);

  /** Tells that this token was sampled. */
  void accept(int token);

  /**
   * Whether no token may follow, so that the branch ends here; {@link #mask} is not called then.
   */
  default boolean ended() {
    return false;
  }
}
