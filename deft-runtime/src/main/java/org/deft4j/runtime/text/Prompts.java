package org.deft4j.runtime.text;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.tree.decode.TokenCodec;

/** What a model's description says of prompts: how text becomes tokens and what ends an answer. */
public final class Prompts {
  /** Tokens that end an answer where a vocabulary has them, whatever its description names. */
  private static final List<String> ENDS =
      List.of(
          "<|eot_id|>",
          "<|eom_id|>",
          "<|im_end|>",
          "<|end|>",
          "<end_of_turn>",
          "<|endoftext|>",
          "<|end_of_text|>");

  private Prompts() {}

  /**
   * Tokens of a user's text as the beginning of a sequence: special tokens spelled in it stay text.
   */
  public static int[] ofText(String text, TokenCodec codec) {
    int[] begin = codec.encodePrompt("", true);
    int[] tokens = codec.encode(text);
    int[] all = Arrays.copyOf(begin, begin.length + tokens.length);
    System.arraycopy(tokens, 0, all, begin.length, tokens.length);
    return all;
  }

  /** Whether text spells a special token, which a template's text could not be told apart from. */
  public static boolean spellsSpecialTokens(String text, TokenCodec codec) {
    return !Arrays.equals(codec.encodePrompt(text, false), codec.encode(text));
  }

  /** The tokens that end an answer. */
  public static List<Integer> ends(Optional<GgufMetadata> metadata, TokenCodec codec) {
    Set<Integer> ends = new LinkedHashSet<>();
    codec.endOfSequence().ifPresent(ends::add);
    if (metadata.isPresent()) {
      GgufMetadata meta = metadata.get();
      if (meta.has("deft.eos_token_ids")) {
        IntStream.of(meta.integers("deft.eos_token_ids"))
            .filter(i -> i >= 0 && i < codec.vocabularySize())
            .forEach(ends::add);
      }
      for (String role : List.of("eot", "eom")) {
        String key = "tokenizer.ggml." + role + "_token_id";
        int id = meta.has(key) ? meta.integerOrAbsent(key) : -1;
        if (id >= 0 && id < codec.vocabularySize()) {
          ends.add(id);
        }
      }
    }
    for (String end : ENDS) {
      OptionalInt id = codec.id(end);
      // A token that stands for text is an ordinary one that is spelled alike.
      if (id.isPresent() && codec.bytes(id.getAsInt()).length == 0) {
        ends.add(id.getAsInt());
      }
    }
    return List.copyOf(ends);
  }
}
