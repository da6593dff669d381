package org.deft4j.bench.attention;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.WeightType;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * Times attention by a backend's own calls, one layer after the other. Keys and values are zeros,
 * which costs a processor as much as any others.
 */
public final class BackendLayerTimer implements LayerTimer {
  private static final int LAYERS = 2;
  private static final int RUNS = 5;

  /** Until the kernels are compiled: before the first measurement, and before each. */
  private static final long WARM_UP_NANOS = 1_000_000_000;

  private static final long AGAIN_NANOS = 20_000_000;

  private final Backend backend;
  private boolean warm;

  /** Takes the backend over: {@link #close} closes it. */
  public BackendLayerTimer(Backend backend) {
    this.backend = backend;
  }

  @Override
  public String device() {
    return backend.info().description();
  }

  @Override
  public double micros(AttentionPlan plan, int heads, int kvHeads, int headDim) {
    int slots = 1;
    for (int p = 0; p < plan.pieces(); p++) {
      slots = Math.max(slots, plan.pieceSlot()[p] + plan.pieceLength()[p]);
    }
    int rows = plan.rows();
    KvType type = backend.kvType(WeightType.F32);
    Batch batch = new Batch();
    batch.reset(rows);
    batch.plan(plan);
    float[] row = new float[(heads + 2 * kvHeads) * headDim];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < row.length; i++) {
      row[i] = (float) random.nextGaussian();
    }
    try (KvCache kv = backend.kvCache(new KvShape(LAYERS, kvHeads, headDim, slots, type));
        Tensor qkv = backend.tensor(rows, row.length);
        Tensor out = backend.tensor(rows, heads * headDim)) {
      for (int r = 0; r < rows; r++) {
        qkv.write(r, 1, row, 0);
      }
      float scale = (float) (1 / Math.sqrt(headDim));
      float[] read = new float[heads * headDim];
      backend.begin(batch);
      double[] micros = new double[RUNS];
      long end = System.nanoTime() + (warm ? AGAIN_NANOS : WARM_UP_NANOS);
      warm = true;
      int i = -1;
      while (i < RUNS) {
        long start = System.nanoTime();
        for (int layer = 0; layer < LAYERS; layer++) {
          backend.attention(kv, layer, qkv, scale, out);
        }
        out.read(0, 1, read, 0); // waits
        long now = System.nanoTime();
        if (i >= 0) {
          micros[i] = (now - start) / 1e3 / LAYERS;
        }
        i += i >= 0 || now >= end ? 1 : 0;
      }
      Arrays.sort(micros);
      return micros[RUNS / 2];
    }
  }

  @Override
  public void close() {
    backend.close();
  }
}
