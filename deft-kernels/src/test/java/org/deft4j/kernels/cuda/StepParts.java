package org.deft4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.Rope;
import org.deft4j.kernels.RopeSpec;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;

/**
 * Microseconds of each operation of a decode step, Llama 3 8B's shape in bfloat16, as nodes of a
 * graph over several layers' weights, so that the second-level cache does not hold them.
 *
 * <pre>
 * StepParts ROWS...
 * StepParts ROWS gate-up,attention qkv,rope,attention,attention
 * </pre>
 *
 * <p>The second form measures sequences of operations: how much one costs after others. {@code
 * options} in place of a sequence measures a layer with each combination of other ways to its
 * products.
 */
final class StepParts {
  private static final int LAYERS = 6;
  private static final int ROUNDS = 4;
  private static final int MOST_OPTIONS = 8;

  private final CudaBackend b;
  private final Tensor x;
  private final Tensor norm;
  private final Tensor h;
  private final Tensor qkv;
  private final Tensor attended;
  private final Tensor ffn;
  private final Matrix[] qkvWeights = new Matrix[LAYERS];
  private final Matrix[] output = new Matrix[LAYERS];
  private final Matrix[] gateUp = new Matrix[LAYERS];
  private final Matrix[] down = new Matrix[LAYERS];
  private final Matrix[] head = new Matrix[2];
  private final CudaKvCache kv;
  private final Rope rope;
  private final Tensor logits;

  private StepParts(CudaBackend backend) {
    b = backend;
    byte[] noise = new byte[128256 * 4096 * 2];
    SplittableRandom random = new SplittableRandom(1);
    float[] gauss = new float[1 << 16];
    for (int i = 0; i < gauss.length; i++) {
      gauss[i] = (float) (random.nextGaussian() * 0.02);
    }
    for (int i = 0; i < noise.length; i += 2) {
      int bits = Float.floatToRawIntBits(gauss[random.nextInt(1 << 16)]);
      noise[i] = (byte) (bits >>> 16);
      noise[i + 1] = (byte) (bits >>> 24);
    }
    for (int l = 0; l < LAYERS; l++) {
      qkvWeights[l] = weights(noise, l, 6144, 4096);
      output[l] = weights(noise, l, 4096, 4096);
      gateUp[l] = weights(noise, l, 28672, 4096);
      down[l] = weights(noise, l, 4096, 14336);
    }
    head[0] = weights(noise, 0, 128256, 4096);
    head[1] = weights(noise, 0, 128256, 4096);
    float[] ones = new float[4096];
    Arrays.fill(ones, 1);
    norm = b.vector(ones);
    x = b.tensor(64, 4096);
    float[] start = new float[64 * 4096];
    for (int i = 0; i < start.length; i++) {
      start[i] = (float) random.nextGaussian();
    }
    x.write(0, 64, start, 0);
    h = b.activations(64, 4096, qkvWeights[0]);
    h.write(0, 64, start, 0);
    qkv = b.tensor(64, 6144);
    attended = b.activations(64, 4096, output[0]);
    attended.write(0, 64, start, 0);
    ffn = b.activations(64, 14336, down[0]);
    logits = b.tensor(64, 128256);
    kv = (CudaKvCache) b.kvCache(new KvShape(LAYERS, 8, 128, 20_000, KvType.BF16));
    rope = b.rope(RopeSpec.of(RopeSpec.Style.INTERLEAVED, 128, 128, 500_000));
  }

  private Matrix weights(byte[] noise, int layer, int rows, int cols) {
    long bytes = 2L * rows * cols;
    return b.matrix(
        new Weights(
            WeightType.BF16,
            rows,
            cols,
            MemorySegment.ofArray(noise).asSlice(rows > 100_000 ? 0 : layer * 65536L, bytes)));
  }

  private interface Operation {
    void run(int layer);
  }

  private double micros(int count, Operation op) {
    CudaDevice device = b.device();
    Runnable all =
        () -> {
          for (int i = 0; i < count * ROUNDS; i++) {
            op.run(i % count);
          }
        };
    all.run();
    double[] t = new double[15];
    try (CudaGraph graph = device.launcher().capture(all);
        CudaTimer timer = device.timer()) {
      for (int i = -3; i < t.length; i++) {
        timer.start();
        graph.launch();
        timer.stop();
        double us = timer.micros() / (count * ROUNDS);
        if (i >= 0) {
          t[i] = us;
        }
      }
    }
    Arrays.sort(t);
    return t[t.length / 2];
  }

  private static final List<String> NAMES =
      List.of("norm", "qkv", "rope", "attention", "o", "gate-up", "down", "o+norm", "down+norm");

  /** A layer; its first norm is the end of the one before. */
  private static final String LAYER = "qkv,rope,attention,o+norm,gate-up,down+norm";

  private Operation[] begin(int rows) {
    Batch batch = new Batch();
    batch.reset(rows);
    AttentionPlan plan = new AttentionPlan();
    plan.reset(AttentionMethod.FLATTEN, rows);
    plan.addPiece(0, 4000, 0, rows, AttentionPlan.ALL, 0);
    for (int r = 0; r < rows; r++) {
      if (rows > 1) {
        plan.addPiece(4000 + 208 * r, 200, r, r + 1, AttentionPlan.ALL, 0);
      }
      batch.positions()[r] = 4100;
      batch.slots()[r] = 4000 + 208 * r;
    }
    plan.endGroup(0, rows);
    for (int r = 0; r < rows; r++) {
      plan.addRange(0, 1);
      plan.endRow(r);
    }
    batch.plan(plan);
    b.begin(batch);
    return new Operation[] {
      l -> b.rmsNorm(x, norm, 1e-5f, h, rows),
      l -> b.matmul(qkvWeights[l], h, qkv, rows),
      l -> b.ropeAppend(rope, kv, l, qkv),
      l -> b.attention(kv, l, qkv, 0.088f, attended),
      l -> b.matmulAdd(output[l], attended, x, rows),
      l -> b.matmulSwiglu(gateUp[l], h, ffn, rows),
      l -> b.matmulAdd(down[l], ffn, x, rows),
      l -> b.matmulAddNorm(output[l], attended, x, norm, 1e-5f, h, rows),
      l -> b.matmulAddNorm(down[l], ffn, x, norm, 1e-5f, h, rows)
    };
  }

  private static List<Operation> operations(Operation[] of, String names) {
    return Arrays.stream(names.split(",")).map(n -> of[NAMES.indexOf(n)]).toList();
  }

  private void sequence(int rows, String names) {
    List<Operation> all = operations(begin(rows), names);
    double us = micros(LAYERS, l -> all.forEach(o -> o.run(l)));
    System.out.printf(Locale.ROOT, "%2d rows: %s %.2f us%n", rows, names, us);
  }

  /** A layer with every combination of the first options of its products, the fastest first. */
  private void options(int rows) {
    List<Operation> layer = operations(begin(rows), LAYER);
    b.products().ways().beginPass();
    all(layer, 0, -1);
    List<StepOption> options = b.products().options(rows).reversed();
    int n = Math.min(MOST_OPTIONS, options.size());
    record Combination(double micros, String name) {}
    List<Combination> found = new ArrayList<>();
    for (int bits = 0; bits < 1 << n; bits++) {
      StringBuilder name = new StringBuilder();
      for (int i = 0; i < options.size(); i++) {
        boolean on = (bits >> i & 1) != 0;
        options.get(i).take(on);
        name.append(on ? "; " + options.get(i) : "");
      }
      found.add(new Combination(micros(LAYERS, l -> all(layer, l, -1)), name.toString()));
    }
    options.forEach(o -> o.take(false));
    System.out.printf(Locale.ROOT, "%2d rows: as chosen %.2f us%n", rows, found.get(0).micros);
    found.sort(Comparator.comparingDouble(Combination::micros));
    found.stream()
        .limit(6)
        .forEach(c -> System.out.printf(Locale.ROOT, "  %.2f us%s%n", c.micros, c.name));
  }

  /** A layer with the options whose names contain a text. */
  private void take(int rows, String text) {
    List<Operation> layer = operations(begin(rows), LAYER);
    b.products().ways().beginPass();
    all(layer, 0, -1);
    StringBuilder name = new StringBuilder();
    for (StepOption o : b.products().options(rows)) {
      o.take(o.toString().contains(text));
      name.append(o.toString().contains(text) ? "; " + o : "");
    }
    double us = micros(LAYERS, l -> all(layer, l, -1));
    System.out.printf(Locale.ROOT, "%2d rows: %.2f us%s%n", rows, us, name);
  }

  private void run(int rows) {
    List<Operation> layer = operations(begin(rows), LAYER);
    String[] names = LAYER.split(",");
    double whole = micros(LAYERS, l -> all(layer, l, -1));
    double head = micros(2, l -> b.matmul(this.head[l], h, logits, rows));
    System.out.printf(
        Locale.ROOT,
        "%2d rows: layer %.2f us, head %.1f us, 32 layers + head %.3f ms; alone / in the layer:%n "
            + " ",
        rows,
        whole,
        head,
        (32 * whole + head) / 1e3);
    double sum = 0;
    for (int i = 0; i < names.length; i++) {
      int out = i;
      double alone = micros(LAYERS, layer.get(i));
      double without = micros(LAYERS, l -> all(layer, l, out));
      sum += alone;
      System.out.printf(Locale.ROOT, " %s %.2f/%.2f", names[i], alone, whole - without);
    }
    System.out.printf(Locale.ROOT, ", sum alone %.2f%n", sum);
  }

  private static void all(List<Operation> layer, int l, int without) {
    for (int i = 0; i < layer.size(); i++) {
      if (i != without) {
        layer.get(i).run(l);
      }
    }
  }

  /** See the class. */
  public static void main(String[] args) {
    try (CudaBackend b = new CudaBackend(BackendOptions.defaults())) {
      System.out.println(b.info().description());
      StepParts parts = new StepParts(b);
      int rows = 0;
      for (int i = 0; i < args.length; i++) {
        if (Character.isDigit(args[i].charAt(0))) {
          rows = Integer.parseInt(args[i]);
        }
        if (args[i].equals("options")) {
          parts.options(rows);
        } else if (args[i].startsWith("take:")) {
          parts.take(rows, args[i].substring(5));
        } else if (!Character.isDigit(args[i].charAt(0))) {
          parts.sequence(rows, args[i]);
        } else if (i + 1 == args.length || Character.isDigit(args[i + 1].charAt(0))) {
          parts.run(rows);
        }
      }
      b.products().ways().chosen().forEach(System.out::println);
    }
  }
}
