package org.deft4j.engine.tokenizer;

import java.util.function.Function;
import org.deft4j.tree.DeftException;

/**
 * Byte-pair encoding over characters with byte fallback, as {@code tokenizer.json} describes the
 * SentencePiece models of Llama 2, Mistral, Gemma and Phi-3: characters are tokens to begin with,
 * and merge in the learned order. Text of n characters costs O(n log n).
 */
final class PieceBpe extends AbstractCodec {
  private final Normalizer normalizer;
  private final boolean splitWords;
  private final boolean stripsPrefix;
  private final boolean fuseUnknown;
  private final PieceWords words;
  private final ByteTokens bytes;
  private final PairTable ranks;
  private final int[] merged;

  /**
   * A tokenizer.
   *
   * @param splitWords words are cut before each U+2581, so that no merge crosses one
   * @param stripsPrefix decoding a whole sequence drops one leading space
   * @param fuseUnknown neighbouring unknown characters become one token
   */
  PieceBpe(
      Vocabulary vocabulary,
      boolean addBos,
      Normalizer normalizer,
      boolean splitWords,
      boolean stripsPrefix,
      boolean fuseUnknown,
      Merges merges,
      Function<String, DeftException> bad) {
    super(vocabulary, addBos);
    this.normalizer = normalizer;
    this.splitWords = splitWords;
    this.stripsPrefix = stripsPrefix;
    this.fuseUnknown = fuseUnknown;
    words = new PieceWords(vocabulary);
    bytes = new ByteTokens(vocabulary, bad);
    ranks = new PairTable(merges.size());
    merged = merges.resolve(vocabulary, ranks, bad);
  }

  @Override
  void encodePlain(String text, boolean first, IntList out) {
    String s = normalizer.apply(repair(text), first);
    int from = 0;
    for (int i = 1; splitWords && i < s.length(); i++) {
      if (s.charAt(i) == SentencePiece.SPACE) {
        words.encode(s.substring(from, i), this::merge, out);
        from = i;
      }
    }
    words.encode(s.substring(from), this::merge, out);
  }

  private int[] merge(String s) {
    IntList ids = new IntList();
    boolean unknown = false;
    for (int i = 0; i < s.length(); ) {
      int n = Character.charCount(s.codePointAt(i));
      Integer id = vocabulary.ids.get(s.substring(i, i + n));
      if (id != null) {
        ids.add(id);
      } else if (bytes.all()) {
        bytes.emit(s, i, i + n, ids);
      } else if (!(fuseUnknown && unknown)) {
        ids.add(vocabulary.unknown);
      }
      unknown = id == null;
      i += n;
    }
    return Merges.apply(ids.toArray(), ranks, merged);
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
