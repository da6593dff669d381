package org.deft4j.engine.model;

import java.util.EnumSet;
import java.util.Set;
import org.deft4j.kernels.ModelPart;
import org.deft4j.kernels.RopeSpec;
import org.jspecify.annotations.Nullable;

/**
 * What some families do beside a plain transformer.
 *
 * @param window tokens that sliding layers see, 0 if no layer slides
 * @param globalEvery of so many layers the last sees the whole path; 0 if all slide
 * @param scoreCap c of attention's {@code c * tanh(score / c)}, 0 for none
 * @param logitCap the same of logits
 * @param gelu whether the feed-forward layer is gated by GELU, else by SiLU
 * @param embeddingScale what embeddings are multiplied with
 * @param localRope the rotary embedding of sliding layers, null if it is that of all
 */
public record ModelTraits(
    int window,
    int globalEvery,
    float scoreCap,
    float logitCap,
    boolean gelu,
    float embeddingScale,
    @Nullable RopeSpec localRope) {

  /** Tokens that a layer sees, 0 for all. */
  public int window(int layer) {
    return globalEvery > 0 && (layer + 1) % globalEvery == 0 ? 0 : window;
  }

  /** What a backend must have besides; a window that no path exceeds needs nothing. */
  public Set<ModelPart> needs() {
    Set<ModelPart> parts = EnumSet.noneOf(ModelPart.class);
    if (scoreCap > 0 || logitCap > 0) {
      parts.add(ModelPart.SOFT_CAP);
    }
    if (gelu) {
      parts.add(ModelPart.GEGLU);
    }
    if (embeddingScale != 1) {
      parts.add(ModelPart.POST_NORM);
    }
    return parts;
  }
}
