package org.deft4j.kernels.cuda;

import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * A few branches on a few tokens, attended by one thread block beside other work. In a step the
 * weights of a layer push the attention kernel's code out of the second-level cache, and each
 * multiprocessor waits for it anew; one that ran it shortly before brings it back for all.
 */
final class AttentionWarmUp implements AutoCloseable {
  private static final int ROWS = 10;
  private static final int SHARED = 64;
  private static final int OWN = 2;

  private final TiledAttention attention;
  private final CudaKvCache kv;
  private final DeviceBuffer queries;
  private final CudaTensor out;
  private final int heads;

  /** Makes the memory and runs once, so that {@link #run} launches only. */
  AttentionWarmUp(
      CudaDevice device, AttentionTuning tuning, KvType type, int headDim, int heads, DType made) {
    this.heads = heads;
    attention = new TiledAttention(device, tuning);
    kv = new CudaKvCache(device, new KvShape(1, 1, headDim, SHARED + ROWS * OWN, type), 4);
    queries = device.cleared((long) ROWS * heads * kv.padded() * type.bytes(), "a warm-up");
    out = new CudaTensor(device, ROWS, heads * headDim, made);
    attention.begin(plan(), ROWS);
    run();
  }

  private static AttentionPlan plan() {
    AttentionPlan p = new AttentionPlan();
    p.reset(AttentionMethod.FLATTEN, ROWS);
    p.addPiece(0, SHARED, 0, ROWS, AttentionPlan.ALL, 0);
    for (int r = 0; r < ROWS; r++) {
      p.addPiece(SHARED + OWN * r, OWN, r, r + 1, AttentionPlan.ALL, 0);
    }
    p.endGroup(0, ROWS);
    for (int r = 0; r < ROWS; r++) {
      p.addRange(0, 1);
      p.endRow(r);
    }
    return p;
  }

  /** Queues it beside what comes next. */
  void run() {
    attention.run(kv, 0, queries.address(), heads, 0.1f, out);
  }

  @Override
  public void close() {
    attention.close();
    kv.close();
    queries.close();
    out.close();
  }
}
