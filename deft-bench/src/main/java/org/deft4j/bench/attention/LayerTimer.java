package org.deft4j.bench.attention;

import org.deft4j.kernels.KvType;
import org.deft4j.kernels.cuda.CudaAttentionMeter;
import org.deft4j.tree.plan.AttentionPlan;

/** Times one layer's attention by a plan. */
public interface LayerTimer extends AutoCloseable {
  /** What computes, for reports. */
  String device();

  /**
   * Microseconds of one layer, both stages.
   *
   * @param heads query heads, a multiple of {@code kvHeads}
   * @throws org.deft4j.tree.DeftException ({@code OUT_OF_MEMORY}) if it does not fit
   */
  double micros(AttentionPlan plan, int heads, int kvHeads, int headDim);

  @Override
  void close();

  /** On a CUDA device, inside a graph. */
  static LayerTimer cuda(KvType type) {
    CudaAttentionMeter meter = CudaAttentionMeter.open();
    return new LayerTimer() {
      @Override
      public String device() {
        return meter.device();
      }

      @Override
      public double micros(AttentionPlan plan, int heads, int kvHeads, int headDim) {
        return meter.micros(plan, heads, kvHeads, headDim, type);
      }

      @Override
      public void close() {
        meter.close();
      }
    };
  }
}
