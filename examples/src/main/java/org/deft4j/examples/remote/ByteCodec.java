package org.deft4j.examples.remote;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A token is a byte of UTF-8, and one more ends a text: a server does not say what its model's
 * tokens are. So budgets and figures of a search count bytes.
 */
final class ByteCodec implements TokenCodec {
  /** Ends a text; stands for no byte. */
  static final int END = 256;

  private static final String END_NAME = "<|end|>";

  @Override
  public int vocabularySize() {
    return END + 1;
  }

  @Override
  public int[] encode(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] ids = new int[bytes.length];
    Arrays.setAll(ids, i -> bytes[i] & 0xff);
    return ids;
  }

  /** The server puts in what its model wants in front, and templates are its business too. */
  @Override
  public int[] encodePrompt(String text, boolean addSpecial) {
    return encode(text);
  }

  @Override
  public String decode(int... tokens) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int token : tokens) {
      out.writeBytes(bytes(token));
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Override
  public byte[] bytes(int token) {
    if (token < 0 || token > END) {
      throw new IllegalArgumentException("no token " + token);
    }
    return token == END ? new byte[0] : new byte[] {(byte) token};
  }

  @Override
  public OptionalInt id(String token) {
    int[] ids = encode(token);
    return token.equals(END_NAME)
        ? OptionalInt.of(END)
        : ids.length == 1 ? OptionalInt.of(ids[0]) : OptionalInt.empty();
  }

  @Override
  public OptionalInt beginOfSequence() {
    return OptionalInt.empty();
  }

  @Override
  public OptionalInt endOfSequence() {
    return OptionalInt.of(END);
  }

  /** Holds back what is no whole code point yet. */
  @Override
  public TextStream stream() {
    return new TextStream() {
      private int[] held = new int[0];

      @Override
      public String accept(int token) {
        held = Arrays.copyOf(held, held.length + 1);
        held[held.length - 1] = token;
        String text = decode(held);
        return text.endsWith("\uFFFD") && held.length < 4 ? "" : take(text);
      }

      @Override
      public String finish() {
        return take(decode(held));
      }

      private String take(String text) {
        held = new int[0];
        return text;
      }
    };
  }
}
