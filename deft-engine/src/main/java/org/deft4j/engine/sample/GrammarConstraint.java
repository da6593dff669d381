package org.deft4j.engine.sample;

import java.util.Arrays;
import java.util.BitSet;
import org.deft4j.tree.constrain.TokenMasks;
import org.deft4j.tree.decode.TokenCodec;

/** Keeps a branch within a grammar. */
public final class GrammarConstraint implements LogitsConstraint {
  private final TokenMasks.Position position;
  private final TokenCodec codec;
  private final int[] ends;
  private boolean over;

  /**
   * A constraint for one branch.
   *
   * @param position where the branch stands in the grammar
   * @param codec the vocabulary
   * @param ends tokens that end the branch: allowed where the text may end
   */
  public GrammarConstraint(TokenMasks.Position position, TokenCodec codec, int[] ends) {
    this.position = position;
    this.codec = codec;
    this.ends = ends.clone();
  }

  @Override
  public void mask(float[] logits) {
    BitSet allowed = position.allowed();
    if (position.mayEnd()) {
      allowed = (BitSet) allowed.clone();
      for (int t : ends) {
        allowed.set(t);
      }
    }
    int from = 0;
    for (int t = allowed.nextSetBit(0); t >= 0; t = allowed.nextSetBit(t + 1)) {
      Arrays.fill(logits, from, t, Float.NEGATIVE_INFINITY);
      from = t + 1;
    }
    Arrays.fill(logits, from, logits.length, Float.NEGATIVE_INFINITY);
  }

  @Override
  public void accept(int token) {
    for (int t : ends) {
      over |= t == token;
    }
    if (!over) {
      position.accept(codec.bytes(token));
    }
  }

  @Override
  public boolean ended() {
    return over || position.stuck();
  }
}
