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
  Q8_0(8, 32, 34);

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
