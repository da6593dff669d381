package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendContract;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.Rope;
import org.deft4j.kernels.RopeSpec;
import org.deft4j.kernels.StepProgram;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The contract on a device. Operands of products are rounded to 16 bits (relative 2^-9 in bfloat16,
 * 2^-12 in binary16) and so are queries and, before the gate, products in bfloat16: relative L2
 * error at most 8e-3, no value further off than 2 % of the largest. Everything else is as exact as
 * on the processor.
 */
@EnabledIfCuda
final class CudaBackendTest extends BackendContract {
  private static @Nullable CudaDevice kept;

  /** A context that stays makes the next ones cheap. */
  @BeforeAll
  static void keepAContext() {
    kept = CudaDevice.open();
  }

  @AfterAll
  static void closeTheContext() {
    if (kept != null) {
      kept.close();
    }
  }

  @Override
  public Backend open(int threads, boolean deterministic) {
    return new CudaBackend(BackendOptions.defaults().withDeterministic(deterministic));
  }

  @Override
  public boolean othersMayLieBetween() {
    return false;
  }

  @Override
  public boolean keeps(KvType type) {
    return type != KvType.F32;
  }

  @Override
  public boolean holdsExactly(WeightType type) {
    return type == WeightType.F16 || type == WeightType.BF16;
  }

  @Override
  public void assertProduct(float[] got, double[] want, double tolerance, String what) {
    double error = 0;
    double norm = 0;
    double worst = 0;
    double largest = 0;
    for (int i = 0; i < want.length; i++) {
      double d = got[i] - want[i];
      error += d * d;
      norm += want[i] * want[i];
      worst = Math.max(worst, Math.abs(d));
      largest = Math.max(largest, Math.abs(want[i]));
      assertThat(Float.isFinite(got[i])).as("%s, value %d", what, i).isTrue();
    }
    assertThat(Math.sqrt(error)).as(what).isLessThanOrEqualTo(8e-3 * Math.sqrt(norm));
    assertThat(worst).as(what).isLessThanOrEqualTo(0.02 * largest);
  }

  @Test
  void activationsTakeTheTypeOfTheirConsumer() {
    try (Backend b = open(1, false)) {
      for (WeightType type : new WeightType[] {WeightType.F16, WeightType.BF16}) {
        byte[] one = new byte[2];
        int bits =
            type == WeightType.F16 ? Float.floatToFloat16(1) : Float.floatToRawIntBits(1f) >>> 16;
        one[0] = (byte) bits;
        one[1] = (byte) (bits >> 8);
        Matrix m = b.matrix(new Weights(type, 1, 1, java.lang.foreign.MemorySegment.ofArray(one)));
        Tensor x = b.activations(3, 1, m);
        x.write(0, 3, new float[] {1 + 0x1p-12f, 1e30f, -0.5f}, 0);
        float[] got = new float[3];
        x.read(0, 3, got, 0);
        assertThat(got[0]).isEqualTo(1f);
        assertThat(got[1])
            .isCloseTo(
                type == WeightType.F16 ? 65504f : 1e30f,
                org.assertj.core.data.Percentage.withPercentage(1));
        assertThat(got[2]).isEqualTo(-0.5f);
        Tensor y = b.activations(3, 1, m);
        b.matmul(m, x, y, 3);
        float[] product = new float[3];
        y.read(0, 3, product, 0);
        assertThat(product).isEqualTo(got);
        assertThat(b.kvType(type)).isEqualTo(type == WeightType.F16 ? KvType.F16 : KvType.BF16);
      }
    }
  }

  /** Twice launched, then one graph a number of rows; the same bits either way. */
  @Test
  void graphsAreCapturedAndGiveTheBitsOfSingleLaunches() {
    float[][] got = new float[2][];
    for (int i = 0; i < 2; i++) {
      System.setProperty(StepGraphs.ENABLED, i == 0 ? "true" : "false");
      try (CudaBackend b = new CudaBackend(BackendOptions.defaults())) {
        got[i] = passes(b);
        assertThat(b.graphs()).isEqualTo(i == 0 ? 2 : 0);
      } finally {
        System.clearProperty(StepGraphs.ENABLED);
      }
    }
    assertThat(got[0]).isEqualTo(got[1]);
  }

  private static float[] passes(CudaBackend b) {
    SplittableRandom random = new SplittableRandom(3);
    int dim = 64;
    Matrix table = b.matrix(weights(random, 40, 2 * dim));
    Matrix qkvWeights = b.matrix(weights(random, 4 * dim, 2 * dim));
    Matrix gateUp = b.matrix(weights(random, 6 * dim, 2 * dim));
    Matrix down = b.matrix(weights(random, 2 * dim, 3 * dim));
    Tensor norm = b.vector(ones(2 * dim));
    KvCache kv = b.kvCache(new KvShape(1, 1, dim, 500, KvType.F16));
    Rope rope = b.rope(RopeSpec.of(RopeSpec.Style.HALF_SPLIT, dim, dim, 10000));
    Tensor x = b.tensor(32, 2 * dim);
    Tensor h = b.activations(32, 2 * dim, qkvWeights);
    Tensor qkv = b.tensor(32, 4 * dim);
    Tensor attended = b.activations(32, 2 * dim, down);
    Tensor ffn = b.activations(32, 3 * dim, down);
    StepProgram program =
        rows -> {
          b.embed(table, x);
          b.rmsNorm(x, norm, 1e-5f, h, rows);
          b.matmul(qkvWeights, h, qkv, rows);
          b.ropeAppend(rope, kv, 0, qkv);
          b.attention(kv, 0, qkv, 0.1f, attended);
          b.matmulSwiglu(gateUp, attended, ffn, rows);
          b.matmulAdd(down, ffn, x, rows);
        };
    Batch batch = new Batch();
    int steps = 60; // enough that the graph with warm-ups and that without are tried to the end
    float[] all = new float[steps * 11 * 2 * dim];
    for (int step = 0; step < steps; step++) {
      int rows = step % 4 == 3 ? 2 : 11;
      batch.reset(rows);
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.FLATTEN, rows);
      plan.addPiece(0, 1 + 4 * step, 0, rows, AttentionPlan.ALL, 0);
      plan.addPiece(300, rows, 0, rows, AttentionPlan.ALL, 0);
      plan.endGroup(0, rows);
      for (int r = 0; r < rows; r++) {
        batch.tokens()[r] = random.nextInt(40);
        batch.positions()[r] = 200 + step;
        batch.slots()[r] = 300 + r;
        plan.addRange(0, 1);
        plan.endRow(r);
      }
      batch.plan(plan);
      b.forward(batch, program);
      x.read(0, rows, all, step * 11 * 2 * dim);
    }
    return all;
  }

  /**
   * Large enough that ways to it are measured, K short and long; the residual stream takes what is
   * added.
   */
  @Test
  void measuredProductsAgreeWithTheOracle() {
    SplittableRandom random = new SplittableRandom(5);
    try (CudaBackend b = new CudaBackend(BackendOptions.defaults())) {
      measuredProducts(b, random, 1024, 640);
      measuredProducts(b, random, 256, 4096);
      assertThat(b.products().ways().chosen()).hasSizeGreaterThan(25);
    }
  }

  private void measuredProducts(CudaBackend b, SplittableRandom random, int n, int k) {
    float[] w = new float[n * k];
    for (int i = 0; i < w.length; i++) {
      w[i] = Float.float16ToFloat(Float.floatToFloat16((float) (random.nextGaussian() * 0.04)));
    }
    Matrix m = b.matrix(Weights.of(n, k, w));
    for (int rows : new int[] {1, 3, 8, 13, 64, 100}) {
      Tensor x = b.activations(rows, k, m);
      Tensor y = b.tensor(rows, n);
      Tensor gated = b.activations(rows, n / 2, m);
      float[] in = new float[rows * k];
      for (int i = 0; i < in.length; i++) {
        in[i] = Float.float16ToFloat(Float.floatToFloat16((float) random.nextGaussian()));
      }
      x.write(0, rows, in, 0);
      b.matmul(m, x, y, rows);
      b.matmulAdd(m, x, y, rows);
      b.matmulSwiglu(m, x, gated, rows);
      float[] got = new float[rows * n];
      float[] gate = new float[rows * n / 2];
      y.read(0, rows, got, 0);
      gated.read(0, rows, gate, 0);
      double[] want = new double[rows * n];
      double[] wantGate = new double[rows * n / 2];
      for (int r = 0; r < rows; r++) {
        for (int i = 0; i < n; i++) {
          for (int c = 0; c < k; c++) {
            want[r * n + i] += (double) w[i * k + c] * in[r * k + c];
          }
        }
        for (int i = 0; i < n / 2; i++) {
          double g = want[r * n + i];
          wantGate[r * n / 2 + i] = g / (1 + Math.exp(-g)) * want[r * n + n / 2 + i];
        }
      }
      for (int i = 0; i < want.length; i++) {
        want[i] *= 2;
      }
      assertProduct(got, want, 0, rows + " rows");
      assertProduct(gate, wantGate, 0, rows + " rows, gated");
    }
  }

  private static float[] ones(int n) {
    float[] w = new float[n];
    java.util.Arrays.fill(w, 1);
    return w;
  }

  private static Weights weights(SplittableRandom random, int rows, int cols) {
    float[] w = new float[rows * cols];
    for (int i = 0; i < w.length; i++) {
      w[i] = (float) (random.nextGaussian() * 0.2);
    }
    return Weights.of(rows, cols, w);
  }

  @Test
  void theDeviceIsDescribed() {
    try (Backend b = open(1, false)) {
      assertThat(b.info().name()).isEqualTo("cuda");
      assertThat(b.info().description()).contains("sm_").contains("cuBLAS");
      assertThat(b.diagnostics())
          .containsKeys("device", "driverCuda", "cublas", "images", "readGBPerSecond");
      System.out.println(b.info().description() + " " + b.diagnostics());
    }
  }

  @Test
  void whatTheCacheCannotHoldIsRefused() {
    try (Backend b = open(1, false)) {
      assertThatThrownBy(() -> b.kvCache(new KvShape(1, 1, 64, 64, KvType.F32)))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("--kv-type");
      assertThatThrownBy(() -> b.kvCache(new KvShape(1, 1, 256, 64, KvType.F16)))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("256");
      assertThatThrownBy(() -> b.kvCache(new KvShape(1000, 1000, 128, 100_000, KvType.F16)))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("--kv-memory");
      assertThat(b.freeMemory()).isPositive();
    }
  }
}
