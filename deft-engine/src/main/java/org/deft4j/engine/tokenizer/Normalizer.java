package org.deft4j.engine.tokenizer;

/** What text goes through before it is cut to tokens. */
@FunctionalInterface
interface Normalizer {
  /** Leaves text as it is. */
  Normalizer NONE = (text, first) -> text;

  /**
   * Changes a run of text between whole tokens.
   *
   * @param text never empty
   * @param first whether the run begins the whole text
   */
  String apply(String text, boolean first);

  /** This one, then another. */
  default Normalizer then(Normalizer next) {
    return (text, first) -> {
      String t = apply(text, first);
      return t.isEmpty() ? t : next.apply(t, first);
    };
  }
}
