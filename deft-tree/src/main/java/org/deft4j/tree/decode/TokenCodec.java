package org.deft4j.tree.decode;

import java.util.OptionalInt;

/** Text to tokens and back. Implementations are immutable and safe for many threads. */
public interface TokenCodec {
  /** Number of tokens; ids are 0 to this less 1. */
  int vocabularySize();

  /**
   * Tokens of plain text: special tokens written in the text stay text, and none is added.
   *
   * @param text any text
   * @return its token ids
   */
  int[] encode(String text);

  /**
   * Tokens of a prompt: special tokens written in the text (such as {@code <|end|>}) become their
   * ids. Never for text that a user supplied.
   *
   * @param text a prompt template's text
   * @param addSpecial whether the model's begin-of-sequence token is put in front if the model
   *     wants one
   * @return its token ids
   */
  int[] encodePrompt(String text, boolean addSpecial);

  /** Text of these tokens; bytes that are no UTF-8 become U+FFFD. Control tokens give no text. */
  String decode(int... tokens);

  /** The UTF-8 bytes that one token stands for; empty for control tokens. */
  byte[] bytes(int token);

  /** Id of the special or ordinary token of exactly this spelling, if the vocabulary has it. */
  OptionalInt id(String token);

  /** The token that begins a sequence, if the model has one. */
  OptionalInt beginOfSequence();

  /** The token that ends a sequence, if the model has one. */
  OptionalInt endOfSequence();

  /** A new streaming decoder that gives only whole code points. */
  TextStream stream();

  /** Turns tokens to text as they come, holding back the bytes of unfinished code points. */
  interface TextStream {
    /** Text that became whole with this token, possibly empty. */
    String accept(int token);

    /** What is left at the end, malformed bytes as U+FFFD; the stream is then empty. */
    String finish();
  }
}
