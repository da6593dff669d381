package org.deft4j.tree.constrain;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deft4j.tree.decode.TokenCodec;
import org.jspecify.annotations.Nullable;

/**
 * The grammars in use over one vocabulary: the last few are kept with the masks that they found.
 * The vocabulary is put in order when the first grammar comes. For one thread at a time.
 */
public final class MaskCache {
  private static final int KEPT = 8;

  private final TokenCodec codec;
  private final Map<Grammar, TokenMasks> known = new LinkedHashMap<>(16, .75f, true);
  private TokenMasks.@Nullable Vocabulary vocabulary;

  /** A cache over this codec's vocabulary. */
  public MaskCache(TokenCodec codec) {
    this.codec = codec;
  }

  /** The masks of a grammar. */
  public TokenMasks of(Grammar grammar) {
    TokenMasks masks = known.get(grammar);
    if (masks == null) {
      if (vocabulary == null) {
        vocabulary = new TokenMasks.Vocabulary(codec);
      }
      masks = new TokenMasks(grammar, vocabulary);
      known.put(grammar, masks);
      if (known.size() > KEPT) {
        known.remove(known.keySet().iterator().next());
      }
    }
    return masks;
  }
}
