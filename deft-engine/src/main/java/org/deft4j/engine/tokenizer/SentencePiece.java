package org.deft4j.engine.tokenizer;

import java.util.Arrays;
import org.deft4j.engine.gguf.GgufMetadata;

/**
 * SentencePiece-style BPE, the kind of Llama 2: spaces become U+2581, characters merge to the piece
 * with the best score first, and a character without a piece falls back to byte tokens (Kudo and
 * Richardson, arXiv 1808.06226).
 *
 * <p>Text of n characters costs O(n log n).
 */
final class SentencePiece extends AbstractCodec {
  private static final char SPACE = '\u2581';

  private final float[] scores;
  private final boolean spacePrefix;
  private final int[] byteToken = new int[256];
  private final int longest;

  SentencePiece(GgufMetadata meta, Vocabulary vocabulary) {
    super(vocabulary, meta.bool("tokenizer.ggml.add_bos_token", true));
    scores = meta.floats("tokenizer.ggml.scores");
    if (scores.length != vocabulary.size()) {
      throw meta.unsupported(
          "tokenizer.ggml.scores has "
              + scores.length
              + " entries for "
              + vocabulary.size()
              + " tokens");
    }
    spacePrefix = meta.bool("tokenizer.ggml.add_space_prefix", true);
    Arrays.fill(byteToken, -1);
    int max = 1;
    for (int i = 0; i < scores.length; i++) {
      if (Float.isNaN(scores[i])) {
        throw meta.unsupported("the score of token " + i + " is no number");
      }
      int b = vocabulary.kind[i] == Vocabulary.BYTE ? byteOf(vocabulary.text[i]) : -1;
      if (b >= 0) {
        byteToken[b] = i;
      }
      max = Math.max(max, vocabulary.text[i].length());
    }
    longest = max;
    for (int b = 0; b < 256 && vocabulary.unknown < 0; b++) {
      if (byteToken[b] < 0) {
        throw meta.unsupported(
            "its vocabulary has neither a token for the byte " + b + " nor an unknown token");
      }
    }
  }

  /** The byte spelled {@code <0xAB>}, or -1. */
  private static int byteOf(String text) {
    if (text.length() != 6 || !text.startsWith("<0x") || text.charAt(5) != '>') {
      return -1;
    }
    int high = Character.digit(text.charAt(3), 16);
    int low = Character.digit(text.charAt(4), 16);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }

  @Override
  void encodePlain(String text, boolean first, IntList out) {
    String s = repair(text).replace(' ', SPACE);
    if (spacePrefix && first) {
      s = SPACE + s;
    }
    int[] start = new int[s.length() + 1];
    int n = 0;
    for (int i = 0; i < s.length(); i += Character.charCount(s.codePointAt(i))) {
      start[n++] = i;
    }
    start[n] = s.length();
    int[] next = new int[n];
    int[] prev = new int[n];
    // The end of each piece; 0 for one that was merged into its left neighbour.
    int[] end = new int[n];
    for (int i = 0; i < n; i++) {
      next[i] = i + 1;
      prev[i] = i - 1;
      end[i] = start[i + 1];
    }
    MergeQueue queue = new MergeQueue();
    for (int i = 0; i + 1 < n; i++) {
      offer(queue, s, start, end, i, i + 1);
    }
    while (!queue.isEmpty()) {
      long best = queue.poll();
      int i = (int) best;
      int j = end[i] == 0 ? n : next[i];
      if (j >= n) {
        continue;
      }
      int id = piece(s, start[i], end[j]);
      if (id < 0 || priority(scores[id]) != (int) (best >> 32)) {
        continue;
      }
      end[i] = end[j];
      end[j] = 0;
      next[i] = next[j];
      if (next[j] < n) {
        prev[next[j]] = i;
        offer(queue, s, start, end, i, next[i]);
      }
      if (prev[i] >= 0) {
        offer(queue, s, start, end, prev[i], i);
      }
    }
    for (int i = 0; i < n; i = next[i]) {
      emit(s, start[i], end[i], out);
    }
  }

  private void offer(MergeQueue queue, String s, int[] start, int[] end, int i, int j) {
    int id = piece(s, start[i], end[j]);
    if (id >= 0) {
      queue.add(priority(scores[id]), i);
    }
  }

  /** The ordinary piece of exactly this text, or -1: control tokens are no text. */
  private int piece(String s, int from, int to) {
    if (to - from > longest) {
      return -1;
    }
    Integer id = vocabulary.ids.get(s.substring(from, to));
    if (id == null) {
      return -1;
    }
    int kind = vocabulary.kind[id];
    return kind == Vocabulary.NORMAL || kind == Vocabulary.USER_DEFINED ? id : -1;
  }

  /** An order-preserving int of the score, best score smallest. */
  private static int priority(float score) {
    int bits = Float.floatToIntBits(score + 0f);
    return ~(bits >= 0 ? bits : bits ^ 0x7FFFFFFF);
  }

  private void emit(String s, int from, int to, IntList out) {
    int id = piece(s, from, to);
    if (id >= 0) {
      out.add(id);
      return;
    }
    for (byte b : utf8(s.substring(from, to))) {
      int t = byteToken[b & 255];
      out.add(t >= 0 ? t : vocabulary.unknown);
    }
  }

  @Override
  byte[] spell(int token) {
    String t = vocabulary.text[token];
    if (vocabulary.kind[token] == Vocabulary.BYTE) {
      int b = byteOf(t);
      if (b >= 0) {
        return new byte[] {(byte) b};
      }
    }
    return utf8(t.replace(SPACE, ' '));
  }

  @Override
  String withoutPrefix(String text) {
    return spacePrefix && text.startsWith(" ") ? text.substring(1) : text;
  }
}
