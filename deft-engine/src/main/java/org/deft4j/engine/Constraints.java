package org.deft4j.engine;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.deft4j.engine.sample.GrammarConstraint;
import org.deft4j.engine.sample.LogitsConstraint;
import org.deft4j.tree.constrain.Grammar;
import org.deft4j.tree.constrain.TokenMasks;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.TokenCodec;
import org.jspecify.annotations.Nullable;

/** The grammars in use over a model's vocabulary; the last few are kept with what they found. */
final class Constraints {
  private static final int KEPT = 8;

  private final TokenCodec codec;
  private final Map<Grammar, TokenMasks> known = new LinkedHashMap<>(16, .75f, true);
  private TokenMasks.@Nullable Vocabulary vocabulary;

  Constraints(TokenCodec codec) {
    this.codec = codec;
  }

  /** A constraint for a branch that begins. */
  LogitsConstraint begin(DecodeSpec spec) {
    Grammar grammar = Objects.requireNonNull(spec.constraint());
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
    int[] ends =
        IntStream.concat(
                codec.endOfSequence().stream(),
                spec.stopTokens().stream().mapToInt(Integer::intValue))
            .distinct()
            .toArray();
    return new GrammarConstraint(masks.begin(), codec, ends);
  }
}
