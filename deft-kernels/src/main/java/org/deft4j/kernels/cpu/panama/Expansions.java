package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.F;
import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.load;
import static org.deft4j.kernels.cpu.panama.Lanes.loadInts;
import static org.deft4j.kernels.cpu.panama.Lanes.toFloat;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Packed panels to float32 panels {@code [k][32]}. */
final class Expansions {
  private static final int PANEL = Lanes.PANEL;

  private Expansions() {}

  /** The even-numbered of two bfloat16 in an int. */
  static FloatVector bf16Low(IntVector v) {
    return v.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  /** The odd-numbered of two bfloat16 in an int. */
  static FloatVector bf16High(IntVector v) {
    return v.and(0xFFFF0000).reinterpretAsFloats();
  }

  /** The even-numbered of two finite binary16 in an int, times 2^-112. */
  static FloatVector f16Low(IntVector v) {
    return f16High(v.lanewise(VectorOperators.LSHL, 16));
  }

  /** The odd-numbered of two finite binary16 in an int, times 2^-112. */
  static FloatVector f16High(IntVector v) {
    return v.lanewise(VectorOperators.ASHR, 3).and(0x8FFFE000).reinterpretAsFloats();
  }

  static void bf16(MemorySegment s, int at, int kn, int[] to) {
    for (int k = 0; k < kn; k += 2) {
      for (int j = 0; j < PANEL; j += L) {
        IntVector v = loadInts(s, at + k / 2 * PANEL + j);
        bf16Low(v).reinterpretAsInts().intoArray(to, k * PANEL + j);
        bf16High(v).reinterpretAsInts().intoArray(to, (k + 1) * PANEL + j);
      }
    }
  }

  static void f16(MemorySegment s, int at, int kn, int[] to) {
    for (int k = 0; k < kn; k += 2) {
      for (int j = 0; j < PANEL; j += L) {
        IntVector v = loadInts(s, at + k / 2 * PANEL + j);
        f16Low(v).reinterpretAsInts().intoArray(to, k * PANEL + j);
        f16High(v).reinterpretAsInts().intoArray(to, (k + 1) * PANEL + j);
      }
    }
  }

  /**
   * What stands for each byte times the scales.
   *
   * @param k0 and kn multiples of 32
   */
  static void q8(MemorySegment s, int k0, int kn, int cols, int[] to) {
    int n = kn / 4;
    for (int j = 0; j < PANEL; j += 2 * L) {
      int from = Q8Panels.scaleAt(0, k0 / 32, j, cols);
      for (int q = 0; q < n; q++) {
        int t = q * 4 * PANEL + j;
        int o = from + (q >> 3) * 18 * L;
        int i = o + ((q & 7) + 1) * 2 * L;
        FloatVector f = load(s, o);
        IntVector v = loadInts(s, i);
        q8(v, 24).mul(f).reinterpretAsInts().intoArray(to, t);
        q8(v, 16).mul(f).reinterpretAsInts().intoArray(to, t + PANEL);
        q8(v, 8).mul(f).reinterpretAsInts().intoArray(to, t + 2 * PANEL);
        q8Top(v).mul(f).reinterpretAsInts().intoArray(to, t + 3 * PANEL);
        f = load(s, o + L);
        v = loadInts(s, i + L);
        q8(v, 24).mul(f).reinterpretAsInts().intoArray(to, t + L);
        q8(v, 16).mul(f).reinterpretAsInts().intoArray(to, t + L + PANEL);
        q8(v, 8).mul(f).reinterpretAsInts().intoArray(to, t + L + 2 * PANEL);
        q8Top(v).mul(f).reinterpretAsInts().intoArray(to, t + L + 3 * PANEL);
      }
    }
  }

  /** The same without the scales. */
  static void q8Unscaled(MemorySegment s, int k0, int kn, int cols, int[] to) {
    int n = kn / 4;
    for (int j = 0; j < PANEL; j += 2 * L) {
      int from = Q8Panels.scaleAt(0, k0 / 32, j, cols);
      for (int q = 0; q < n; q++) {
        int t = q * 4 * PANEL + j;
        int i = from + ((q >> 3) * 9 + (q & 7) + 1) * 2 * L;
        IntVector v = loadInts(s, i);
        q8(v, 24).reinterpretAsInts().intoArray(to, t);
        q8(v, 16).reinterpretAsInts().intoArray(to, t + PANEL);
        q8(v, 8).reinterpretAsInts().intoArray(to, t + 2 * PANEL);
        q8Top(v).reinterpretAsInts().intoArray(to, t + 3 * PANEL);
        v = loadInts(s, i + L);
        q8(v, 24).reinterpretAsInts().intoArray(to, t + L);
        q8(v, 16).reinterpretAsInts().intoArray(to, t + L + PANEL);
        q8(v, 8).reinterpretAsInts().intoArray(to, t + L + 2 * PANEL);
        q8Top(v).reinterpretAsInts().intoArray(to, t + L + 3 * PANEL);
      }
    }
  }

  /** Bytes 0 (shift 24), 1 (16) or 2 (8) of {@link Q8Panels} with what lies below. */
  static FloatVector q8(IntVector v, int shift) {
    return toFloat(v.lanewise(VectorOperators.LSHL, shift));
  }

  /** Byte 3. */
  static FloatVector q8Top(IntVector v) {
    return toFloat(v.and(0xFF000000));
  }

  /**
   * {@code n} ints of two 16-bit floats each to {@code n} float32 of the low halves at {@code out}
   * and as many of the high halves {@code n} values on; n a multiple of L.
   */
  static void halves(int[] s, int at, int n, boolean bf16, float[] to, int out) {
    if (bf16) {
      for (int i = 0; i < n; i += L) {
        IntVector v = loadInts(s, at + i);
        bf16Low(v).intoArray(to, out + i);
        bf16High(v).intoArray(to, out + n + i);
      }
    } else {
      for (int i = 0; i < n; i += L) {
        IntVector v = loadInts(s, at + i);
        anyF16(v.lanewise(VectorOperators.LSHL, 16)).intoArray(to, out + i);
        anyF16(v).intoArray(to, out + n + i);
      }
    }
  }

  // The shifted exponent of infinities and NaNs is 31: fill it up.
  private static FloatVector anyF16(IntVector v) {
    IntVector t = v.lanewise(VectorOperators.ASHR, 3).and(0x8FFFE000);
    IntVector special = t.or(0x7F800000);
    return t.reinterpretAsFloats()
        .mul(0x1p112f)
        .blend(
            special.reinterpretAsFloats(),
            t.and(0x0F800000).compare(VectorOperators.EQ, 0x0F800000).cast(F));
  }
}
