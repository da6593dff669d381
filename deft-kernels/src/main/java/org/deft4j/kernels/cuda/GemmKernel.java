package org.deft4j.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A line of {@code deft_gemm_table} or {@code deft_wgmma_table}: a product of few rows that an
 * image holds.
 *
 * @param name without the type
 * @param rows takes 1 to so many rows
 * @param tile rows of the matrix that a thread block works on at a time
 * @param threads a thread block
 * @param sharedBytes dynamic shared memory
 * @param cluster thread blocks that share out the columns; the grid is a multiple of it. 0 if that
 *     is for the launch to say
 * @param order kernels of the same order give a row the same bits; 0 for none
 * @param gates whether it can gate: {@link FewRowProducts#SWIGLU}
 * @param split how the blocks of a cluster add up: 0 there is one, 1 in the cluster, 2 by memory
 *     and another kernel, 3 by memory
 * @param least compute capability that it needs
 */
record GemmKernel(
    String name,
    int rows,
    int tile,
    int threads,
    int sharedBytes,
    int cluster,
    int order,
    boolean gates,
    int split,
    int least) {
  private static final int NAME_BYTES = 40;
  private static final int BYTES = NAME_BYTES + 9 * 4;

  /** Reads the table. */
  static List<GemmKernel> table(byte[] bytes) {
    ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    List<GemmKernel> all = new ArrayList<>();
    for (int at = 0; at + BYTES <= bytes.length && bytes[at] != 0; at += BYTES) {
      int length = 0;
      while (length < NAME_BYTES && bytes[at + length] != 0) {
        length++;
      }
      b.position(at + NAME_BYTES);
      all.add(
          new GemmKernel(
              new String(bytes, at, length, StandardCharsets.US_ASCII),
              b.getInt(),
              b.getInt(),
              b.getInt(),
              b.getInt(),
              b.getInt(),
              b.getInt(),
              b.getInt() != 0,
              b.getInt(),
              b.getInt()));
    }
    return all;
  }
}
