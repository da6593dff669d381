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

  /** How symbols of kernels name a type of weights. */
  static String nameOf(DType type) {
    return type == DType.F16 ? "fp16" : "bf16";
  }

  /**
   * Lays out what a kernel is told, {@code DeftGemm} of {@code gemm_params.cuh}.
   *
   * @param x address of {@code [rows][w.stride()]} of the matrix's type, zero past its columns
   * @param y address of the result
   * @param part address of what parts of K are added up in, 0 where there is one
   * @param mode as of {@link FewRowProducts}
   * @param parts of K that are added up through {@code part}
   */
  static void tell(
      ParamBlock params,
      CudaMatrix w,
      long x,
      long y,
      long part,
      int yStride,
      int rows,
      int mode,
      int parts,
      boolean early) {
    params.clear().pointer(w.buffer()).i64(x).i64(y).i64(part);
    params.i64(w.stride()).i64(w.stride()).i64(yStride);
    params.i32(outputs(w, mode)).i32(w.stride()).i32(rows);
    params.i32(mode).i32(parts).i32(early ? 1 : 0);
  }

  /** Outputs of a row of a product. */
  static int outputs(CudaMatrix w, int mode) {
    return (mode & FewRowProducts.SWIGLU) != 0 ? w.rows() / 2 : w.rows();
  }

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
