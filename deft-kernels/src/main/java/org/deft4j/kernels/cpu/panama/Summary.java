package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.deft4j.kernels.RowSummary;

/** Largest value, its first place and the sum of exponentials of a part, in two passes over it. */
final class Summary {
  // Values a block: float32 sums within a block, float64 over blocks.
  private static final int BLOCK = 64 * L;

  private Summary() {}

  static void part(float[] x, int at, int n, int part, RowSummary out) {
    float max = Float.NEGATIVE_INFINITY;
    int where = 0;
    for (int i = 0; i < n; i += BLOCK) {
      float m = max(x, at + i, Math.min(BLOCK, n - i));
      if (m > max) {
        max = m;
        where = i;
      }
    }
    int best = where;
    while (best + 1 < n && x[at + best] != max) {
      best++;
    }
    float[] lanes = new float[L];
    double sum = 0;
    int whole = n - n % L;
    for (int i = 0; i < whole; i += BLOCK) {
      sumExp(x, at + i, Math.min(BLOCK, whole - i), max, lanes);
      // One order of additions, whoever compiles this.
      float s = 0;
      for (int lane = 0; lane < L; lane++) {
        s += lanes[lane];
      }
      sum += s;
    }
    for (int i = whole; i < n; i++) {
      sum += Math.exp((double) x[at + i] - max);
    }
    out.set(part, best, max, sum);
  }

  private static float max(float[] x, int at, int n) {
    FloatVector m = all(Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i + L <= n; i += L) {
      m = m.max(load(x, at + i));
    }
    float max = m.reduceLanes(VectorOperators.MAX);
    for (; i < n; i++) {
      max = Math.max(max, x[at + i]);
    }
    return max;
  }

  private static void sumExp(float[] x, int at, int n, float max, float[] lanes) {
    // One exp a turn: with two C2 gives up inlining the second, which then costs ten times more.
    FloatVector sum = FloatVector.zero(Lanes.F);
    for (int i = 0; i < n; i += L) {
      sum = sum.add(Lanes.exp(load(x, at + i).sub(max)));
    }
    sum.intoArray(lanes, 0);
  }
}
