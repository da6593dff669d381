package org.deft4j.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * One row of quantized weights taken apart: value k is {@code scale[k / 16] * (quant[k] - zero) +
 * min[k / 16]}, computed in float32 in this order and without the addition where a type has no
 * minima. That is the formats' definition to the bit: of the two products and the sum only one is
 * ever inexact.
 *
 * <p>The layouts are those of ggml's blocks: 32 values for {@code Q4_0} to {@code Q8_0}, 256 for
 * the K types, whose sub-blocks of 32 (Q4_K, Q5_K: 6-bit scales and minima) or 16 (Q6_K: 8-bit
 * scales) multiply a binary16 of the block.
 */
public final class QuantizedRow {
  /** Values that share a scale here: the least of all types. */
  public static final int GROUP = 16;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final WeightType type;
  private final int cols;
  private final byte[] quants;
  private final float[] scales;
  private final float[] mins;

  /**
   * Scratch for rows.
   *
   * @throws IllegalArgumentException if the type has no quants, or for broken blocks
   */
  public QuantizedRow(WeightType type, int cols) {
    if (!type.quantized()) {
      throw new IllegalArgumentException(type + " has no quants");
    }
    type.rowBytes(cols);
    this.type = type;
    this.cols = cols;
    quants = new byte[cols];
    scales = new float[cols / GROUP];
    mins = new float[cols / GROUP];
  }

  /** The quants, to be read as unsigned bytes. */
  public byte[] quants() {
    return quants;
  }

  /** A scale for each {@link #GROUP} values. */
  public float[] scales() {
    return scales;
  }

  /** What is added to each {@link #GROUP} values; zeros where the type has no minima. */
  public float[] mins() {
    return mins;
  }

  /** What is subtracted from each quant: a power of two, or 0. */
  public int zero() {
    return switch (type) {
      case Q4_0 -> 8;
      case Q5_0 -> 16;
      case Q6_K -> 32;
      case Q8_0 -> 128;
      default -> 0;
    };
  }

  /** Takes the row apart that begins at {@code at}. */
  public void read(MemorySegment data, long at) {
    int blocks = cols / type.blockSize();
    for (int b = 0; b < blocks; b++) {
      int k = b * type.blockSize();
      long from = at + (long) b * type.blockBytes();
      switch (type) {
        case Q4_0 -> {
          scale(k, 32, half(data, from), 0);
          nibbles(data, from + 2, 0, k);
        }
        case Q4_1 -> {
          scale(k, 32, half(data, from), half(data, from + 2));
          nibbles(data, from + 4, 0, k);
        }
        case Q5_0 -> {
          scale(k, 32, half(data, from), 0);
          nibbles(data, from + 6, data.get(INT, from + 2), k);
        }
        case Q5_1 -> {
          scale(k, 32, half(data, from), half(data, from + 2));
          nibbles(data, from + 8, data.get(INT, from + 4), k);
        }
        case Q8_0 -> {
          scale(k, 32, half(data, from), 0);
          for (int i = 0; i < 32; i++) {
            quants[k + i] = (byte) (octet(data, from + 2 + i) ^ 0x80);
          }
        }
        case Q4_K -> {
          kScales(data, from, k);
          for (int i = 0; i < 256; i++) {
            int pair = octet(data, from + 16 + i / 64 * 32 + i % 32);
            quants[k + i] = (byte) (pair >> i / 32 % 2 * 4 & 15);
          }
        }
        case Q5_K -> {
          kScales(data, from, k);
          for (int i = 0; i < 256; i++) {
            int pair = octet(data, from + 48 + i / 64 * 32 + i % 32);
            int high = octet(data, from + 16 + i % 32) >> i / 32 & 1;
            quants[k + i] = (byte) (pair >> i / 32 % 2 * 4 & 15 | high << 4);
          }
        }
        case Q6_K -> {
          float d = half(data, from + 208);
          for (int g = 0; g < 16; g++) {
            scale(k + g * 16, 16, d * (byte) octet(data, from + 192 + g), 0);
          }
          for (int i = 0; i < 256; i++) {
            // Two halves of 128; in each, four runs of 32 share the bytes of the high bits.
            int run = i / 32 % 4;
            int low = octet(data, from + i / 128 * 64 + run % 2 * 32 + i % 32);
            int high = octet(data, from + 128 + i / 128 * 32 + i % 32) >> run * 2 & 3;
            quants[k + i] = (byte) (low >> run / 2 * 4 & 15 | high << 4);
          }
        }
        default -> throw new IllegalStateException(type.name());
      }
    }
  }

  private static int octet(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at) & 255;
  }

  private static float half(MemorySegment data, long at) {
    return Float.float16ToFloat(data.get(SHORT, at));
  }

  private void scale(int k, int n, float scale, float min) {
    for (int i = k / GROUP; i < (k + n) / GROUP; i++) {
      scales[i] = scale;
      mins[i] = min;
    }
  }

  /**
   * 16 bytes: the low nibbles are the first half of 32 values, bit i of high is value i's fifth.
   */
  private void nibbles(MemorySegment data, long at, int high, int k) {
    for (int i = 0; i < 16; i++) {
      int pair = octet(data, at + i);
      quants[k + i] = (byte) (pair & 15 | (high >> i & 1) << 4);
      quants[k + 16 + i] = (byte) (pair >> 4 | (high >> 16 + i & 1) << 4);
    }
  }

  /** The eight 6-bit scales and minima of a block of 256, packed into 12 bytes. */
  private void kScales(MemorySegment data, long from, int k) {
    float d = half(data, from);
    float dMin = half(data, from + 2);
    for (int i = 0; i < 8; i++) {
      scale(k + i * 32, 32, d * groupScale(data, from, i), -(dMin * groupMin(data, from, i)));
    }
  }

  /** The 6-bit scale of group {@code i} of 32 of the Q4_K or Q5_K block at {@code from}. */
  public static int groupScale(MemorySegment data, long from, int i) {
    long at = from + 4;
    return i < 4
        ? octet(data, at + i) & 63
        : octet(data, at + i + 4) & 15 | octet(data, at + i - 4) >> 6 << 4;
  }

  /** The 6-bit minimum of group {@code i} of 32 of the Q4_K or Q5_K block at {@code from}. */
  public static int groupMin(MemorySegment data, long from, int i) {
    long at = from + 4;
    return i < 4
        ? octet(data, at + i + 4) & 63
        : octet(data, at + i + 4) >> 4 | octet(data, at + i) >> 6 << 4;
  }

  /** Writes the row's values to {@code dst[offset...]}. */
  public void decode(float[] dst, int offset) {
    int zero = zero();
    boolean plain = !type.hasMinima();
    for (int k = 0; k < cols; k++) {
      float v = scales[k / GROUP] * ((quants[k] & 255) - zero);
      dst[offset + k] = plain ? v : v + mins[k / GROUP];
    }
  }
}
