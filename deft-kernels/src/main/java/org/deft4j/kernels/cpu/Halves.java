package org.deft4j.kernels.cpu;

/** Conversions between float32 and the 16-bit formats. */
public final class Halves {
  private static final short MAX_F16 = 0x7BFF;

  private Halves() {}

  /** A bfloat16 as float32, exactly. */
  public static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Rounds to the nearest bfloat16, ties to even; a NaN stays a NaN. */
  public static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
  }

  /** A binary16 as float32, exactly. */
  public static float fromF16(short bits) {
    return Float.float16ToFloat(bits);
  }

  /** Rounds to the nearest finite binary16, ties to even; a NaN stays a NaN. */
  public static short toF16(float value) {
    short h = Float.floatToFloat16(value);
    return (h & 0x7FFF) == 0x7C00 ? (short) (h & 0x8000 | MAX_F16) : h;
  }
}
