package org.deft4j.runtime.text;

/**
 * Keeps what a model thinks apart from what it answers: the text between {@code <think>} and {@code
 * </think>}, as Qwen3, DeepSeek-R1 and their kin write it. Text comes in pieces.
 */
public final class Reasoning {
  private static final String OPEN = "<think>";
  private static final String CLOSE = "</think>";

  /** Hears the parts. */
  public interface Listener {
    /** What the model thinks. */
    void thought(String text);

    /** What the model answers. */
    void answer(String text);
  }

  private final Listener listener;
  private final StringBuilder waiting = new StringBuilder();
  private final StringBuilder thoughts = new StringBuilder();
  private final StringBuilder answer = new StringBuilder();
  private boolean thinking;

  /**
   * A splitter.
   *
   * @param thinking whether the prompt ended within a thought already
   */
  public Reasoning(boolean thinking, Listener listener) {
    this.thinking = thinking;
    this.listener = listener;
  }

  /** Whether a prompt ends within a thought, so that the answer begins with one. */
  public static boolean isOpen(String prompt) {
    int open = prompt.lastIndexOf(OPEN);
    return open >= 0 && prompt.indexOf(CLOSE, open) < 0;
  }

  /** Takes more text in. */
  public void accept(String text) {
    waiting.append(text);
    while (true) {
      String mark = thinking ? CLOSE : OPEN;
      int at = waiting.indexOf(mark);
      if (at < 0) {
        tell(waiting.length() - begun(mark));
        return;
      }
      tell(at);
      waiting.delete(0, mark.length());
      thinking = !thinking;
    }
  }

  /** The text has ended. */
  public void finish() {
    tell(waiting.length());
  }

  /** How much of the mark the waiting text ends with. */
  private int begun(String mark) {
    for (int n = Math.min(mark.length() - 1, waiting.length()); n > 0; n--) {
      if (mark.startsWith(waiting.substring(waiting.length() - n))) {
        return n;
      }
    }
    return 0;
  }

  private void tell(int n) {
    if (n == 0) {
      return;
    }
    String part = waiting.substring(0, n);
    waiting.delete(0, n);
    StringBuilder all = thinking ? thoughts : answer;
    // Line breaks around the marks are no part of either.
    part = all.isEmpty() ? part.stripLeading() : part;
    if (part.isEmpty()) {
      return;
    }
    all.append(part);
    if (thinking) {
      listener.thought(part);
    } else {
      listener.answer(part);
    }
  }

  /** All thoughts so far. */
  public String thoughts() {
    return thoughts.toString().strip();
  }

  /** The answer so far. */
  public String answer() {
    return answer.toString().strip();
  }
}
