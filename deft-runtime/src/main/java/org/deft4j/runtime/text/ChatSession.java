package org.deft4j.runtime.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.engine.chat.ChatMessage;
import org.deft4j.engine.chat.ChatTemplate;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.TokenCodec;
import org.deft4j.tree.decode.TreeDecoder;
import org.jspecify.annotations.Nullable;

/**
 * A conversation with a model by its own chat template. What was computed for earlier turns is
 * found again as far as the prompts begin alike.
 */
public final class ChatSession {
  private final TreeDecoder decoder;
  private final ChatTemplate template;
  private final @Nullable Boolean thinking;
  private final List<ChatMessage> messages = new ArrayList<>();

  /**
   * A conversation.
   *
   * @param thinking whether a model that can think before it answers should; null for its default
   */
  public ChatSession(TreeDecoder decoder, ChatTemplate template, @Nullable Boolean thinking) {
    this.decoder = decoder;
    this.template = template;
    this.thinking = thinking;
  }

  /**
   * An answer.
   *
   * @param text what the model answered
   * @param thoughts what it thought before, empty if nothing
   * @param promptTokens tokens of the prompt
   * @param generated how it was generated
   */
  public record Answer(
      String text, String thoughts, int promptTokens, TextGenerator.Continuation generated) {}

  /** Sets the system prompt, at the beginning. */
  public void system(String text) {
    require(text);
    if (!messages.isEmpty()) {
      throw new IllegalStateException("the conversation has begun");
    }
    messages.add(ChatMessage.system(text));
  }

  /** Forgets all turns but the system prompt. */
  public void reset() {
    messages.removeIf(m -> !m.role().equals("system"));
  }

  /** The turns so far. */
  public List<ChatMessage> messages() {
    return List.copyOf(messages);
  }

  /**
   * Asks something. A failed turn leaves the conversation as it was.
   *
   * @param spec sampling; its stop tokens should be those of {@link Prompts#ends}
   * @throws IllegalArgumentException if the text spells a special token, or the prompt is too long
   */
  public Answer ask(
      String text, DecodeSpec spec, TextGenerator generator, Reasoning.Listener listener) {
    require(text);
    List<ChatMessage> turns = new ArrayList<>(messages);
    turns.add(ChatMessage.user(text));
    Map<String, Object> more = new HashMap<>();
    if (thinking != null) {
      more.put("enable_thinking", thinking);
    }
    String prompt = template.render(turns, true, more);
    int[] tokens = decoder.codec().encodePrompt(prompt, false);
    int context = decoder.capabilities().contextLength();
    if (tokens.length >= context) {
      throw new DeftException(
          DeftException.USAGE,
          "the conversation has "
              + tokens.length
              + " tokens and fills the model's context of "
              + context
              + "; begin anew (/reset)");
    }
    Reasoning reasoning = new Reasoning(Reasoning.isOpen(prompt), listener);
    TextGenerator.Continuation c =
        generator.run(tokens, spec, 1, (_, part) -> reasoning.accept(part)).getFirst();
    reasoning.finish();
    messages.add(ChatMessage.user(text));
    messages.add(ChatMessage.assistant(reasoning.answer()));
    return new Answer(reasoning.answer(), reasoning.thoughts(), tokens.length, c);
  }

  /** The template's own special tokens must not be forged. */
  private void require(String text) {
    TokenCodec codec = decoder.codec();
    if (Prompts.spellsSpecialTokens(text, codec)) {
      throw new IllegalArgumentException(
          "the text spells one of the model's special tokens, which would change the prompt's"
              + " structure; write it differently");
    }
  }
}
