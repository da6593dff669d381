package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.load;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** What works on one row at a time. */
final class Rows {
  private static final double GELU = 2 * Math.sqrt(2 / Math.PI);
  private static final double GELU_CUBE = 0.044715;

  private Rows() {}

  static void norm(float[] x, int at, float[] weight, float eps, float[] y, int n) {
    FloatVector a = FloatVector.zero(Lanes.F);
    FloatVector b = a;
    int i = 0;
    for (; i + 2 * L <= n; i += 2 * L) {
      FloatVector u = load(x, at + i);
      FloatVector v = load(x, at + i + L);
      a = u.fma(u, a);
      b = v.fma(v, b);
    }
    float sum = sum(a.add(b));
    for (; i < n; i++) {
      sum = Math.fma(x[at + i], x[at + i], sum);
    }
    float f = (float) (1 / Math.sqrt((double) sum / n + eps));
    for (i = 0; i + L <= n; i += L) {
      load(x, at + i).mul(f).mul(load(weight, i)).intoArray(y, at + i);
    }
    for (; i < n; i++) {
      y[at + i] = x[at + i] * f * weight[i];
    }
  }

  // reduceLanes leaves the order of additions open: interpreter and compiler differ in the last
  // bit.
  private static float sum(FloatVector v) {
    float[] lanes = new float[L];
    v.intoArray(lanes, 0);
    float sum = lanes[0];
    for (int i = 1; i < L; i++) {
      sum += lanes[i];
    }
    return sum;
  }

  /** {@code y[to + i] = f(x[at + i]) * x[at + n + i]}, f being GELU or SiLU. */
  static void gate(float[] x, int at, int n, float[] y, int to, boolean gelu) {
    int i = 0;
    for (; i + L <= n; i += L) {
      FloatVector g = load(x, at + i);
      FloatVector a = gelu ? gelu(g) : g;
      g.div(Lanes.exp(a.neg()).add(all(1))).mul(load(x, at + n + i)).intoArray(y, to + i);
    }
    for (; i < n; i++) {
      float g = x[at + i];
      double a = gelu ? GELU * (g + GELU_CUBE * g * g * g) : g;
      y[to + i] = (float) (g / (1 + Math.exp(-a))) * x[at + n + i];
    }
  }

  /** What GELU's approximation by tanh takes the logistic function of: tanh(a / 2) = 2 s(a) - 1. */
  static FloatVector gelu(FloatVector g) {
    return g.mul(g).mul((float) GELU_CUBE).add(1f).mul(g).mul((float) GELU);
  }

  static void softmax(float[] x, int at, int n, boolean log) {
    FloatVector m = all(Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i + L <= n; i += L) {
      m = m.max(load(x, at + i));
    }
    float max = m.reduceLanes(VectorOperators.MAX);
    for (; i < n; i++) {
      max = Math.max(max, x[at + i]);
    }
    // Float32 lanes of at most a thousand terms each, joined in float64.
    double sum = 0;
    for (i = 0; i + L <= n; ) {
      FloatVector s = FloatVector.zero(Lanes.F);
      int end = Math.min(n - L, i + 512 * L);
      for (; i <= end; i += L) {
        FloatVector e = Lanes.exp(load(x, at + i).sub(max));
        s = s.add(e);
        if (!log) {
          e.intoArray(x, at + i);
        }
      }
      sum += sum(s);
    }
    for (; i < n; i++) {
      double e = Math.exp(x[at + i] - max);
      sum += e;
      if (!log) {
        x[at + i] = (float) e;
      }
    }
    if (log) {
      double logSum = max + Math.log(sum);
      float a = (float) logSum;
      shift(x, at, n, a);
    } else {
      scale(x, at, n, (float) (1 / sum));
    }
  }

  private static void shift(float[] x, int at, int n, float a) {
    int i = 0;
    for (; i + L <= n; i += L) {
      load(x, at + i).sub(a).intoArray(x, at + i);
    }
    for (; i < n; i++) {
      x[at + i] -= a;
    }
  }

  private static void scale(float[] x, int at, int n, float f) {
    int i = 0;
    for (; i + L <= n; i += L) {
      load(x, at + i).mul(f).intoArray(x, at + i);
    }
    for (; i < n; i++) {
      x[at + i] *= f;
    }
  }
}
