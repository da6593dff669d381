package org.deft4j.kernels.cuda;

import org.deft4j.kernels.RopeSpec;
import org.jspecify.annotations.Nullable;

/**
 * Launches the kernels of {@code step.cu}; the order of each struct's fields is that of its source.
 */
final class StepKernels {
  /** Rows that one launch of {@link #gather} takes. */
  static final int GATHER_ROWS = 128;

  /** Pairs that one launch of {@link #copyKv} takes. */
  static final int COPY_PAIRS = 256;

  /** Columns of a part of {@link #summarize}. */
  static final int SUMMARY_COLUMNS = 4096;

  /** Bytes of a part, and of a row's result: max, best, sum. */
  static final int SUMMARY_BYTES = 16;

  private final Launcher launcher;
  private final CudaKernel convert;
  private final CudaKernel embed;
  private final CudaKernel gather;
  private final CudaKernel rmsNorm;
  private final CudaKernel addBias;
  private final CudaKernel swiglu;
  private final CudaKernel normHeads;
  private final CudaKernel ropeTurns;
  private final CudaKernel ropeAppend;
  private final CudaKernel copyKv;
  private final CudaKernel softmax;
  private final CudaKernel summarizeParts;
  private final CudaKernel summarizeRows;
  private final ParamBlock params = new ParamBlock(4096);

  StepKernels(CudaDevice device) {
    launcher = device.launcher();
    CudaModule step = device.load("step");
    convert = step.kernel("convert");
    embed = step.kernel("embed");
    gather = step.kernel("gather_rows");
    rmsNorm = step.kernel("rms_norm");
    addBias = step.kernel("add_bias");
    swiglu = step.kernel("swiglu");
    normHeads = step.kernel("norm_heads");
    ropeTurns = step.kernel("rope_turns");
    ropeAppend = step.kernel("rope_append");
    copyKv = step.kernel("copy_kv");
    softmax = step.kernel("softmax");
    summarizeParts = step.kernel("summarize_parts");
    summarizeRows = step.kernel("summarize_rows");
  }

  /**
   * Copies rows of values of one type to another.
   *
   * @param fromStride values from a row to the next, bytes for Q8_0
   */
  void convert(
      long from,
      long fromStride,
      int fromType,
      long to,
      long toStride,
      DType toType,
      int rows,
      int cols) {
    params.clear().i64(from).i64(to).i64(fromStride).i64(toStride);
    params.i32(rows).i32(cols).i32(fromType).i32(toType.code());
    int blocks = Math.min(64, (cols + 255) / 256);
    launcher.launchEarly(convert, blocks, Math.min(rows, 32768), 256, 0, params);
  }

  /**
   * Copies the rows of tokens.
   *
   * @param drawn address of the address of drawn tokens, which negative ones name
   */
  void embed(CudaMatrix table, long tokens, long drawn, CudaTensor y, int rows) {
    params.clear().pointer(table.buffer()).i64(tokens).i64(drawn).pointer(y.buffer());
    params.i64(table.stride()).i64(y.stride()).i32(y.cols());
    params.i32(table.held().code()).i32(y.type().code());
    launcher.launchEarly(embed, rows, 1, threads(y.cols()), 0, params);
  }

  void gather(CudaTensor x, int[] rows, int from, int n, CudaTensor y) {
    long at = (long) from * y.stride() * y.type().bytes();
    params.clear().pointer(x.buffer()).i64(y.buffer().address(at));
    params.i64(x.stride()).i64(y.stride()).i32(x.cols());
    params.i32(x.type().code()).i32(y.type().code());
    for (int i = 0; i < GATHER_ROWS; i++) {
      params.i32(i < n ? rows[from + i] : 0);
    }
    launcher.launchEarly(gather, n, 1, threads(x.cols()), 0, params);
  }

  void rmsNorm(CudaTensor x, CudaTensor weight, float eps, CudaTensor y, int rows) {
    params.clear().pointer(x.buffer()).pointer(weight.buffer()).pointer(y.buffer());
    params.i64(x.stride()).i64(y.stride()).i32(x.cols());
    params.i32(x.type().code()).i32(y.type().code()).f32(eps);
    launcher.launchEarly(rmsNorm, rows, 1, 256, 0, params);
  }

  void addBias(CudaTensor y, CudaTensor bias, int rows) {
    params.clear().pointer(y.buffer()).pointer(bias.buffer()).i64(y.stride());
    params.i32(y.cols()).i32(y.type().code());
    launcher.launchEarly(addBias, (y.cols() + 1023) / 1024, rows, 256, 0, params);
  }

  /** {@code gateUp [rows][2 * y.cols()]}. */
  void swiglu(DeviceBuffer gateUp, int gateStride, DType gateType, CudaTensor y, int rows) {
    params.clear().pointer(gateUp).pointer(y.buffer()).i64(gateStride).i64(y.stride());
    params.i32(y.cols()).i32(gateType.code()).i32(y.type().code());
    launcher.launchEarly(swiglu, (y.cols() + 1023) / 1024, rows, 256, 0, params);
  }

  void normHeads(CudaTensor x, int first, int n, CudaTensor weight, float eps, int rows) {
    int dim = weight.cols();
    params.clear().i64(x.buffer().address((long) first * dim * x.type().bytes()));
    params.pointer(weight.buffer()).i64(x.stride()).i32(n).i32(dim).i32(x.type().code()).f32(eps);
    launcher.launchEarly(normHeads, (n + 3) / 4, rows, 128, 0, params);
  }

  /** Fills in the cosines and sines of the rows' positions. */
  void ropeTurns(CudaRope rope, long positions, int rows) {
    params.clear().pointer(rope.frequencies()).i64(positions).pointer(rope.turns(rows));
    params.i32(rope.pairs());
    launcher.launchEarly(ropeTurns, rows, 1, 64, 0, params);
  }

  /**
   * Rotates, stores and lays the queries out at {@code queries}; normalizes heads first for which
   * there are weights.
   */
  void ropeAppend(
      CudaRope rope,
      CudaKvCache kv,
      int layer,
      CudaTensor qkv,
      int heads,
      long slots,
      DeviceBuffer queries,
      @Nullable CudaTensor queryNorm,
      @Nullable CudaTensor keyNorm,
      float eps,
      int rows) {
    int kvHeads = kv.shape().kvHeads();
    boolean interleaved = rope.spec().style() == RopeSpec.Style.INTERLEAVED;
    params.clear().pointer(qkv.buffer()).pointer(rope.turns(rows)).i64(slots);
    params.pointer(queries).i64(kv.keys(layer)).i64(kv.values(layer));
    params.i64(address(queryNorm)).i64(address(keyNorm)).i64(qkv.stride());
    params.i32(heads).i32(kvHeads).i32(kv.shape().headDim()).i32(kv.padded()).i32(rope.pairs());
    params.i32(kv.shift()).i32(interleaved ? 1 : 0);
    params.i32(qkv.type().code()).i32(kv.type().code()).i32(1).f32(eps);
    launcher.launchEarly(ropeAppend, (heads + 2 * kvHeads + 3) / 4, rows, 128, 0, params);
  }

  private static long address(@Nullable CudaTensor t) {
    return t == null ? 0 : t.buffer().address();
  }

  /** Lays queries out that were rotated before. */
  void layOut(CudaKvCache kv, CudaTensor qkv, int heads, DeviceBuffer queries, int rows) {
    params.clear().pointer(qkv.buffer()).i64(0).i64(0).pointer(queries);
    params
        .i64(0)
        .i64(0)
        .i64(0)
        .i64(0)
        .i64(qkv.stride())
        .i32(heads)
        .i32(kv.shape().kvHeads())
        .i32(kv.shape().headDim());
    params.i32(kv.padded()).i32(0).i32(kv.shift()).i32(0);
    params.i32(qkv.type().code()).i32(kv.type().code()).i32(0).f32(0);
    launcher.launchEarly(ropeAppend, (heads + 3) / 4, rows, 128, 0, params);
  }

  /** Copies pairs that do not depend on each other. */
  void copyKv(CudaKvCache kv, int[] from, int[] to, int first, int n) {
    params.clear().i64(kv.keys(0)).i64(kv.values(0)).i64(kv.layerBytes());
    params.i32(kv.shape().kvHeads()).i32(kv.padded() * kv.type().bytes()).i32(kv.shift());
    for (int i = 0; i < COPY_PAIRS; i++) {
      params.i32(i < n ? from[first + i] : 0);
    }
    for (int i = 0; i < COPY_PAIRS; i++) {
      params.i32(i < n ? to[first + i] : 0);
    }
    launcher.launch(copyKv, n, kv.shape().layers(), 2, 128, 1, 0, params);
  }

  void softmax(CudaTensor x, int rows, boolean log) {
    params.clear().pointer(x.buffer()).i64(x.stride()).i32(x.cols()).i32(log ? 1 : 0);
    launcher.launch(softmax, rows, 1, 1024, 0, params);
  }

  /** Results of {@code rows} rows at the start of {@code out}; parts come after them. */
  void summarize(CudaTensor x, int rows, int cols, DeviceBuffer out) {
    int parts = summaryParts(cols);
    params.clear().pointer(x.buffer()).i64(out.address((long) rows * SUMMARY_BYTES)).pointer(out);
    params.i64(x.stride()).i32(cols).i32(parts);
    launcher.launch(summarizeParts, parts, rows, 256, 0, params);
    launcher.launch(summarizeRows, rows, 1, 32, 0, params);
  }

  static int summaryParts(int cols) {
    return (cols + SUMMARY_COLUMNS - 1) / SUMMARY_COLUMNS;
  }

  private static int threads(int cols) {
    return Math.clamp((cols / 4 + 31) & -32, 32, 256);
  }
}
