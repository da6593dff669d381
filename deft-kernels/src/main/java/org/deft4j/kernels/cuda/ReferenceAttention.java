package org.deft4j.kernels.cuda;

import org.deft4j.tree.plan.AttentionPlan;

/**
 * The plan computed as it is written down, a warp a row and head: the device's own oracle for the
 * fast kernels.
 */
final class ReferenceAttention implements CudaAttention {
  private final Launcher launcher;
  private final CudaKernel kernel;
  private final StepUpload upload;
  private final ParamBlock params = new ParamBlock(256);
  private final long[] arrays = new long[12];
  private int rows;
  private int maskKind;
  private int maskTokens;
  private int maskWords;

  ReferenceAttention(CudaDevice device) {
    launcher = device.launcher();
    kernel = device.load("attention_reference").kernel("attention_reference");
    upload = new StepUpload(device);
  }

  @Override
  public void begin(AttentionPlan plan, int newRows) {
    rows = newRows;
    maskKind = plan.maskKind().ordinal();
    maskTokens = plan.maskTokens();
    maskWords = plan.maskWords();
    int groups = plan.groups();
    int pieces = plan.pieces();
    int ranges = plan.rows() == 0 ? 0 : plan.rowRange()[plan.rows()];
    int dense = plan.maskKind() == AttentionPlan.MaskKind.DENSE ? plan.rows() * maskTokens : 0;
    int bits = plan.maskKind() == AttentionPlan.MaskKind.BITS ? maskTokens * maskWords : 0;
    upload.begin(
        StepUpload.room(groups + 1 + rows + 1 + 2 * ranges, 4)
            + StepUpload.room(6 * pieces, 4)
            + StepUpload.room(dense, 1)
            + StepUpload.room(bits, 8)
            + 16 * 12);
    int[] offsets = {
      upload.put(plan.groupPiece(), groups + 1),
      upload.put(plan.pieceSlot(), pieces),
      upload.put(plan.pieceLength(), pieces),
      upload.put(plan.pieceRowLo(), pieces),
      upload.put(plan.pieceRowHi(), pieces),
      upload.put(plan.pieceCausal(), pieces),
      upload.put(plan.pieceToken(), pieces),
      upload.put(plan.rowRange(), plan.rows() + 1, rows + 1, ranges),
      upload.put(plan.rangeFirst(), ranges),
      upload.put(plan.rangeEnd(), ranges),
      upload.put(plan.denseMask(), dense),
      upload.put(plan.bitMask(), bits)
    };
    upload.send();
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = upload.address(offsets[i]);
    }
  }

  @Override
  public long version() {
    return -1; // an oracle is launched one by one
  }

  @Override
  public void run(CudaKvCache kv, int layer, long queries, int heads, float scale, CudaTensor out) {
    params.clear().i64(queries).i64(kv.keys(layer)).i64(kv.values(layer));
    params.pointer(out.buffer());
    for (long array : arrays) {
      params.i64(array);
    }
    params
        .i64(out.stride())
        .i32(heads)
        .i32(kv.shape().kvHeads())
        .i32(kv.shape().headDim())
        .i32(kv.padded())
        .i32(kv.shift())
        .i32(maskKind)
        .i32(maskTokens)
        .i32(maskWords)
        .i32(kv.type().code())
        .i32(out.type().code())
        .f32(scale);
    launcher.launch(kernel, heads, rows, 32, 0, params);
  }

  @Override
  public void close() {
    upload.close();
  }
}
