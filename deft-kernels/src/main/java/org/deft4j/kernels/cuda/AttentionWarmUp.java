package org.deft4j.kernels.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.DeftException;
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

  private AttentionWarmUp(
      TiledAttention attention, CudaKvCache kv, DeviceBuffer queries, CudaTensor out, int heads) {
    this.attention = attention;
    this.kv = kv;
    this.queries = queries;
    this.out = out;
    this.heads = heads;
  }

  /**
   * Makes the memory and runs once, so that {@link #run} launches only.
   *
   * @throws DeftException if there is no memory; then none is taken
   */
  static AttentionWarmUp of(
      CudaDevice device, AttentionTuning tuning, KvType type, int headDim, int heads, DType made) {
    Deque<AutoCloseable> parts = new ArrayDeque<>();
    try {
      TiledAttention attention = new TiledAttention(device, tuning);
      parts.push(attention);
      KvShape shape = new KvShape(1, 1, headDim, SHARED + ROWS * OWN, type);
      CudaKvCache kv = new CudaKvCache(device, shape, 4);
      parts.push(kv::close);
      long bytes = (long) ROWS * heads * kv.padded() * type.bytes();
      DeviceBuffer queries = device.memory().cleared(bytes, "a warm-up");
      parts.push(queries::close);
      CudaTensor out = new CudaTensor(device, ROWS, heads * headDim, made);
      parts.push(out::close);
      AttentionWarmUp warmUp = new AttentionWarmUp(attention, kv, queries, out, heads);
      attention.begin(plan(), ROWS);
      warmUp.run();
      return warmUp;
    } catch (DeftException e) {
      for (AutoCloseable p : parts) {
        try {
          p.close();
        } catch (Exception other) {
          e.addSuppressed(other);
        }
      }
      throw e;
    }
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
