package org.deft4j.kernels.cuda;

import org.deft4j.tree.plan.AttentionPlan;

/** Attention of a step by its plan. */
interface CudaAttention extends AutoCloseable {
  /** Takes in the plan of the step that begins and queues its way to the device. */
  default void begin(AttentionPlan plan) {
    begin(plan, plan.rows());
  }

  /**
   * As {@link #begin(AttentionPlan)}, for more rows than the plan's: those see nothing.
   *
   * @param rows at least the plan's
   */
  void begin(AttentionPlan plan, int rows);

  /**
   * Changes whenever {@link #run} would launch otherwise than it did before with the same arguments
   * and number of rows: then captured graphs are stale. Valid after {@link #begin}; -1 if it is not
   * known yet or the plan is one that no graph can serve.
   */
  long version();

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

  /**
   * Queues a little of the same work beside what comes next, so that the kernel's code is at hand
   * when {@link #run} is called; its results go nowhere. To be called a product before that, where
   * {@link #warmsUp}.
   */
  default void warmUp() {
    throw new IllegalStateException("nothing to warm up");
  }

  /** Whether this attention can be warmed up, and knows by now what it will run. */
  default boolean warmsUp() {
    return false;
  }

  @Override
  void close();
}
