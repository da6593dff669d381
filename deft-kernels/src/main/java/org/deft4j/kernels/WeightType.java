package org.deft4j.kernels;

/**
 * How weights lie in memory: blocks of {@link #blockSize()} consecutive values of a row, little
 * endian, as in a GGUF file.
 */
public enum WeightType {
  /** IEEE binary32. */
  F32(0, 1, 4),
  /** IEEE binary16. */
  F16(1, 1, 2),
  /** The upper half of a binary32. */
  BF16(30, 1, 2),
  /** 32 signed bytes after one binary16 scale; a value is byte times scale. */
  Q8_0(8, 32, 34),
  /** 32 quants of 4 bits and a scale. */
  Q4_0(2, 32, 18),
  /** 32 quants of 4 bits, a scale and a minimum. */
  Q4_1(3, 32, 20),
  /** 32 quants of 5 bits and a scale. */
  Q5_0(6, 32, 22),
  /** 32 quants of 5 bits, a scale and a minimum. */
  Q5_1(7, 32, 24),
  /** 256 quants of 4 bits; scales and minima of 6 bits for each 32. */
  Q4_K(12, 256, 144),
  /** 256 quants of 5 bits; scales and minima of 6 bits for each 32. */
  Q5_K(13, 256, 176),
  /** 256 quants of 6 bits; scales of 8 bits for each 16. */
  Q6_K(14, 256, 210);

  private final int ggmlType;
  private final int blockSize;
  private final int blockBytes;

  WeightType(int ggmlType, int blockSize, int blockBytes) {
    this.ggmlType = ggmlType;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
  }

  /** The number of this type in a GGUF file. */
  public int ggmlType() {
    return ggmlType;
  }

  /** Values a block. */
  public int blockSize() {
    return blockSize;
  }

  /** Whether values are small integers times a scale: what {@link QuantizedRow} takes apart. */
  public boolean quantized() {
    return blockSize > 1;
  }

  /** Whether something is added to the product of quant and scale. */
  public boolean hasMinima() {
    return this == Q4_1 || this == Q5_1 || this == Q4_K || this == Q5_K;
  }

  /** Bytes a block. */
  public int blockBytes() {
    return blockBytes;
  }

  /**
   * Bytes of a row of {@code cols} values.
   *
   * @throws IllegalArgumentException if {@code cols} is no multiple of {@link #blockSize()}
   */
  public long rowBytes(int cols) {
    if (cols < 1 || cols % blockSize != 0) {
      throw new IllegalArgumentException(
          cols + " columns are no positive multiple of " + blockSize + ", the block of " + this);
    }
    return (long) (cols / blockSize) * blockBytes;
  }
}
