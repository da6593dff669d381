package org.deft4j.kernels.cuda;

import java.nio.charset.StandardCharsets;

/**
 * Points JCuda's cuBLAS binding for Linux at cuBLAS 13.
 *
 * <p>JCublas 12.6 is linked against {@code libcublas.so.12}; every function it uses has the same
 * signature in cuBLAS 13. The name is written once in the library's string table, and its hash once
 * in its table of needed versions (System V ABI, symbol versioning); one byte of each differs for
 * 13.
 */
final class ElfPatch {
  private static final byte[] OLD_NAME = "\0libcublas.so.12\0".getBytes(StandardCharsets.US_ASCII);
  private static final int OLD_HASH = hash("libcublas.so.12");
  private static final int NEW_HASH = hash("libcublas.so.13");

  private ElfPatch() {}

  /**
   * A copy of the library that needs {@code libcublas.so.13}.
   *
   * @throws IllegalArgumentException if the library is not one that can be patched with certainty:
   *     no 64-bit little-endian ELF, or the name or the hash is not there exactly once
   */
  static byte[] needCublas13(byte[] library) {
    if (library.length < 64
        || library[0] != 0x7f
        || library[1] != 'E'
        || library[2] != 'L'
        || library[3] != 'F'
        || library[4] != 2
        || library[5] != 1) {
      throw new IllegalArgumentException("not a 64-bit little-endian ELF library");
    }
    byte[] hash = {
      (byte) OLD_HASH, (byte) (OLD_HASH >> 8), (byte) (OLD_HASH >> 16), (byte) (OLD_HASH >> 24)
    };
    int name = only(library, OLD_NAME, 1, "name libcublas.so.12");
    int word = only(library, hash, 4, "hash of libcublas.so.12");
    byte[] patched = library.clone();
    patched[name + OLD_NAME.length - 2] = '3';
    for (int i = 0; i < 4; i++) {
      patched[word + i] = (byte) (NEW_HASH >> (8 * i));
    }
    return patched;
  }

  /** The hash of the System V ABI for symbol versions. */
  static int hash(String name) {
    int h = 0;
    for (int i = 0; i < name.length(); i++) {
      h = (h << 4) + name.charAt(i);
      int high = h & 0xf0000000;
      h = (h ^ (high >>> 24)) & ~high;
    }
    return h;
  }

  private static int only(byte[] in, byte[] pattern, int align, String what) {
    int found = -1;
    for (int i = 0; i + pattern.length <= in.length; i += align) {
      int k = 0;
      while (k < pattern.length && in[i + k] == pattern[k]) {
        k++;
      }
      if (k == pattern.length) {
        if (found >= 0) {
          throw new IllegalArgumentException(what + " is there more than once");
        }
        found = i;
      }
    }
    if (found < 0) {
      throw new IllegalArgumentException(what + " is not there");
    }
    return found;
  }
}
