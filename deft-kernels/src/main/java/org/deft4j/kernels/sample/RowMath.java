package org.deft4j.kernels.sample;

/** Reductions over a row of logits. Results depend on the row alone. */
class RowMath {
  /** The vector version where the module is there, else this. */
  static RowMath best() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
        ? new VectorRowMath()
        : new RowMath();
  }

  /** The largest value of {@code x[from, to)}. */
  float max(float[] x, int from, int to) {
    float m = Float.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      m = Math.max(m, x[i]);
    }
    return m;
  }

  /** Sum over {@code x[from, to)} of {@code exp((x - max) * scale)}. */
  double sumExp(float[] x, int from, int to, float max, float scale) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += Math.exp((double) (x[i] - max) * scale);
    }
    return sum;
  }
}
