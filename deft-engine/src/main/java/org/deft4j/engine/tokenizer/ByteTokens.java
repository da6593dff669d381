package org.deft4j.engine.tokenizer;

import java.util.Arrays;
import java.util.function.Function;
import org.deft4j.tree.DeftException;

/**
 * Byte fallback: tokens spelled {@code <0xAB>} for what no piece stands for, or the unknown one.
 */
final class ByteTokens {
  private final Vocabulary vocabulary;
  private final int[] token = new int[256];
  private final boolean all;

  ByteTokens(Vocabulary vocabulary, Function<String, DeftException> bad) {
    this.vocabulary = vocabulary;
    Arrays.fill(token, -1);
    for (int i = 0; i < vocabulary.size(); i++) {
      int b = vocabulary.kind[i] == Vocabulary.BYTE ? byteOf(vocabulary.text[i]) : -1;
      if (b >= 0) {
        token[b] = i;
      }
    }
    int lacking = -1;
    for (int b = 255; b >= 0; b--) {
      lacking = token[b] < 0 ? b : lacking;
    }
    all = lacking < 0;
    if (!all && vocabulary.unknown < 0) {
      throw bad.apply(
          "its vocabulary has neither a token for the byte " + lacking + " nor an unknown token");
    }
  }

  /** The byte spelled {@code <0xAB>}, or -1. */
  static int byteOf(String text) {
    if (text.length() != 6 || !text.startsWith("<0x") || text.charAt(5) != '>') {
      return -1;
    }
    int high = Character.digit(text.charAt(3), 16);
    int low = Character.digit(text.charAt(4), 16);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }

  /** Whether each byte has a token. */
  boolean all() {
    return all;
  }

  /** Tokens of the UTF-8 bytes of a part of a text; unknown ones for bytes without a token. */
  void emit(String s, int from, int to, IntList out) {
    for (byte b : AbstractCodec.utf8(s.substring(from, to))) {
      int t = token[b & 255];
      out.add(t >= 0 ? t : vocabulary.unknown);
    }
  }

  /** What a token stands for: a byte, or its spelling with spaces. */
  byte[] spell(int id) {
    String t = vocabulary.text[id];
    if (vocabulary.kind[id] == Vocabulary.BYTE) {
      int b = byteOf(t);
      if (b >= 0) {
        return new byte[] {(byte) b};
      }
    }
    return AbstractCodec.utf8(t.replace(SentencePiece.SPACE, ' '));
  }
}
