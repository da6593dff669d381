package org.deft4j.kernels.cpu.panama;

import static org.deft4j.kernels.cpu.panama.Lanes.L;
import static org.deft4j.kernels.cpu.panama.Lanes.PANEL;
import static org.deft4j.kernels.cpu.panama.Lanes.all;
import static org.deft4j.kernels.cpu.panama.Lanes.intAt;
import static org.deft4j.kernels.cpu.panama.Lanes.load;
import static org.deft4j.kernels.cpu.panama.Lanes.loadInts;
import static org.deft4j.kernels.cpu.panama.Lanes.toFloat;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.deft4j.kernels.QuantizedRow;
import org.deft4j.kernels.Weights;

/**
 * Panels of unsigned quants with a scale and an offset a group: {@code [group][6][32]}, of a group
 * one scale, one offset and four ints of quants. A group is 32 quants of 4 bits or 16 of 8 bits; a
 * value is {@code scale * quant + offset}, rounded once.
 *
 * <p>A quant is masked out where it stands and converted there: 2^shift times its value, one
 * instruction less than shifting it down. {@link #prepare} divides the activations by the same
 * power, which is exact; the topmost byte of an int is shifted, since its top bit would be a sign.
 * Of nibbles each half of an int is masked by itself: eight in a row are more code than C2 inlines.
 */
final class GroupedPanels {
  private static final int WORDS = 6;
  private static final int GROUP_INTS = WORDS * PANEL;

  private GroupedPanels() {}

  /** Input features a group. */
  static int group(int bits) {
    return 4 * (32 / bits);
  }

  static int panelInts(int bits, int cols) {
    return Math.multiplyExact(cols / group(bits), GROUP_INTS);
  }

  static void pack(int bits, Weights w, int row, int n, int[] to, int at) {
    int cols = w.cols();
    int group = group(bits);
    int perInt = 32 / bits;
    QuantizedRow quants = new QuantizedRow(w.type(), cols);
    for (int r = 0; r < n; r++) {
      quants.read(w.data(), (row + r) * w.type().rowBytes(cols));
      byte[] q = quants.quants();
      for (int g = 0; g < cols / group; g++) {
        int o = at + g * GROUP_INTS + r;
        float scale = quants.scales()[g * group / QuantizedRow.GROUP];
        float min = quants.mins()[g * group / QuantizedRow.GROUP];
        // A type has a zero, a power of two, or minima, not both: this is exact.
        to[o] = Float.floatToRawIntBits(scale);
        to[o + PANEL] = Float.floatToRawIntBits(min - scale * quants.zero());
        for (int i = 0; i < 4; i++) {
          int v = 0;
          for (int j = 0; j < perInt; j++) {
            v |= (q[g * group + i * perInt + j] & 255) << j * bits;
          }
          to[o + (2 + i) * PANEL] = v;
        }
      }
    }
  }

  static void decode(int bits, MemorySegment s, int r, int cols, float[] dst, int offset) {
    int group = group(bits);
    int perInt = 32 / bits;
    int mask = (1 << bits) - 1;
    for (int k = 0; k < cols; k++) {
      int o = k / group * GROUP_INTS + r;
      int v = intAt(s, o + (2 + k % group / perInt) * PANEL) >>> k % perInt * bits & mask;
      // Exact in float64, so rounded once.
      double product = (double) Float.intBitsToFloat(intAt(s, o)) * v;
      dst[offset + k] = (float) (product + Float.intBitsToFloat(intAt(s, o + PANEL)));
    }
  }

  static void prepare(int bits, float[] x, int from, int n, float[] to, int at, int step) {
    float unit = 1f / (1 << bits);
    for (int k = 0; k < n; k += 4) {
      float f = 1;
      for (int j = 0; j < 3; j++) {
        to[at + (k + j) * step] = x[from + k + j] * f;
        f *= unit;
      }
      to[at + (k + 3) * step] = bits == 8 ? x[from + k + 3] : x[from + k + 3] * f;
    }
  }

  /** One row prepared, and behind it the sums of its groups, by which offsets are multiplied. */
  static void prepareRow(int bits, float[] x, int cols, float[] to) {
    prepare(bits, x, 0, cols, to, 0, 1);
    int group = group(bits);
    for (int g = 0; g < cols / group; g++) {
      float sum = 0;
      for (int k = 0; k < group; k++) {
        sum += x[g * group + k];
      }
      to[cols + g] = sum;
    }
  }

  private static FloatVector field(IntVector v, int mask) {
    return toFloat(v.and(mask));
  }

  private static FloatVector top(IntVector v, int shift) {
    return toFloat(v.lanewise(VectorOperators.LSHR, shift));
  }

  private static FloatVector offsets(MemorySegment s, int groups, float[] x, int sums, int j) {
    FloatVector t = FloatVector.zero(Lanes.F);
    for (int g = 0; g < groups; g++) {
      t = load(s, g * GROUP_INTS + PANEL + j).fma(all(x[sums + g]), t);
    }
    return t;
  }

  /** One prepared row times a panel of nibbles. */
  static void nibbles(MemorySegment s, int cols, float[] x, int xAt, float[] acc, int at) {
    int n = cols / 8;
    for (int j = 0; j < PANEL; j += L) {
      FloatVector t = offsets(s, cols / 32, x, xAt + cols, j);
      for (int q = 0; q < n; q++) {
        int f = (q >> 2) * GROUP_INTS + j;
        IntVector v = loadInts(s, f + ((q & 3) + 2) * PANEL);
        FloatVector p = FloatVector.zero(Lanes.F);
        FloatVector r = p;
        for (int i = xAt + q * 8, half = 0; half < 2; half++, i += 4) {
          p = all(x[i]).fma(field(v, 0xF), p);
          r = all(x[i + 1]).fma(field(v, 0xF0), r);
          p = all(x[i + 2]).fma(field(v, 0xF00), p);
          r = all(x[i + 3]).fma(field(v, 0xF000), r);
          v = v.lanewise(VectorOperators.LSHR, 16);
        }
        t = p.add(r).fma(load(s, f), t);
      }
      t.intoArray(acc, at + j);
    }
  }

  /** One prepared row times a panel of bytes. */
  static void bytes(MemorySegment s, int cols, float[] x, int xAt, float[] acc, int at) {
    int n = cols / 4;
    for (int j = 0; j < PANEL; j += L) {
      FloatVector t = offsets(s, cols / 16, x, xAt + cols, j);
      for (int q = 0; q < n; q++) {
        int f = (q >> 2) * GROUP_INTS + j;
        IntVector v = loadInts(s, f + ((q & 3) + 2) * PANEL);
        int i = xAt + q * 4;
        FloatVector p = all(x[i]).mul(field(v, 0xFF));
        FloatVector r = all(x[i + 1]).mul(field(v, 0xFF00));
        p = all(x[i + 2]).fma(field(v, 0xFF0000), p);
        r = all(x[i + 3]).fma(top(v, 24), r);
        t = p.add(r).fma(load(s, f), t);
      }
      t.intoArray(acc, at + j);
    }
  }

  /** Values times the powers of two that {@link #prepare} divides by; k0, kn multiples of 32. */
  static void expandNibbles(MemorySegment s, int k0, int kn, int[] to) {
    for (int j = 0; j < PANEL; j += L) {
      for (int k = 0; k < kn; k += 8) {
        int f = (k0 + k) / 32 * GROUP_INTS + j;
        IntVector v = loadInts(s, f + ((k >> 3 & 3) + 2) * PANEL);
        FloatVector scale = load(s, f);
        FloatVector o = load(s, f + PANEL);
        for (int t = k * PANEL + j, half = 0; half < 2; half++, t += 4 * PANEL) {
          put(field(v, 0xF).fma(scale, o), to, t);
          put(field(v, 0xF0).fma(scale, o.mul(0x1p4f)), to, t + PANEL);
          put(field(v, 0xF00).fma(scale, o.mul(0x1p8f)), to, t + 2 * PANEL);
          put(field(v, 0xF000).fma(scale, o.mul(0x1p12f)), to, t + 3 * PANEL);
          v = v.lanewise(VectorOperators.LSHR, 16);
        }
      }
    }
  }

  /** The same for bytes. */
  static void expandBytes(MemorySegment s, int k0, int kn, int[] to) {
    for (int j = 0; j < PANEL; j += L) {
      for (int k = 0; k < kn; k += 4) {
        int f = (k0 + k) / 16 * GROUP_INTS + j;
        IntVector v = loadInts(s, f + ((k >> 2 & 3) + 2) * PANEL);
        FloatVector scale = load(s, f);
        FloatVector o = load(s, f + PANEL);
        int t = k * PANEL + j;
        put(field(v, 0xFF).fma(scale, o), to, t);
        put(field(v, 0xFF00).fma(scale, o.mul(0x1p8f)), to, t + PANEL);
        put(field(v, 0xFF0000).fma(scale, o.mul(0x1p16f)), to, t + 2 * PANEL);
        put(top(v, 24).fma(scale, o), to, t + 3 * PANEL);
      }
    }
  }

  private static void put(FloatVector v, int[] to, int at) {
    v.reinterpretAsInts().intoArray(to, at);
  }
}
