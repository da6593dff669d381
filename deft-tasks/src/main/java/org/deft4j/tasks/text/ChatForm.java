package org.deft4j.tasks.text;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.tree.decode.TokenCodec;

/**
 * How a chat model wants turns marked. Special tokens are spelled out; {@link
 * TokenCodec#encodePrompt} makes them ids, and nothing that a user wrote goes through it.
 *
 * @param name for the option {@code chat}
 * @param userOpen what stands before a user's words
 * @param userClose what stands after them
 * @param assistantOpen what stands before the model's words
 * @param assistantClose what stands after them, where the model did not write it itself
 * @param end the token by which the model ends its turn
 */
public record ChatForm(
    String name,
    String userOpen,
    String userClose,
    String assistantOpen,
    String assistantClose,
    String end) {
  /** The option by which tasks take a form by name. */
  public static final OptionSpec OPTION =
      new OptionSpec(
          "chat", "auto", "turns of the prompt: auto (by the vocabulary), none, or " + names());

  private static List<ChatForm> known() {
    return List.of(
        new ChatForm(
            "chatml",
            "<|im_start|>user\n",
            "<|im_end|>\n",
            "<|im_start|>assistant\n",
            "<|im_end|>\n",
            "<|im_end|>"),
        new ChatForm(
            "llama3",
            "<|start_header_id|>user<|end_header_id|>\n\n",
            "<|eot_id|>",
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
            "<|eot_id|>",
            "<|eot_id|>"),
        new ChatForm("mistral", "[INST]", "[/INST]", "", "</s>", "</s>"),
        new ChatForm(
            "gemma",
            "<start_of_turn>user\n",
            "<end_of_turn>\n",
            "<start_of_turn>model\n",
            "<end_of_turn>\n",
            "<end_of_turn>"));
  }

  private static String names() {
    return String.join(", ", known().stream().map(ChatForm::name).toList());
  }

  /**
   * The form of a vocabulary.
   *
   * @param choice {@code auto}, {@code none}, or a form's name
   * @return empty for a model that only continues text
   * @throws IllegalArgumentException for an unknown name, or a form whose tokens are not there
   */
  public static Optional<ChatForm> of(String choice, TokenCodec codec) {
    if (choice.equals("none")) {
      return Optional.empty();
    }
    if (choice.equals("auto")) {
      return known().stream().filter(f -> f.fits(codec)).findFirst();
    }
    ChatForm form =
        known().stream()
            .filter(f -> f.name.equals(choice))
            .findFirst()
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "option chat must be auto, none, " + names() + ", was '" + choice + "'"));
    if (!form.fits(codec)) {
      throw new IllegalArgumentException(
          "option chat: this model's vocabulary has no " + form.marks() + " for " + choice);
    }
    return Optional.of(form);
  }

  /** Refuses a name that no form has, before there is a model. */
  public static String check(String choice) {
    if (!choice.equals("auto")
        && !choice.equals("none")
        && known().stream().noneMatch(f -> f.name.equals(choice))) {
      throw new IllegalArgumentException(
          "option chat must be auto, none, " + names() + ", was '" + choice + "'");
    }
    return choice;
  }

  private boolean fits(TokenCodec codec) {
    return marks().stream().allMatch(t -> codec.id(t).isPresent());
  }

  /** The special tokens that tell the form apart. */
  private List<String> marks() {
    String open = userOpen.strip();
    int cut = open.indexOf('>') >= 0 ? open.indexOf('>') + 1 : open.length();
    return List.of(open.substring(0, cut), end);
  }
}
