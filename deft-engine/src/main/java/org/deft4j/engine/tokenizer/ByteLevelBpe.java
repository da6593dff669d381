package org.deft4j.engine.tokenizer;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import org.deft4j.engine.gguf.GgufMetadata;

/**
 * Byte-level byte-pair encoding, the kind of GPT-2, Llama 3 and Qwen2: text is cut to words by a
 * pattern, each byte of a word becomes a letter of a 256-letter alphabet, and neighbours merge in
 * the order of the learned list (Sennrich et al., arXiv 1508.07909).
 *
 * <p>A word of n bytes costs O(n log n); words met before are looked up.
 */
final class ByteLevelBpe extends AbstractCodec {
  private static final int CACHE_LIMIT = 1 << 14;
  private static final int CACHED_LENGTH = 48;

  /** The printable letter that stands for each byte. */
  private static final char[] LETTER = new char[256];

  /** The byte that a letter stands for, or -1. */
  private static final int[] BYTE_OF = new int[512];

  static {
    Arrays.fill(BYTE_OF, -1);
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      LETTER[b] = (char) (printable ? b : next++);
      BYTE_OF[LETTER[b]] = b;
    }
  }

  private final Pretokenizer pre;
  private final int[] byteToken = new int[256];
  private final PairTable ranks;
  private final int[] merged;
  private final Map<String, int[]> cache = new ConcurrentHashMap<>();

  ByteLevelBpe(GgufMetadata meta, Vocabulary vocabulary) {
    this(meta, vocabulary, Pretokenizer.from(meta));
  }

  private ByteLevelBpe(GgufMetadata meta, Vocabulary vocabulary, Pretokenizer pre) {
    super(vocabulary, meta.bool("tokenizer.ggml.add_bos_token", pre.addBos()));
    this.pre = pre;
    for (int b = 0; b < 256; b++) {
      Integer id = vocabulary.ids.get(String.valueOf(LETTER[b]));
      if (id == null) {
        throw meta.unsupported(
            "its vocabulary has no token for the byte " + b + ", so it cannot encode all text");
      }
      byteToken[b] = id;
    }
    String[] merges = meta.strings("tokenizer.ggml.merges");
    ranks = new PairTable(merges.length);
    merged = new int[merges.length];
    for (int rank = 0; rank < merges.length; rank++) {
      String m = merges[rank];
      // The first character may be a space that is itself part of no learned alphabet.
      int cut = m.indexOf(' ', 1);
      Integer left = cut < 0 ? null : vocabulary.ids.get(m.substring(0, cut));
      Integer right = cut < 0 ? null : vocabulary.ids.get(m.substring(cut + 1));
      Integer both =
          cut < 0 ? null : vocabulary.ids.get(m.substring(0, cut) + m.substring(cut + 1));
      if (left == null || right == null || both == null) {
        throw meta.unsupported(
            "merge " + rank + " of its tokenizer names tokens that the vocabulary lacks");
      }
      ranks.add(left, right, rank);
      merged[rank] = both;
    }
  }

  @Override
  void encodePlain(String text, boolean first, IntList out) {
    Matcher m = pre.pattern().matcher(text);
    int from = 0;
    while (m.find()) {
      if (m.start() > from) {
        word(text.substring(from, m.start()), out);
      }
      if (m.end() > m.start()) {
        word(m.group(), out);
      }
      from = m.end();
    }
    if (from < text.length()) {
      word(text.substring(from), out);
    }
  }

  private void word(String word, IntList out) {
    int[] known = cache.get(word);
    if (known == null) {
      known = merge(utf8(word));
      if (word.length() <= CACHED_LENGTH && cache.size() < CACHE_LIMIT) {
        cache.put(word, known);
      }
    }
    out.addAll(known);
  }

  private int[] merge(byte[] bytes) {
    if (pre.wholeWords()) {
      StringBuilder s = new StringBuilder(bytes.length);
      for (byte b : bytes) {
        s.append(LETTER[b & 255]);
      }
      Integer whole = vocabulary.ids.get(s.toString());
      if (whole != null && vocabulary.kind[whole] == Vocabulary.NORMAL) {
        return new int[] {whole};
      }
    }
    int n = bytes.length;
    int[] id = new int[n];
    int[] next = new int[n];
    int[] prev = new int[n];
    for (int i = 0; i < n; i++) {
      id[i] = byteToken[bytes[i] & 255];
      next[i] = i + 1;
      prev[i] = i - 1;
    }
    MergeQueue queue = new MergeQueue();
    for (int i = 0; i + 1 < n; i++) {
      offer(queue, id, i, i + 1);
    }
    while (!queue.isEmpty()) {
      long best = queue.poll();
      int rank = (int) (best >>> 32);
      int i = (int) best;
      int j = id[i] < 0 ? n : next[i];
      if (j >= n || ranks.rank(id[i], id[j]) != rank) {
        continue;
      }
      id[i] = merged[rank];
      id[j] = -1;
      next[i] = next[j];
      if (next[j] < n) {
        prev[next[j]] = i;
        offer(queue, id, i, next[i]);
      }
      if (prev[i] >= 0) {
        offer(queue, id, prev[i], i);
      }
    }
    int count = 0;
    for (int i = 0; i < n; i++) {
      if (id[i] >= 0) {
        id[count++] = id[i];
      }
    }
    return Arrays.copyOf(id, count);
  }

  private void offer(MergeQueue queue, int[] id, int i, int j) {
    int rank = ranks.rank(id[i], id[j]);
    if (rank >= 0) {
      queue.add(rank, i);
    }
  }

  @Override
  byte[] spell(int token) {
    String t = vocabulary.text[token];
    if (vocabulary.kind[token] == Vocabulary.USER_DEFINED) {
      return utf8(t);
    }
    byte[] out = new byte[t.length()];
    for (int i = 0; i < out.length; i++) {
      char c = t.charAt(i);
      int b = c < BYTE_OF.length ? BYTE_OF[c] : -1;
      if (b < 0) {
        // Not spelled in the byte alphabet: an added token, which is plain text.
        return utf8(t);
      }
      out[i] = (byte) b;
    }
    return out;
  }

  @Override
  String withoutPrefix(String text) {
    return text;
  }
}
