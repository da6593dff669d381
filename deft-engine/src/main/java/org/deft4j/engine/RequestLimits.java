package org.deft4j.engine;

/** What a model's vocabulary and context allow a request: throws for what they do not. */
final class RequestLimits {
  private final int vocabulary;
  private final int context;
  private final boolean cutAtWindow;

  /**
   * The limits of a model.
   *
   * @param vocabulary tokens that its tokenizer knows
   * @param context most tokens of a path
   * @param cutAtWindow whether the context is shorter since the backend has no sliding window
   */
  RequestLimits(int vocabulary, int context, boolean cutAtWindow) {
    this.vocabulary = vocabulary;
    this.context = context;
    this.cutAtWindow = cutAtWindow;
  }

  /** These must be tokens, and at least one. */
  void requireTokens(int... tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("at least one token is needed");
    }
    for (int t : tokens) {
      if (t < 0 || t >= vocabulary) {
        throw new IllegalArgumentException(
            "token " + t + " is outside the vocabulary of " + vocabulary);
      }
    }
  }

  /** A path may be so long. */
  void requireContext(int length) {
    if (length > context) {
      throw new IllegalArgumentException(
          "a path of "
              + length
              + " tokens exceeds the context of "
              + context
              + " tokens"
              + (cutAtWindow
                  ? ", which ends with the model's sliding window on this backend; --backend panama"
                      + " goes on"
                  : ""));
    }
  }
}
