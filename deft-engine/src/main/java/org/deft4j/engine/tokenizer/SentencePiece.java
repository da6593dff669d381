package org.deft4j.engine.tokenizer;

import java.util.function.Function;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.tree.DeftException;

/**
 * SentencePiece-style BPE, the kind of Llama 2: spaces become U+2581, characters merge to the piece
 * with the best score first, and a character without a piece falls back to byte tokens (Kudo and
 * Richardson, arXiv 1808.06226).
 *
 * <p>Text of n characters costs O(n log n).
 */
final class SentencePiece extends AbstractCodec {
  static final char SPACE = '\u2581';

  /** Runs of spaces become one, those at the ends nothing: SentencePiece's own default. */
  static final Normalizer ONE_SPACE =
      (text, first) -> text.replaceAll(" {2,}", " ").replaceAll("^ | $", "");

  private final float[] scores;
  private final Normalizer normalizer;
  private final boolean spacePrefix;
  private final PieceWords words;
  private final ByteTokens bytes;
  private final int longest;

  /** The tokenizer of a GGUF file. */
  static SentencePiece from(GgufMetadata meta) {
    return new SentencePiece(
        Vocabulary.from(meta),
        meta.bool("tokenizer.ggml.add_bos_token", true),
        meta.floats("tokenizer.ggml.scores"),
        meta.bool("tokenizer.ggml.add_space_prefix", true),
        meta.bool("tokenizer.ggml.remove_extra_whitespaces", false),
        meta::unsupported);
  }

  SentencePiece(
      Vocabulary vocabulary,
      boolean addBos,
      float[] scores,
      boolean spacePrefix,
      boolean removesSpaces,
      Function<String, DeftException> bad) {
    super(vocabulary, addBos);
    this.scores = scores;
    this.spacePrefix = spacePrefix;
    normalizer = removesSpaces ? ONE_SPACE : Normalizer.NONE;
    if (scores.length != vocabulary.size()) {
      throw bad.apply(
          "tokenizer.ggml.scores has "
              + scores.length
              + " entries for "
              + vocabulary.size()
              + " tokens");
    }
    int max = 1;
    for (int i = 0; i < scores.length; i++) {
      if (Float.isNaN(scores[i])) {
        throw bad.apply("the score of token " + i + " is no number");
      }
      max = Math.max(max, vocabulary.text[i].length());
    }
    longest = max;
    words = new PieceWords(vocabulary);
    bytes = new ByteTokens(vocabulary, bad);
  }

  @Override
  void encodePlain(String text, boolean first, IntList out) {
    String s = normalizer.apply(repair(text), first).replace(' ', SPACE);
    if (s.isEmpty()) {
      return;
    }
    if (spacePrefix) {
      s = SPACE + s;
    }
    words.encode(s, this::merge, out);
  }

  private int[] merge(String s) {
    IntList out = new IntList();
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
    return out.toArray();
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
    bytes.emit(s, from, to, out);
  }

  @Override
  byte[] spell(int token) {
    return bytes.spell(token);
  }

  @Override
  String withoutPrefix(String text) {
    return spacePrefix && text.startsWith(" ") ? text.substring(1) : text;
  }
}
