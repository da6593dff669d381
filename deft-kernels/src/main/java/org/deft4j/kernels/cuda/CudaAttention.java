package org.deft4j.kernels.cuda;

import org.deft4j.tree.plan.AttentionPlan;

/** Attention of a step by its plan. */
interface CudaAttention extends AutoCloseable {
  /** Takes in the plan of the step that begins and queues its way to the device. */
  void begin(AttentionPlan plan);

  /**
   * Queues one layer's attention.
   *
   * @param queries address of {@code [rows][heads][kv.padded()]} rotated queries in the cache's
   *     type, zeros past the head
   * @param heads query heads; head h uses KV head {@code h / (heads / kvHeads)}
   * @param scale of the scores
   * @param out {@code [rows][heads * headDim]}, in float32 or 16 bits
   */
  void run(CudaKvCache kv, int layer, long queries, int heads, float scale, CudaTensor out);

  @Override
  void close();
}
