package org.deft4j.kernels.cpu.panama;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.deft4j.kernels.BackendOptions;

/**
 * The vector width of this process and the elementary functions on it. C2 needs species to be
 * constants, hence one width a process.
 */
final class Lanes {
  /** Bits a vector. */
  static final int BITS = bits();

  static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
  static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));

  /** Floats a vector. */
  static final int L = BITS / 32;

  /** Output features a panel: whole vectors at every width. */
  static final int PANEL = 32;

  /** How the ints of panels lie in memory. */
  static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final float LOG2E = 1.442695041f;
  private static final float LN2_HIGH = 0.693145752f;
  private static final float LN2_LOW = 1.42860677e-6f;
  // Adding it rounds to an integer, which then stands in the low bits.
  private static final float ROUND = 0x1.8p23f;

  private Lanes() {}

  private static int bits() {
    int forced = Integer.getInteger(BackendOptions.VECTOR_BITS, 0);
    return forced != 0 ? forced : Math.min(512, preferredBits());
  }

  /** The width this processor prefers. */
  static int preferredBits() {
    return VectorShape.preferredShape().vectorBitSize();
  }

  /** Ints of a panel from index {@code at} on. */
  static IntVector loadInts(MemorySegment panel, int at) {
    return IntVector.fromMemorySegment(I, panel, 4L * at, ORDER);
  }

  /** The same as float32. */
  static FloatVector load(MemorySegment panel, int at) {
    return loadInts(panel, at).reinterpretAsFloats();
  }

  /** Int {@code i} of a panel. */
  static int intAt(MemorySegment panel, int i) {
    return panel.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
  }

  static IntVector loadInts(int[] a, int at) {
    return IntVector.fromArray(I, a, at);
  }

  /** Float32 kept as bits: expanded panels are arrays of int. */
  static FloatVector load(int[] a, int at) {
    return IntVector.fromArray(I, a, at).reinterpretAsFloats();
  }

  static FloatVector load(float[] a, int at) {
    return FloatVector.fromArray(F, a, at);
  }

  static FloatVector all(float x) {
    return FloatVector.broadcast(F, x);
  }

  static FloatVector toFloat(IntVector v) {
    return (FloatVector) v.convert(VectorOperators.I2F, 0);
  }

  /**
   * e^x, relative error below 3e-7; 0 below -87.3, e^88 above 88. Range reduction by ln 2 in two
   * parts, then a polynomial of degree 6 (Taylor: on |r| <= 0.347 the first term left out is 1.2e-7
   * of the result).
   */
  static FloatVector exp(FloatVector x) {
    FloatVector y = x.max(-87.33f).min(88f);
    FloatVector t = y.fma(all(LOG2E), all(ROUND));
    FloatVector n = t.sub(ROUND);
    FloatVector r = n.fma(all(-LN2_HIGH), y);
    r = n.fma(all(-LN2_LOW), r);
    FloatVector p = all(1f / 720);
    p = p.fma(r, all(1f / 120));
    p = p.fma(r, all(1f / 24));
    p = p.fma(r, all(1f / 6));
    p = p.fma(r, all(0.5f));
    p = p.fma(r, all(1f));
    p = p.fma(r, all(1f));
    // n stands in the low bits of t.
    IntVector bits = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    return p.reinterpretAsInts()
        .add(bits)
        .reinterpretAsFloats()
        .blend(0f, x.compare(VectorOperators.LT, -87.3f));
  }

  /**
   * 2^(x + shift) for integer {@code shift}, relative error below 3e-7, 0 where the result is below
   * 2^-126. The fraction of {@code x} alone enters the polynomial, so changing the shift changes
   * the exponent only.
   */
  static FloatVector exp2(FloatVector x, FloatVector shift) {
    FloatVector n = x.add(ROUND).sub(ROUND);
    FloatVector f = x.sub(n);
    // The least relative error of degree 5 on |f| <= 0.5 that leaves 2^0 = 1: 9.1e-8.
    FloatVector p = all(1.3264725e-3f);
    p = p.fma(f, all(9.671513e-3f));
    p = p.fma(f, all(5.5507336e-2f));
    p = p.fma(f, all(2.4022242e-1f));
    p = p.fma(f, all(6.93147e-1f));
    p = p.fma(f, all(1f));
    FloatVector e = n.add(shift);
    IntVector bits = e.add(ROUND).reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector y = p.reinterpretAsInts().add(bits).reinterpretAsFloats();
    return y.blend(0f, e.compare(VectorOperators.LT, -125.5f));
  }
}
