package org.deft4j.kernels.sample;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link RowMath} with the Vector API; relative error of a sum below 1e-6. */
@SuppressWarnings("FloatingPointLiteralPrecision") // As published.
final class VectorRowMath extends RowMath {
  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final int BLOCK = 512;
  // Adding and taking away 1.5 * 2^23 rounds to the nearest integer.
  private static final float ROUND = 12_582_912f;
  private static final float LOG2E = 1.44269504f;
  // ln 2 in two parts, so that n * LN2_HIGH is exact.
  private static final float LN2_HIGH = 0.693359375f;
  private static final float LN2_LOW = -2.12194440e-4f;
  // exp(-87.3) is the smallest normal number.
  private static final float LOWEST = -87.3f;

  private final float[] lanes = new float[F.length()];

  @Override
  float max(float[] x, int from, int to) {
    int w = F.length();
    if (to - from < w) {
      return super.max(x, from, to);
    }
    FloatVector m = FloatVector.fromArray(F, x, from);
    FloatVector m2 = m;
    int i = from + w;
    for (; i + 2 * w <= to; i += 2 * w) {
      m = m.max(FloatVector.fromArray(F, x, i));
      m2 = m2.max(FloatVector.fromArray(F, x, i + w));
    }
    for (; i + w <= to; i += w) {
      m = m.max(FloatVector.fromArray(F, x, i));
    }
    return m.max(m2).max(FloatVector.fromArray(F, x, to - w)).reduceLanes(VectorOperators.MAX);
  }

  @Override
  double sumExp(float[] x, int from, int to, float max, float scale) {
    double sum = 0;
    int i = from;
    // Short blocks in float32, their sums in float64.
    for (; i + F.length() <= to; ) {
      int end = Math.min(i + BLOCK, to - (to - i) % F.length());
      sum += block(x, i, end, max, scale);
      i = end;
    }
    return sum + super.sumExp(x, i, to, max, scale);
  }

  private float block(float[] x, int from, int to, float max, float scale) {
    FloatVector sum = FloatVector.zero(F);
    for (int i = from; i < to; i += F.length()) {
      sum = sum.add(exp(FloatVector.fromArray(F, x, i).sub(max).mul(scale)));
    }
    // reduceLanes leaves the order open: interpreter and compiler may differ in the last bit.
    sum.intoArray(lanes, 0);
    float total = 0;
    for (float lane : lanes) {
      total += lane;
    }
    return total;
  }

  /** exp of values at most 0 (Cephes' polynomial); what underflows becomes about 1e-38. */
  private static FloatVector exp(FloatVector v) {
    FloatVector x = v.max(LOWEST);
    FloatVector n = x.mul(LOG2E).add(ROUND).sub(ROUND);
    FloatVector r = n.mul(-LN2_HIGH).add(x);
    r = n.mul(-LN2_LOW).add(r);
    FloatVector p = FloatVector.broadcast(F, 1.9875691500e-4f);
    p = p.fma(r, FloatVector.broadcast(F, 1.3981999507e-3f));
    p = p.fma(r, FloatVector.broadcast(F, 8.3334519073e-3f));
    p = p.fma(r, FloatVector.broadcast(F, 4.1665795894e-2f));
    p = p.fma(r, FloatVector.broadcast(F, 1.6666665459e-1f));
    p = p.fma(r, FloatVector.broadcast(F, 5.0000001201e-1f));
    p = p.fma(r.mul(r), r).add(1f);
    IntVector e = (IntVector) n.convertShape(VectorOperators.F2I, IntVector.SPECIES_PREFERRED, 0);
    IntVector bits = e.add(127).lanewise(VectorOperators.LSHL, 23);
    return p.mul(bits.reinterpretAsFloats());
  }
}
