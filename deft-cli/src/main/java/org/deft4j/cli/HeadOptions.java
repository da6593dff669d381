package org.deft4j.cli;

import org.deft4j.kernels.KvType;

/**
 * The heads of {@code --heads}.
 *
 * @param queryHeads query heads
 * @param kvHeads key-value heads, a divisor of these
 * @param headDim values a head
 */
record HeadOptions(int queryHeads, int kvHeads, int headDim) {
  /**
   * Parses {@code Q,KV,DIM}.
   *
   * @throws IllegalArgumentException for what no backend attends with
   */
  static HeadOptions parse(String spec) {
    try {
      String[] parts = spec.split(",", -1);
      if (parts.length == 3) {
        int q = Integer.parseInt(parts[0]);
        int kv = Integer.parseInt(parts[1]);
        int dim = Integer.parseInt(parts[2]);
        if (q > 0
            && kv > 0
            && q % kv == 0
            && q / kv <= 16
            && dim > 0
            && dim <= 128
            && dim % 8 == 0) {
          return new HeadOptions(q, kv, dim);
        }
      }
    } catch (NumberFormatException e) {
      // The message below says it.
    }
    throw new IllegalArgumentException(
        "--heads must be query heads, KV heads, head dim, like 32,8,128 (at most 16 query heads a"
            + " KV head, a head dim of a multiple of 8 up to 128), was "
            + spec);
  }

  /** The 16-bit type of {@code --dtype}. */
  static KvType type(String dtype) {
    return switch (dtype) {
      case "bf16" -> KvType.BF16;
      case "f16" -> KvType.F16;
      default -> throw new IllegalArgumentException("--dtype must be bf16 or f16, was " + dtype);
    };
  }
}
