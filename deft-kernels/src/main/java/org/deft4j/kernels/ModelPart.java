package org.deft4j.kernels;

/** Operations that some families of models need and not every backend has. */
public enum ModelPart {
  /** {@link ScoreRule#window()}. */
  SLIDING_WINDOW("sliding windows"),
  /** {@link ScoreRule#cap()} and {@link Backend#softCap}. */
  SOFT_CAP("capped scores and logits"),
  /** {@link Backend#matmulGeglu}. */
  GEGLU("feed-forward layers gated by GELU"),
  /** {@link Backend#add} and {@link Backend#scale}. */
  POST_NORM("norms behind a layer's products");

  private final String words;

  ModelPart(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
