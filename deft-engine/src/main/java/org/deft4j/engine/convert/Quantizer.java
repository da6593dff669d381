package org.deft4j.engine.convert;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.deft4j.engine.gguf.TensorType;

/**
 * Rows of float32 to the bytes of a type: F32, F16, BF16, Q8_0, Q4_K and Q6_K.
 *
 * <p>The K types look for the scale and minimum of each sub-block that leave the least weighted
 * squared error, over a few candidates and by least squares on the quants of each; the weights
 * favour large values, which matter most to a product. Scratch of one thread.
 */
public final class Quantizer {
  private static final int BLOCK = 256;

  private final TensorType type;
  private final ByteBuffer out;
  private final int[] quants = new int[BLOCK];
  private final int[] trial = new int[32];
  private final float[] scales = new float[16];
  private final float[] mins = new float[8];

  /**
   * A quantizer of rows.
   *
   * @throws IllegalArgumentException for a type that is not written, or rows that are no whole
   *     blocks
   */
  public Quantizer(TensorType type, int columns) {
    if (!writes(type) || columns % type.blockElements() != 0) {
      throw new IllegalArgumentException("rows of " + columns + " values as " + type);
    }
    this.type = type;
    out =
        ByteBuffer.allocate(columns / type.blockElements() * type.blockBytes())
            .order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Whether this type can be written. */
  public static boolean writes(TensorType type) {
    return switch (type) {
      case F32, F16, BF16, Q8_0, Q4_K, Q6_K -> true;
      default -> false;
    };
  }

  /** The bytes of a row; valid until the next call. */
  public byte[] row(float[] x) {
    out.clear();
    for (int k = 0; k < x.length; k += type.blockElements()) {
      switch (type) {
        case F32 -> out.putFloat(x[k]);
        case F16 -> out.putShort(Float.floatToFloat16(x[k]));
        case BF16 -> out.putShort(bf16(x[k]));
        case Q8_0 -> q8(x, k);
        case Q4_K -> q4(x, k);
        default -> q6(x, k);
      }
    }
    return out.array();
  }

  private static short bf16(float v) {
    int bits = Float.floatToRawIntBits(v);
    return Float.isNaN(v)
        ? (short) (bits >>> 16 | 0x40)
        : (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
  }

  /** The nearest integer, halves away from zero. */
  private static int round(float v) {
    return (int) (v < 0 ? v - 0.5f : v + 0.5f);
  }

  private void q8(float[] x, int k) {
    float most = 0;
    for (int i = 0; i < 32; i++) {
      most = Math.max(most, Math.abs(x[k + i]));
    }
    float scale = most / 127;
    float inverse = scale == 0 ? 0 : 1 / scale;
    out.putShort(Float.floatToFloat16(scale));
    for (int i = 0; i < 32; i++) {
      out.put((byte) round(x[k + i] * inverse));
    }
  }

  // --- Q6_K: 16 sub-blocks of 16, value = d * scale * (quant - 32) ---

  private void q6(float[] x, int k) {
    float largest = 0;
    for (int g = 0; g < 16; g++) {
      scales[g] = symmetricScale(x, k + g * 16);
      largest = Math.abs(scales[g]) > Math.abs(largest) ? scales[g] : largest;
    }
    int at = out.position();
    if (Math.abs(largest) < 1e-30f) {
      out.put(new byte[210]);
      return;
    }
    float inverse = -128 / largest;
    short half = Float.floatToFloat16(1 / inverse);
    float d = Float.float16ToFloat(half);
    for (int g = 0; g < 16; g++) {
      int scale = Math.clamp(round(inverse * scales[g]), -128, 127);
      out.put(at + 192 + g, (byte) scale);
      float s = d * scale;
      for (int i = 0; i < 16; i++) {
        float v = x[k + g * 16 + i];
        quants[g * 16 + i] = s == 0 ? 32 : Math.clamp(round(v / s), -32, 31) + 32;
      }
    }
    out.putShort(at + 208, half);
    for (int n = 0; n < 2; n++) {
      for (int i = 0; i < 32; i++) {
        int q = n * 128 + i;
        int a = quants[q];
        int b = quants[q + 32];
        int c = quants[q + 64];
        int e = quants[q + 96];
        out.put(at + n * 64 + i, (byte) (a & 15 | (c & 15) << 4));
        out.put(at + n * 64 + 32 + i, (byte) (b & 15 | (e & 15) << 4));
        int high = a >> 4 | b >> 4 << 2 | c >> 4 << 4 | e >> 4 << 6;
        out.put(at + 128 + n * 32 + i, (byte) high);
      }
    }
    out.position(at + 210);
  }

  /** The scale s of s * quant, quants -32 to 31, that fits 16 values best. */
  private static float symmetricScale(float[] x, int at) {
    float extreme = 0;
    for (int i = 0; i < 16; i++) {
      extreme = Math.abs(x[at + i]) > Math.abs(extreme) ? x[at + i] : extreme;
    }
    if (Math.abs(extreme) < 1e-30f) {
      return 0;
    }
    float best = 0;
    float scale = 0;
    for (int step = -9; step <= 9; step++) {
      float inverse = -(32 + 0.1f * step) / extreme;
      float products = 0;
      float squares = 0;
      for (int i = 0; i < 16; i++) {
        float v = x[at + i];
        float weight = v * v;
        int q = Math.clamp(round(inverse * v), -32, 31);
        products += weight * v * q;
        squares += weight * q * q;
      }
      if (squares > 0 && products * products > best * squares) {
        best = products * products / squares;
        scale = products / squares;
      }
    }
    return scale;
  }

  // --- Q4_K: 8 sub-blocks of 32, value = d * scale * quant - dMin * min ---

  private void q4(float[] x, int k) {
    float largestScale = 0;
    float largestMin = 0;
    for (int g = 0; g < 8; g++) {
      fit(x, k + g * 32, g);
      largestScale = Math.max(largestScale, scales[g]);
      largestMin = Math.max(largestMin, mins[g]);
    }
    float scaleUnit = largestScale > 0 ? 63 / largestScale : 0;
    float minUnit = largestMin > 0 ? 63 / largestMin : 0;
    short dHalf = Float.floatToFloat16(largestScale / 63);
    short minHalf = Float.floatToFloat16(largestMin / 63);
    float d = Float.float16ToFloat(dHalf);
    float dMin = Float.float16ToFloat(minHalf);
    int at = out.position();
    out.putShort(at, dHalf);
    out.putShort(at + 2, minHalf);
    byte[] packed = new byte[12];
    for (int g = 0; g < 8; g++) {
      int scale = Math.min(63, round(scaleUnit * scales[g]));
      int min = Math.min(63, round(minUnit * mins[g]));
      if (g < 4) {
        packed[g] |= (byte) scale;
        packed[g + 4] |= (byte) min;
      } else {
        packed[g + 4] |= (byte) (scale & 15 | (min & 15) << 4);
        packed[g - 4] |= (byte) (scale >> 4 << 6);
        packed[g] |= (byte) (min >> 4 << 6);
      }
      float s = d * scale;
      float m = dMin * min;
      for (int i = 0; i < 32; i++) {
        float v = x[k + g * 32 + i];
        quants[g * 32 + i] = s == 0 ? 0 : Math.clamp(round((v + m) / s), 0, 15);
      }
    }
    for (int i = 0; i < 12; i++) {
      out.put(at + 4 + i, packed[i]);
    }
    for (int pair = 0; pair < 4; pair++) {
      for (int i = 0; i < 32; i++) {
        int q = quants[pair * 64 + i] | quants[pair * 64 + 32 + i] << 4;
        out.put(at + 16 + pair * 32 + i, (byte) q);
      }
    }
    out.position(at + 144);
  }

  /** Scale and minimum of scale * quant - min, quants 0 to 15, that fit 32 values best. */
  private void fit(float[] x, int at, int g) {
    float low = x[at];
    float high = x[at];
    float squares = 0;
    for (int i = 0; i < 32; i++) {
      low = Math.min(low, x[at + i]);
      high = Math.max(high, x[at + i]);
      squares += x[at + i] * x[at + i];
    }
    low = Math.min(low, 0);
    scales[g] = 0;
    mins[g] = -low;
    if (!(high > low)) {
      return;
    }
    float typical = (float) Math.sqrt(squares / 32);
    float sumW = 0;
    float sumX = 0;
    for (int i = 0; i < 32; i++) {
      float w = typical + Math.abs(x[at + i]);
      sumW += w;
      sumX += w * x[at + i];
    }
    // The plain range first, for values of which least squares can say nothing.
    scales[g] = (high - low) / 15;
    float best = 0;
    for (int i = 0; i < 32; i++) {
      float v = x[at + i];
      float e = scales[g] * Math.clamp(round((v - low) / scales[g]), 0, 15) + low - v;
      best += (typical + Math.abs(v)) * e * e;
    }
    for (int step = 0; step <= 21; step++) {
      // Ranges a little narrower and wider.
      float levels = step == 0 ? 15 : 14 + 0.1f * (step - 1);
      float inverse = levels / (high - low);
      float sumL = 0;
      float sumL2 = 0;
      float sumXl = 0;
      for (int i = 0; i < 32; i++) {
        float v = x[at + i];
        float w = typical + Math.abs(v);
        int q = Math.clamp(round(inverse * (v - low)), 0, 15);
        trial[i] = q;
        sumL += w * q;
        sumL2 += w * q * q;
        sumXl += w * q * v;
      }
      float determinant = sumW * sumL2 - sumL * sumL;
      if (!(determinant > 0)) {
        continue;
      }
      float scale = (sumW * sumXl - sumX * sumL) / determinant;
      float min = (sumL2 * sumX - sumL * sumXl) / determinant;
      if (min > 0) {
        min = 0;
        scale = sumXl / sumL2;
      }
      float error = 0;
      for (int i = 0; i < 32; i++) {
        float e = scale * trial[i] + min - x[at + i];
        error += (typical + Math.abs(x[at + i])) * e * e;
      }
      if (error < best && scale > 0) {
        best = error;
        scales[g] = scale;
        mins[g] = -min;
      }
    }
  }
}
