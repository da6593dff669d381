package org.deft4j.engine;

import java.util.Objects;
import java.util.stream.IntStream;
import org.deft4j.engine.sample.GrammarConstraint;
import org.deft4j.engine.sample.LogitsConstraint;
import org.deft4j.tree.constrain.MaskCache;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.TokenCodec;

/** Constraints over a model's vocabulary. */
final class Constraints {
  private final TokenCodec codec;
  private final MaskCache masks;

  Constraints(TokenCodec codec) {
    this.codec = codec;
    this.masks = new MaskCache(codec);
  }

  /** A constraint for a branch that begins. */
  LogitsConstraint begin(DecodeSpec spec) {
    int[] ends =
        IntStream.concat(
                codec.endOfSequence().stream(),
                spec.stopTokens().stream().mapToInt(Integer::intValue))
            .distinct()
            .toArray();
    return new GrammarConstraint(
        masks.of(Objects.requireNonNull(spec.constraint())).begin(), codec, ends);
  }
}
