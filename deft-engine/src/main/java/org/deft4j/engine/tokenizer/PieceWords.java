package org.deft4j.engine.tokenizer;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Cuts the text of a SentencePiece-like BPE before each U+2581 that follows another character. No
 * merge crosses such a place where no piece has one inside, so what stands between them can be
 * merged alone, and remembered.
 */
final class PieceWords {
  private static final int CACHE_LIMIT = 1 << 15;
  private static final int CACHED_LENGTH = 32;

  private final boolean cuts;
  private final Map<String, int[]> cache = new ConcurrentHashMap<>();

  /** Merges one word. */
  @FunctionalInterface
  interface Merger {
    /** The word's tokens. */
    int[] merge(String word);
  }

  PieceWords(Vocabulary vocabulary) {
    boolean none = true;
    for (int i = 0; i < vocabulary.size() && none; i++) {
      int kind = vocabulary.kind[i];
      if (kind == Vocabulary.NORMAL || kind == Vocabulary.USER_DEFINED) {
        String t = vocabulary.text[i];
        for (int k = 1; k < t.length(); k++) {
          none &= !(isSpace(t, k) && !isSpace(t, k - 1));
        }
      }
    }
    cuts = none;
  }

  private static boolean isSpace(String s, int at) {
    return s.charAt(at) == SentencePiece.SPACE;
  }

  /** Merges the words of a text. */
  void encode(String s, Merger merger, IntList out) {
    int from = 0;
    for (int i = 1; i < s.length() && cuts; i++) {
      if (isSpace(s, i) && !isSpace(s, i - 1)) {
        word(s.substring(from, i), merger, out);
        from = i;
      }
    }
    if (from < s.length()) {
      word(s.substring(from), merger, out);
    }
  }

  private void word(String word, Merger merger, IntList out) {
    int[] known = cache.get(word);
    if (known == null) {
      known = merger.merge(word);
      if (word.length() <= CACHED_LENGTH && cache.size() < CACHE_LIMIT) {
        cache.put(word, known);
      }
    }
    out.addAll(known);
  }
}
