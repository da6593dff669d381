package org.deft4j.engine.tokenizer;

import java.util.Arrays;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.tree.DeftException;

/**
 * SentencePiece's unigram model: of all ways to cut a text to pieces, the one of the largest sum of
 * log-probabilities, found by dynamic programming (Kudo, arXiv 1804.10959). A character without a
 * piece costs 10 more than the worst piece. Text of n characters costs O(n * longest piece).
 */
final class Unigram extends AbstractCodec {
  private static final double UNKNOWN_PENALTY = 10;

  private final Normalizer normalizer;
  private final boolean splitWords;
  private final boolean stripsPrefix;
  private final ByteTokens bytes;
  private final double[] scores;
  private final double unknownScore;
  // A trie: (node, character) to node, and the token that ends at a node, or -1.
  private final PairTable children;
  private final int[] tokenAt;

  /** The tokenizer of a GGUF file. */
  static Unigram from(GgufMetadata meta) {
    if (meta.has("tokenizer.ggml.precompiled_charsmap")) {
      throw meta.unsupported("its tokenizer has a precompiled character map: not supported");
    }
    boolean prefix = meta.bool("tokenizer.ggml.add_space_prefix", true);
    float[] f = meta.floats("tokenizer.ggml.scores");
    double[] scores = new double[f.length];
    Arrays.setAll(scores, i -> f[i]);
    Vocabulary vocabulary = Vocabulary.from(meta);
    return new Unigram(
        vocabulary,
        meta.bool("tokenizer.ggml.add_bos_token", false),
        spaces(prefix),
        false,
        prefix,
        scores,
        ordinary(vocabulary),
        meta::unsupported);
  }

  /**
   * A tokenizer.
   *
   * @param splitWords words are cut before each U+2581, so that no piece crosses one
   * @param stripsPrefix decoding a whole sequence drops one leading space
   * @param isPiece which tokens are pieces of text
   */
  Unigram(
      Vocabulary vocabulary,
      boolean addBos,
      Normalizer normalizer,
      boolean splitWords,
      boolean stripsPrefix,
      double[] scores,
      IntPredicate isPiece,
      Function<String, DeftException> bad) {
    super(vocabulary, addBos);
    this.normalizer = normalizer;
    this.splitWords = splitWords;
    this.stripsPrefix = stripsPrefix;
    this.scores = scores;
    if (scores.length != vocabulary.size()) {
      throw bad.apply("it has " + scores.length + " scores for " + vocabulary.size() + " tokens");
    }
    bytes = new ByteTokens(vocabulary, bad);
    if (vocabulary.unknown < 0) {
      throw bad.apply("a unigram tokenizer needs an unknown token");
    }
    double least = Double.POSITIVE_INFINITY;
    long characters = 0;
    for (int i = 0; i < scores.length; i++) {
      if (!Double.isFinite(scores[i])) {
        throw bad.apply("the score of token " + i + " is no finite number");
      }
      least = isPiece.test(i) ? Math.min(least, scores[i]) : least;
      characters += vocabulary.text[i].length();
    }
    if (characters > 1 << 28) {
      throw bad.apply("its pieces have " + characters + " characters together");
    }
    unknownScore = least - UNKNOWN_PENALTY;
    children = new PairTable((int) characters);
    int[] ends = new int[(int) characters + 1];
    Arrays.fill(ends, -1);
    int nodes = 1;
    for (int i = 0; i < scores.length; i++) {
      if (!isPiece.test(i)) {
        continue;
      }
      int node = 0;
      String t = vocabulary.text[i];
      for (int k = 0; k < t.length(); k++) {
        int child = children.rank(node, t.charAt(k));
        if (child < 0) {
          child = nodes++;
          children.add(node, t.charAt(k), child);
        }
        node = child;
      }
      if (node > 0 && ends[node] < 0) {
        ends[node] = i;
      }
    }
    tokenAt = Arrays.copyOf(ends, nodes);
  }

  /** Spaces become U+2581, with one more in front or not. */
  static Normalizer spaces(boolean prefix) {
    return (text, first) -> (prefix ? "\u2581" : "") + text.replace(' ', SentencePiece.SPACE);
  }

  /** The pieces by their kinds. */
  static IntPredicate ordinary(Vocabulary v) {
    return i -> v.kind[i] == Vocabulary.NORMAL || v.kind[i] == Vocabulary.USER_DEFINED;
  }

  @Override
  void encodePlain(String text, boolean first, IntList out) {
    String s = normalizer.apply(repair(text), first);
    int from = 0;
    for (int i = 1; splitWords && i < s.length(); i++) {
      if (s.charAt(i) == SentencePiece.SPACE) {
        word(s.substring(from, i), out);
        from = i;
      }
    }
    word(s.substring(from), out);
  }

  private void word(String s, IntList out) {
    int n = s.length();
    double[] best = new double[n + 1];
    int[] from = new int[n + 1];
    int[] token = new int[n + 1];
    Arrays.fill(best, Double.NEGATIVE_INFINITY);
    best[0] = 0;
    for (int i = 0; i < n; ) {
      int step = Character.charCount(s.codePointAt(i));
      boolean single = false;
      int node = 0;
      for (int k = i; k < n; k++) {
        node = children.rank(node, s.charAt(k));
        if (node < 0) {
          break;
        }
        int t = tokenAt[node];
        if (t >= 0) {
          single |= k + 1 - i == step;
          offer(best, from, token, i, k + 1, best[i] + scores[t], t);
        }
      }
      if (!single) {
        offer(best, from, token, i, i + step, best[i] + unknownScore, vocabulary.unknown);
      }
      i += step;
    }
    int count = 0;
    for (int i = n; i > 0; i = from[i]) {
      count++;
    }
    int[] ends = new int[count];
    for (int i = n; i > 0; i = from[i]) {
      ends[--count] = i;
    }
    for (int i = 0; i < ends.length; i++) {
      if (token[ends[i]] != vocabulary.unknown) {
        out.add(token[ends[i]]);
        continue;
      }
      // Neighbouring unknown characters are one.
      int start = from[ends[i]];
      while (i + 1 < ends.length && token[ends[i + 1]] == vocabulary.unknown) {
        i++;
      }
      if (bytes.all() && !vocabulary.ids.containsKey(s.substring(start, ends[i]))) {
        bytes.emit(s, start, ends[i], out);
      } else {
        out.add(vocabulary.unknown);
      }
    }
  }

  private static void offer(
      double[] best, int[] from, int[] token, int start, int end, double score, int id) {
    if (score > best[end]) {
      best[end] = score;
      from[end] = start;
      token[end] = id;
    }
  }

  @Override
  byte[] spell(int token) {
    return bytes.spell(token);
  }

  @Override
  String withoutPrefix(String text) {
    return stripsPrefix && text.startsWith(" ") ? text.substring(1) : text;
  }
}
