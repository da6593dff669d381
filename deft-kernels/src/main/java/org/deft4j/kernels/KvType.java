package org.deft4j.kernels;

/** How keys and values are stored. */
public enum KvType {
  /** IEEE binary32. */
  F32(4),
  /** IEEE binary16; values past its range are stored as the nearest finite one. */
  F16(2),
  /** The upper half of a binary32, rounded to nearest even. */
  BF16(2);

  private final int bytes;

  KvType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes a value. */
  public int bytes() {
    return bytes;
  }
}
