package org.deft4j.bench.model;

import java.util.List;
import java.util.stream.Collectors;
import org.deft4j.engine.gguf.TensorType;

/**
 * The shape of a Llama-like model.
 *
 * @param name as on the command line
 * @param layers transformer layers
 * @param dim width of the residual stream
 * @param ffn width of the feed-forward layer
 * @param heads query heads
 * @param kvHeads key-value heads
 * @param headDim values a head
 * @param vocabulary tokens
 * @param context longest path
 * @param ropeBase base of the rotary embedding
 * @param weights how matrices are stored: F32, F16 or BF16
 */
public record ModelShape(
    String name,
    int layers,
    int dim,
    int ffn,
    int heads,
    int kvHeads,
    int headDim,
    int vocabulary,
    int context,
    float ropeBase,
    TensorType weights) {
  /** The shapes that have names, small ones first. */
  public static final List<ModelShape> KNOWN =
      List.of(
          // For tests and for trees on a processor: steps of a fraction of a millisecond.
          new ModelShape("tiny", 2, 64, 176, 8, 4, 8, 512, 32_768, 10_000, TensorType.F32),
          // The width of a 15M-parameter story model.
          new ModelShape("small", 6, 288, 768, 6, 6, 48, 32_000, 32_768, 10_000, TensorType.F32),
          new ModelShape(
              "llama-3.2-1b", 16, 2048, 8192, 32, 8, 64, 128_256, 131_072, 5e5f, TensorType.BF16),
          new ModelShape(
              "llama-3-8b", 32, 4096, 14_336, 32, 8, 128, 128_256, 131_072, 5e5f, TensorType.BF16));

  /**
   * The shape of this name.
   *
   * @throws IllegalArgumentException for an unknown name; the message lists the known ones
   */
  public static ModelShape of(String name) {
    for (ModelShape s : KNOWN) {
      if (s.name().equals(name)) {
        return s;
      }
    }
    throw new IllegalArgumentException(
        "unknown shape '"
            + name
            + "'; known: "
            + KNOWN.stream().map(ModelShape::name).collect(Collectors.joining(", ")));
  }
}
