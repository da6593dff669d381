package org.deft4j.kernels.cuda;

import jcuda.cudaDataType;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.WeightType;

/** How values lie in device memory; {@code deft::Type} of the kernels, in the same order. */
enum DType {
  F32(4, cudaDataType.CUDA_R_32F),
  F16(2, cudaDataType.CUDA_R_16F),
  BF16(2, cudaDataType.CUDA_R_16BF);

  /** The number of {@link WeightType#Q8_0} in the kernels. */
  static final int Q8_0 = 3;

  private final int bytes;
  private final int cublas;

  DType(int bytes, int cublas) {
    this.bytes = bytes;
    this.cublas = cublas;
  }

  /** Bytes a value. */
  int bytes() {
    return bytes;
  }

  /** The number of this type in the kernels. */
  int code() {
    return ordinal();
  }

  /** The number of this type in cuBLAS. */
  int cublas() {
    return cublas;
  }

  /** In what weights are held on the device: see the package's page. */
  static DType held(WeightType type) {
    return type == WeightType.BF16 ? BF16 : F16;
  }

  static DType of(KvType type) {
    return switch (type) {
      case F32 -> F32;
      case F16 -> F16;
      case BF16 -> BF16;
    };
  }

  /**
   * The number of a type of weights in the kernels; other quantized types are no business of
   * theirs.
   */
  static int code(WeightType type) {
    return switch (type) {
      case F32 -> F32.code();
      case F16 -> F16.code();
      case BF16 -> BF16.code();
      case Q8_0 -> Q8_0;
      default -> throw new IllegalArgumentException("the kernels do not read " + type);
    };
  }

  /** A 16-bit value of this type. */
  short encode(float x) {
    if (this == F16) {
      boolean past = Math.abs(x) > 65504f && !Float.isInfinite(x);
      return Float.floatToFloat16(past ? Math.copySign(65504f, x) : x);
    }
    int bits = Float.floatToRawIntBits(x);
    if (Float.isNaN(x)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }

  /** What a 16-bit value of this type means. */
  float decode(short x) {
    return this == F16 ? Float.float16ToFloat(x) : Float.intBitsToFloat(x << 16);
  }
}
