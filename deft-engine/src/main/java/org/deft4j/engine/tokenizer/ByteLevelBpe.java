package org.deft4j.engine.tokenizer;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.tree.DeftException;

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

  private final Normalizer normalizer;
  private final Pretokenizer pre;
  private final int[] byteToken = new int[256];
  private final PairTable ranks;
  private final int[] merged;
  private final Map<String, int[]> cache = new ConcurrentHashMap<>();

  /** The tokenizer of a GGUF file. */
  static ByteLevelBpe from(GgufMetadata meta) {
    Pretokenizer pre = Pretokenizer.from(meta);
    return new ByteLevelBpe(
        Vocabulary.from(meta),
        meta.bool("tokenizer.ggml.add_bos_token", pre.addBos()),
        Normalizer.NONE,
        pre,
        Merges.ofLines(meta.strings("tokenizer.ggml.merges")),
        meta::unsupported);
  }

  ByteLevelBpe(
      Vocabulary vocabulary,
      boolean addBos,
      Normalizer normalizer,
      Pretokenizer pre,
      Merges merges,
      Function<String, DeftException> bad) {
    super(vocabulary, addBos);
    this.normalizer = normalizer;
    this.pre = pre;
    for (int b = 0; b < 256; b++) {
      Integer id = vocabulary.ids.get(String.valueOf(LETTER[b]));
      // Rare bytes are lacking in some vocabularies, those that no UTF-8 has in most.
      boolean occurs = b != 0xC0 && b != 0xC1 && b < 0xF5;
      if (id == null && occurs && vocabulary.unknown < 0) {
        throw bad.apply(
            "its vocabulary has no token for the byte " + b + ", so it cannot encode all text");
      }
      byteToken[b] = id == null ? vocabulary.unknown : id;
    }
    ranks = new PairTable(merges.size());
    merged = merges.resolve(vocabulary, ranks, bad);
  }

  @Override
  void encodePlain(String text, boolean first, IntList out) {
    String t = normalizer.apply(text, first);
    pre.cut(t, w -> word(w, out));
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
    int[] id = new int[bytes.length];
    for (int i = 0; i < id.length; i++) {
      id[i] = byteToken[bytes[i] & 255];
    }
    return Merges.apply(id, ranks, merged);
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
