package org.deft4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * Times attention alone on a CUDA device: both stages of one layer, as a node of a graph of many
 * layers whose keys and values lie in different memory, so that the second-level cache does not
 * hold them. Beside it a plain read of as many bytes, which is the bound for anything that reads
 * them, and the error against float64.
 */
public final class CudaAttentionMeter implements AutoCloseable {
  /**
   * What was measured.
   *
   * @param streamMicros reading the tree's keys and values once, computing nothing
   * @param attentionMicros attention of one layer
   * @param scheduleMicros host time for the schedule of a plan, which all layers of a step share
   * @param error relative L2 error of sampled rows against float64
   */
  public record Result(
      double streamMicros, double attentionMicros, double scheduleMicros, double error) {}

  private static final int PAGE_SHIFT = 4;
  private static final long ROTATION_BYTES = 600L << 20;
  private static final int RANDOM = 1 << 23;
  private static final int REPLAYS = 10;
  private static final int SERIES_REPLAYS = 3;
  private static final int SAMPLES = 16;

  private final CudaDevice device;
  private TiledAttention attention;
  private final CudaKernel read;
  private final Map<DType, short[]> noises = new EnumMap<>(DType.class);

  private CudaAttentionMeter(CudaDevice device) {
    this.device = device;
    attention = new TiledAttention(device, false);
    read = device.load("probe").kernel("probe_read");
  }

  /**
   * Opens the device.
   *
   * @throws org.deft4j.tree.DeftException if none can be used; says why
   */
  public static CudaAttentionMeter open() {
    CudaDevice device = CudaDevice.open();
    try {
      return new CudaAttentionMeter(device);
    } catch (RuntimeException | Error e) {
      device.close();
      throw e;
    }
  }

  /** Name of the device. */
  public String device() {
    return device.name();
  }

  /**
   * Measures one plan.
   *
   * @param tokens that the plan's rows see, each counted once
   * @param heads query heads, a multiple of {@code kvHeads}
   * @param type of keys, values, queries and outputs: F16 or BF16
   */
  public Result measure(
      AttentionPlan plan, long tokens, int heads, int kvHeads, int headDim, KvType type) {
    long unique = tokens * kvHeads * headDim * 2L * type.bytes();
    try (Setup s = new Setup(plan, unique, heads, kvHeads, headDim, type)) {
      s.run(0);
      float[] got = new float[plan.rows() * heads * headDim];
      s.out.read(0, plan.rows(), got, 0);
      double error = error(plan, s.kv, s.noise, heads, s.scale, got);
      int runs = Math.max(s.layers, 16);
      double micros = s.micros(runs, REPLAYS);
      double stream = stream(s.kv, unique, s.layers, runs);
      return new Result(stream, micros, attention.scheduleMicros(plan), error);
    }
  }

  /**
   * Microseconds of one layer's attention by one plan, as in {@link #measure} with fewer runs and
   * nothing else measured: for series of many plans.
   *
   * @throws org.deft4j.tree.DeftException ({@link org.deft4j.tree.DeftException#OUT_OF_MEMORY}) if
   *     the plan's keys and values do not fit
   */
  public double micros(AttentionPlan plan, int heads, int kvHeads, int headDim, KvType type) {
    long span = 2L * slots(plan) * kvHeads * headDim * type.bytes();
    try (Setup s = new Setup(plan, span, heads, kvHeads, headDim, type)) {
      return s.micros(Math.max(s.layers, 8), SERIES_REPLAYS);
    }
  }

  /** What {@link #sweep} found under one setting. */
  record Swept(double micros, double scheduleMicros, double error) {}

  /** Measures one plan under several settings of the schedule, on the same keys and values. */
  List<Swept> sweep(
      AttentionPlan plan,
      long tokens,
      int heads,
      int kvHeads,
      int headDim,
      KvType type,
      List<AttentionTuning> settings) {
    TiledAttention usual = attention;
    List<Swept> all = new ArrayList<>();
    long unique = tokens * kvHeads * headDim * 2L * type.bytes();
    try (Setup s = new Setup(plan, unique, heads, kvHeads, headDim, type)) {
      for (AttentionTuning t : settings) {
        try (TiledAttention other = new TiledAttention(device, false, t)) {
          attention = other;
          other.begin(plan);
          s.run(0);
          float[] got = new float[plan.rows() * heads * headDim];
          s.out.read(0, plan.rows(), got, 0);
          double error = error(plan, s.kv, s.noise, heads, s.scale, got);
          double micros = s.micros(Math.max(s.layers, 16), REPLAYS);
          all.add(new Swept(micros, other.scheduleMicros(plan), error));
        }
      }
    } finally {
      attention = usual;
    }
    return all;
  }

  private static int slots(AttentionPlan plan) {
    int slots = 0;
    for (int p = 0; p < plan.pieces(); p++) {
      slots = Math.max(slots, plan.pieceSlot()[p] + plan.pieceLength()[p]);
    }
    return slots;
  }

  /** A plan with the memory that it reads and writes, filled with noise. */
  private final class Setup implements AutoCloseable {
    final int layers;
    final short[] noise;
    final float scale;
    final CudaKvCache kv;
    final CudaTensor out;
    private final DeviceBuffer block;
    private final DeviceBuffer queries;
    private final int heads;

    /**
     * @param bytes that a layer's run reads: as many layers as put the second-level cache out of
     *     the way
     */
    Setup(AttentionPlan plan, long bytes, int heads, int kvHeads, int headDim, KvType type) {
      this.heads = heads;
      int slots = slots(plan);
      long each = 2L * (slots + 63) * kvHeads * (headDim <= 64 ? 64 : 128) * type.bytes();
      layers =
          (int)
              Math.clamp(
                  Math.min(ROTATION_BYTES / bytes + 1, device.memory().freeBytes() / 2 / each),
                  1,
                  32);
      DType dtype = DType.of(type);
      noise = noises.computeIfAbsent(dtype, CudaAttentionMeter::noise);
      scale = (float) (1 / Math.sqrt(headDim));
      kv = new CudaKvCache(device, new KvShape(layers, kvHeads, headDim, slots, type), PAGE_SHIFT);
      block = device.memory().allocate(2L * RANDOM);
      queries = device.memory().allocate(2L * plan.rows() * heads * kv.padded());
      out = new CudaTensor(device, plan.rows(), heads * headDim, dtype);
      device.memory().upload(block, 0, MemorySegment.ofArray(noise));
      repeat(kv.keyBuffer(), block);
      repeat(kv.valueBuffer(), block);
      repeat(queries, block);
      attention.begin(plan);
      run(0);
    }

    void run(int layer) {
      attention.run(kv, layer, queries.address(), heads, scale, out);
    }

    double micros(int runs, int replays) {
      return median(
          () -> {
            for (int i = 0; i < runs; i++) {
              run(i % layers);
            }
          },
          runs,
          replays);
    }

    @Override
    public void close() {
      kv.close();
      block.close();
      queries.close();
      out.close();
    }
  }

  private static short[] noise(DType type) {
    SplittableRandom random = new SplittableRandom(1);
    short[] noise = new short[RANDOM];
    for (int i = 0; i < RANDOM; i++) {
      noise[i] = type.encode((float) random.nextGaussian());
    }
    return noise;
  }

  private void repeat(DeviceBuffer to, DeviceBuffer block) {
    for (long at = 0; at < to.bytes(); at += block.bytes()) {
      device.memory().copy(to, at, block, 0, Math.min(block.bytes(), to.bytes() - at));
    }
  }

  private double stream(CudaKvCache kv, long unique, int layers, int runs) {
    int blocks = 4 * device.multiprocessors();
    // In one read, other memory each time; what is more than all keys is read of the values.
    long span = kv.keyBuffer().bytes();
    long bytes = Math.min(unique, span);
    long rest = unique - bytes;
    try (DeviceBuffer sum = device.memory().allocate(4)) {
      device.memory().fill(sum, 0, 4, 0);
      ParamBlock params = new ParamBlock(64);
      return median(
          () -> {
            for (int i = 0; i < runs; i++) {
              long at = i % layers * bytes % Math.max(1, span - bytes) & -256;
              params.clear().i64(kv.keyBuffer().address(at)).pointer(sum).i64(bytes / 16);
              device.launcher().launch(read, blocks, 1, 512, 0, params);
              if (rest > 0) {
                params.clear().i64(kv.valueBuffer().address(0)).pointer(sum).i64(rest / 16);
                device.launcher().launch(read, blocks, 1, 512, 0, params);
              }
            }
          },
          runs,
          REPLAYS);
    }
  }

  private double median(Runnable work, int runs, int replays) {
    double[] micros = new double[replays];
    try (CudaGraph graph = device.launcher().capture(work);
        CudaTimer timer = device.timer()) {
      for (int i = -2; i < replays; i++) {
        timer.start();
        graph.launch();
        timer.stop();
        double t = timer.micros() / runs;
        if (i >= 0) {
          micros[i] = t;
        }
      }
    }
    Arrays.sort(micros);
    return (micros[(replays - 1) / 2] + micros[replays / 2]) / 2;
  }

  /** Layer 0 in float64, from the block of noise that fills all memory. */
  private static double error(
      AttentionPlan plan, CudaKvCache kv, short[] noise, int heads, float scale, float[] got) {
    int headDim = kv.shape().headDim();
    int kvHeads = kv.shape().kvHeads();
    int rows = plan.rows();
    double wrong = 0;
    double all = 0;
    for (int n = 0; n < Math.min(SAMPLES, rows); n++) {
      int row = rows <= SAMPLES ? n : (int) ((long) rows * n / SAMPLES);
      int[] slots = visible(plan, row);
      int head = n % heads;
      double[] scores = new double[slots.length];
      double top = Double.NEGATIVE_INFINITY;
      long q = ((long) row * heads + head) * kv.padded();
      for (int i = 0; i < slots.length; i++) {
        long k = element(kv, slots[i], head / (heads / kvHeads));
        // Noise fills what pads a head, too.
        for (int d = 0; d < kv.padded(); d++) {
          scores[i] += (double) value(kv, noise, q + d) * value(kv, noise, k + d);
        }
        scores[i] *= scale;
        top = Math.max(top, scores[i]);
      }
      double sum = 0;
      double[] want = new double[headDim];
      for (int i = 0; i < slots.length; i++) {
        double e = Math.exp(scores[i] - top);
        sum += e;
        long v = element(kv, slots[i], head / (heads / kvHeads));
        for (int d = 0; d < headDim; d++) {
          want[d] += e * value(kv, noise, v + d);
        }
      }
      for (int d = 0; d < headDim; d++) {
        double w = want[d] / sum;
        double off = got[(row * heads + head) * headDim + d] - w;
        wrong += off * off;
        all += w * w;
      }
    }
    return Math.sqrt(wrong / all);
  }

  private static float value(CudaKvCache kv, short[] noise, long i) {
    return kv.type().decode(noise[(int) (i & RANDOM - 1)]);
  }

  private static long element(CudaKvCache kv, int slot, int head) {
    long page = (long) (slot >> PAGE_SHIFT) * kv.shape().kvHeads() + head;
    return ((page << PAGE_SHIFT) + (slot & (1 << PAGE_SHIFT) - 1)) * kv.padded();
  }

  private static int[] visible(AttentionPlan plan, int row) {
    int[] slots = new int[64];
    int n = 0;
    for (int k = plan.rowRange()[row]; k < plan.rowRange()[row + 1]; k++) {
      for (int g = plan.rangeFirst()[k]; g < plan.rangeEnd()[k]; g++) {
        for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
          for (int i = 0; i < plan.pieceLength()[p]; i++) {
            if (plan.sees(row, p, i)) {
              if (n == slots.length) {
                slots = Arrays.copyOf(slots, n * 2);
              }
              slots[n++] = plan.pieceSlot()[p] + i;
            }
          }
        }
      }
    }
    return Arrays.copyOf(slots, n);
  }

  @Override
  public void close() {
    device.close();
  }
}
