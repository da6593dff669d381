package org.deft4j.engine.chat;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user} or {@code assistant}; a model may know others
 * @param content what was said
 */
public record ChatMessage(String role, String content) {
  /** What the system prompt says. */
  public static ChatMessage system(String content) {
    return new ChatMessage("system", content);
  }

  /** What the user says. */
  public static ChatMessage user(String content) {
    return new ChatMessage("user", content);
  }

  /** What the model said. */
  public static ChatMessage assistant(String content) {
    return new ChatMessage("assistant", content);
  }
}
