package org.deft4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.deft4j.kernels.sample.Draws;
import org.deft4j.kernels.sample.TokenSampler;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every backend does, against float64 oracles. Tolerances: products 2e-6 times the sum of
 * absolute terms; elementwise functions 2e-6 relative; attention 4e-6 absolute on values below 1.
 */
public abstract class BackendContract {
  /** A backend on this many threads; the test closes it. */
  protected abstract Backend open(int threads, boolean deterministic);

  /** Whether shapes must be tiny, because vectors of this width are emulated here. */
  protected boolean tiny() {
    return false;
  }

  /** Whether keys and values may be kept so. */
  protected boolean keeps(KvType type) {
    return true;
  }

  /** The most exact way to keep keys and values. */
  private KvType exact() {
    return keeps(KvType.F32) ? KvType.F32 : KvType.F16;
  }

  /** Whether weights of this type multiply and embed as they are, not rounded to 16 bits. */
  protected boolean holdsExactly(WeightType type) {
    return true;
  }

  /**
   * Compares what a matrix product or attention gave. A backend that rounds their operands states
   * its own tolerance here.
   *
   * @param tolerance of float32 operands, relative to the larger of 1 and the value
   */
  protected void assertProduct(float[] got, double[] want, double tolerance, String what) {
    assertClose(got, want, tolerance, what);
  }

  private int[][] productShapes() {
    return tiny()
        ? new int[][] {{1, 40, 32}, {2, 33, 64}, {5, 20, 160}}
        : new int[][] {
          {1, 288, 288}, {1, 31, 32}, {2, 100, 64}, {3, 172, 96}, {4, 64, 64}, {5, 33, 512},
          {7, 172, 288}, {8, 40, 160}, {31, 130, 64}, {32, 288, 288}, {130, 70, 64}, {512, 36, 32}
        };
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void productsAgreeWithTheOracle(WeightType type) {
    SplittableRandom random = new SplittableRandom(type.ordinal());
    for (int threads = 1; threads <= 2; threads++) {
      try (Backend b = open(threads, false)) {
        for (int[] s : productShapes()) {
          product(b, random, type, s[0], s[1], columns(type, s[2]));
          if (!type.quantized()) {
            product(b, random, type, s[0], s[1], s[2] + 1 + random.nextInt(30));
          }
        }
      }
    }
  }

  /** At least {@code n} columns in whole blocks. */
  private static int columns(WeightType type, int n) {
    return (n + type.blockSize() - 1) / type.blockSize() * type.blockSize();
  }

  private void product(
      Backend b, SplittableRandom random, WeightType type, int rows, int n, int cols) {
    Oracle.Sample w = Oracle.weights(random, type, n, cols);
    float[] x = Oracle.floats(random, rows * cols);
    double[] want = Oracle.matmul(w.values(), n, cols, x, rows);
    try (Matrix m = b.matrix(w.weights());
        Tensor in = b.tensor(rows, cols);
        Tensor out = b.tensor(rows, n)) {
      in.write(0, rows, x, 0);
      b.matmul(m, in, out, rows);
      float[] got = new float[rows * n];
      out.read(0, rows, got, 0);
      String what = type + " " + rows + "x" + n + "x" + cols;
      assertProduct(got, want, 2e-6 * Math.sqrt(cols), what);
      b.matmulAdd(m, in, out, rows);
      out.read(0, rows, got, 0);
      assertProduct(
          got, Arrays.stream(want).map(v -> 2 * v).toArray(), 4e-6 * Math.sqrt(cols), what);
    }
  }

  protected static void assertClose(float[] got, double[] want, double tolerance, String what) {
    for (int i = 0; i < want.length; i++) {
      double d = Math.abs(got[i] - want[i]);
      if (!(d <= tolerance * Math.max(1, Math.abs(want[i])))) {
        throw new AssertionError(
            what + ": value " + i + " is " + got[i] + ", not " + want[i] + " within " + tolerance);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void packedPartsAreRowsBelowEachOther(WeightType type) {
    SplittableRandom random = new SplittableRandom(7);
    int cols = columns(type, 64);
    try (Backend b = open(2, false)) {
      Oracle.Sample[] parts = {
        Oracle.weights(random, type, 48, cols),
        Oracle.weights(random, type, 20, cols),
        Oracle.weights(random, type, 20, cols)
      };
      for (int rows : new int[] {1, 3}) {
        float[] x = Oracle.floats(random, rows * cols);
        double[] want = new double[rows * 88];
        int first = 0;
        for (Oracle.Sample p : parts) {
          int n = p.weights().rows();
          double[] y = Oracle.matmul(p.values(), n, cols, x, rows);
          for (int r = 0; r < rows; r++) {
            System.arraycopy(y, r * n, want, r * 88 + first, n);
          }
          first += n;
        }
        Matrix m = b.matrix(parts[0].weights(), parts[1].weights(), parts[2].weights());
        Tensor in = b.tensor(rows, cols);
        in.write(0, rows, x, 0);
        Tensor out = b.tensor(rows, 88);
        b.matmul(m, in, out, rows);
        float[] got = new float[rows * 88];
        out.read(0, rows, got, 0);
        assertProduct(got, want, 2e-5, type + " parts");
      }
      Oracle.Sample other = Oracle.weights(random, type, 4, 2 * cols);
      assertThatThrownBy(() -> b.matrix(parts[0].weights(), other.weights()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** Files of mixed quantization keep, for instance, values in more bits than queries. */
  @Test
  void partsOfSeveralTypesMultiplyTogether() {
    SplittableRandom random = new SplittableRandom(17);
    WeightType[][] mixes = {
      {WeightType.Q4_K, WeightType.Q4_K, WeightType.Q6_K},
      {WeightType.Q4_0, WeightType.Q4_1, WeightType.Q4_K},
      {WeightType.Q8_0, WeightType.Q5_K, WeightType.Q5_0},
      {WeightType.F32, WeightType.F16, WeightType.BF16},
      {WeightType.BF16, WeightType.F32, WeightType.F16},
      {WeightType.F16, WeightType.Q8_0, WeightType.Q5_1}
    };
    int cols = 256;
    try (Backend b = open(2, false)) {
      for (WeightType[] mix : mixes) {
        Oracle.Sample[] parts = new Oracle.Sample[3];
        double[][] all = new double[3][];
        for (int i = 0; i < 3; i++) {
          parts[i] = Oracle.weights(random, mix[i], i == 0 ? 40 : 24, cols);
          all[i] = parts[i].values();
        }
        double[] values = Arrays.stream(all).flatMapToDouble(Arrays::stream).toArray();
        Matrix m = b.matrix(parts[0].weights(), parts[1].weights(), parts[2].weights());
        for (int rows : tiny() ? new int[] {1, 2} : new int[] {1, 2, 9}) {
          float[] x = Oracle.floats(random, rows * cols);
          Tensor in = b.tensor(rows, cols);
          in.write(0, rows, x, 0);
          Tensor out = b.tensor(rows, 88);
          b.matmul(m, in, out, rows);
          float[] got = new float[rows * 88];
          out.read(0, rows, got, 0);
          assertProduct(
              got,
              Oracle.matmul(values, 88, cols, x, rows),
              2e-6 * Math.sqrt(cols),
              Arrays.toString(mix));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void embeddingRowsAreExact(WeightType type) {
    SplittableRandom random = new SplittableRandom(9);
    int vocab = 70;
    int cols = columns(type, 96);
    Oracle.Sample w = Oracle.weights(random, type, vocab, cols);
    try (Backend b = open(1, false)) {
      Batch batch = new Batch();
      batch.reset(4);
      int[] tokens = {0, 69, 31, 32};
      System.arraycopy(tokens, 0, batch.tokens(), 0, 4);
      b.begin(batch);
      Tensor y = b.tensor(4, cols);
      b.embed(b.matrix(w.weights()), y);
      float[] got = new float[4 * cols];
      y.read(0, 4, got, 0);
      for (int i = 0; i < got.length; i++) {
        float exact = (float) w.values()[tokens[i / cols] * cols + i % cols];
        float want = holdsExactly(type) ? exact : Float.float16ToFloat(Float.floatToFloat16(exact));
        // Zeros of either sign are equal.
        assertThat(got[i] + 0f).isEqualTo(want + 0f);
      }
      batch.tokens()[2] = vocab;
      assertThatThrownBy(() -> b.embed(b.matrix(w.weights()), y))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void swigluAgreesWithTheOracle(WeightType type) {
    SplittableRandom random = new SplittableRandom(3);
    int cols = columns(type, 64);
    try (Backend b = open(2, false)) {
      for (int n : tiny() ? new int[] {20} : new int[] {20, 172, 96}) {
        for (int rows : tiny() ? new int[] {1, 3} : new int[] {1, 2, 9, 33}) {
          Oracle.Sample gate = Oracle.weights(random, type, n, cols);
          Oracle.Sample up = Oracle.weights(random, type, n, cols);
          float[] x = Oracle.floats(random, rows * cols);
          for (int i = 0; i < x.length; i++) {
            x[i] *= 20;
          }
          double[] g = Oracle.matmul(gate.values(), n, cols, x, rows);
          double[] u = Oracle.matmul(up.values(), n, cols, x, rows);
          double[] want = new double[rows * n];
          for (int i = 0; i < want.length; i++) {
            want[i] = g[i] / (1 + Math.exp(-g[i])) * u[i];
          }
          Tensor in = b.tensor(rows, cols);
          in.write(0, rows, x, 0);
          Tensor out = b.tensor(rows, n);
          b.matmulSwiglu(b.matrix(gate.weights(), up.weights()), in, out, rows);
          float[] got = new float[rows * n];
          out.read(0, rows, got, 0);
          assertProduct(got, want, 1e-3, "swiglu " + rows + "x" + n);
        }
      }
      // One part that holds both halves.
      Oracle.Sample both = Oracle.weights(random, type, 40, cols);
      float[] x = Oracle.floats(random, 2 * cols);
      double[] y = Oracle.matmul(both.values(), 40, cols, x, 2);
      double[] want = new double[40];
      for (int i = 0; i < 40; i++) {
        double g = y[i / 20 * 40 + i % 20];
        want[i] = g / (1 + Math.exp(-g)) * y[i / 20 * 40 + 20 + i % 20];
      }
      Tensor in = b.tensor(2, cols);
      in.write(0, 2, x, 0);
      Tensor out = b.tensor(2, 20);
      b.matmulSwiglu(b.matrix(both.weights()), in, out, 2);
      float[] got = new float[40];
      out.read(0, 2, got, 0);
      assertProduct(got, want, 2e-5, "swiglu of one part");
    }
  }

  @Test
  void normAndBiasAndGatherAgreeWithTheOracle() {
    SplittableRandom random = new SplittableRandom(4);
    try (Backend b = open(2, false)) {
      for (int cols : new int[] {1, 7, 48, 288, 301}) {
        int rows = tiny() ? 2 : 40;
        float[] x = Oracle.floats(random, rows * cols);
        float[] w = Oracle.floats(random, cols);
        double[] want = new double[rows * cols];
        for (int r = 0; r < rows; r++) {
          double sum = 0;
          for (int i = 0; i < cols; i++) {
            sum += (double) x[r * cols + i] * x[r * cols + i];
          }
          for (int i = 0; i < cols; i++) {
            want[r * cols + i] = x[r * cols + i] / Math.sqrt(sum / cols + 1e-5) * w[i];
          }
        }
        Tensor t = b.tensor(rows, cols);
        t.write(0, rows, x, 0);
        Tensor weight = b.vector(w);
        b.rmsNorm(t, weight, 1e-5f, t, rows);
        float[] got = new float[rows * cols];
        t.read(0, rows, got, 0);
        assertClose(got, want, 2e-6, "norm of " + cols);

        b.addBias(t, weight, rows);
        t.read(0, rows, got, 0);
        for (int i = 0; i < want.length; i++) {
          want[i] += w[i % cols];
        }
        assertClose(got, want, 2e-6, "bias of " + cols);

        Tensor picked = b.tensor(2, cols);
        b.gatherRows(t, new int[] {rows - 1, 0}, 2, picked);
        float[] two = new float[2 * cols];
        picked.read(0, 2, two, 0);
        assertThat(Arrays.copyOf(two, cols))
            .isEqualTo(Arrays.copyOfRange(got, (rows - 1) * cols, rows * cols));
        assertThat(Arrays.copyOfRange(two, cols, 2 * cols)).isEqualTo(Arrays.copyOf(got, cols));
      }
    }
  }

  @Test
  void softmaxAgreesWithTheOracle() {
    SplittableRandom random = new SplittableRandom(5);
    try (Backend b = open(2, false)) {
      for (int cols : tiny() ? new int[] {1, 37} : new int[] {1, 5, 37, 32000}) {
        int rows = 3;
        float[] x = Oracle.floats(random, rows * cols);
        for (int i = 0; i < x.length; i++) {
          x[i] *= 30;
        }
        x[0] = -400;
        double[] p = new double[x.length];
        double[] log = new double[x.length];
        for (int r = 0; r < rows; r++) {
          double max = Double.NEGATIVE_INFINITY;
          for (int i = 0; i < cols; i++) {
            max = Math.max(max, x[r * cols + i]);
          }
          double sum = 0;
          for (int i = 0; i < cols; i++) {
            sum += Math.exp(x[r * cols + i] - max);
          }
          for (int i = 0; i < cols; i++) {
            log[r * cols + i] = x[r * cols + i] - max - Math.log(sum);
            p[r * cols + i] = Math.exp(log[r * cols + i]);
          }
        }
        float[] got = new float[x.length];
        Tensor t = b.tensor(rows, cols);
        t.write(0, rows, x, 0);
        b.softmax(t, rows);
        t.read(0, rows, got, 0);
        assertClose(got, p, 2e-6, "softmax of " + cols);
        t.write(0, rows, x, 0);
        b.logSoftmax(t, rows);
        t.read(0, rows, got, 0);
        assertClose(got, log, 4e-6, "log-softmax of " + cols);
      }
    }
  }

  @Test
  void summariesAgreeWithTheOracle() {
    SplittableRandom random = new SplittableRandom(6);
    RowSummary summary = new RowSummary();
    try (Backend b = open(2, false)) {
      for (int cols : tiny() ? new int[] {1, 37} : new int[] {1, 5, 37, 1000, 32000}) {
        for (int used : new int[] {cols, Math.max(1, cols - 3)}) {
          int rows = 40;
          float[] x = Oracle.floats(random, rows * cols);
          for (int i = 0; i < x.length; i++) {
            // Whole numbers, so that the largest value occurs more than once.
            x[i] = Math.round(x[i] * 12);
          }
          Tensor t = b.tensor(rows, cols);
          t.write(0, rows, x, 0);
          b.summarize(t, rows, used, summary);
          for (int r = 0; r < rows; r++) {
            int best = 0;
            for (int i = 1; i < used; i++) {
              best = x[r * cols + i] > x[r * cols + best] ? i : best;
            }
            double sum = 0;
            for (int i = 0; i < used; i++) {
              sum += Math.exp((double) x[r * cols + i] - x[r * cols + best]);
            }
            assertThat(summary.best(r)).isEqualTo(best);
            assertThat(summary.max(r)).isEqualTo(x[r * cols + best]);
            assertThat(summary.logSum(r))
                .isCloseTo(x[r * cols + best] + Math.log(sum), within(2e-6));
          }
        }
      }
    }
  }

  @Test
  void tokensAreThoseOfTheSampler() {
    SplittableRandom random = new SplittableRandom(21);
    Draws draws = new Draws();
    int sets = 0;
    int same = 0;
    try (Backend b = open(2, false)) {
      for (int cols : tiny() ? new int[] {37} : new int[] {2, 37, 1000, 32000}) {
        int used = cols < 5 ? cols : cols - 3;
        TokenSampler sampler = new TokenSampler(used);
        int rows = tiny() ? 4 : 30;
        float[] x = Oracle.floats(random, rows * cols);
        for (int i = 0; i < x.length; i++) {
          x[i] = i / cols % 3 == 0 ? Math.round(x[i] * 6) : x[i] * 9; // with ties and without
        }
        Tensor t = b.tensor(rows, cols);
        t.write(0, rows, x, 0);
        for (int round = 0; round < 4; round++) {
          draws.clear();
          for (int i = 0; i < rows; i++) {
            DecodeSpec.Builder spec = DecodeSpec.of(1).seed(random.nextLong(), random.nextLong());
            spec.temperature(random.nextInt(6) == 0 ? 0 : (float) random.nextDouble(0.2, 2));
            spec.topK(random.nextInt(3) == 0 ? 1 + random.nextInt(used + 9) : 0);
            spec.topP(random.nextBoolean() ? (float) random.nextDouble(0.1, 1) : 1);
            spec.minP(random.nextInt(3) == 0 ? (float) random.nextDouble(0, 0.4) : 0);
            int count = round == 3 ? 1 + random.nextInt(8) : 1;
            draws.add(random.nextInt(rows), spec.build(), random.nextInt(9000), count);
          }
          b.sample(t, used, draws);
          for (int i = 0; i < rows; i++) {
            int at = draws.row(i) * cols;
            int[] want = new int[draws.count(i)];
            int[] got = new int[want.length];
            if (want.length == 1) {
              want[0] = sampler.draw(x, at, draws.spec(i), draws.position(i));
            } else {
              sampler.drawDistinct(x, at, draws.spec(i), draws.position(i), want);
            }
            double sum = 0;
            for (int c = 0; c < used; c++) {
              sum += Math.exp(x[at + c]);
            }
            for (int j = 0; j < got.length; j++) {
              got[j] = draws.token(i, j);
              double logProb = got[j] < 0 ? 0 : x[at + got[j]] - Math.log(sum);
              assertThat((double) draws.logProb(i, j)).isCloseTo(logProb, within(4e-6));
            }
            if (want.length == 1) {
              assertThat(got).as("%d columns, %s", cols, draws.spec(i)).isEqualTo(want);
            } else {
              // Noise that is rounded to float32 swaps some.
              sets++;
              same += Arrays.equals(got, want) ? 1 : 0;
              assertThat(Arrays.stream(got).filter(g -> g >= 0).distinct().count())
                  .isEqualTo(Arrays.stream(want).filter(g -> g >= 0).count());
            }
          }
        }
      }
      assertThatThrownBy(() -> draws.add(0, DecodeSpec.of(1).build(), 0, Draws.MOST + 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(same).isGreaterThanOrEqualTo(sets - Math.max(1, sets / 20));
  }

  @ParameterizedTest
  @EnumSource(RopeSpec.Style.class)
  void ropeRotatesAndAttentionSeesWhatWasAppended(RopeSpec.Style style) {
    SplittableRandom random = new SplittableRandom(6);
    int dim = 8;
    RopeSpec spec =
        RopeSpec.of(style, dim, 6, 10000).withLlama3Scaling(8, 1, 4, 128).withLinearScaling(1.5);
    double[] f = spec.frequencies();
    try (Backend b = open(1, false)) {
      KvCache kv = b.kvCache(new KvShape(2, 1, dim, 40, exact()));
      float[] qkv = Oracle.floats(random, 2 * 4 * dim);
      float[] want = qkv.clone();
      int[] positions = {3, 70};
      for (int r = 0; r < 2; r++) {
        for (int h = 0; h < 3; h++) {
          int at = (r * 4 + h) * dim;
          for (int i = 0; i < 3; i++) {
            int a = style == RopeSpec.Style.INTERLEAVED ? at + 2 * i : at + i;
            int c = style == RopeSpec.Style.INTERLEAVED ? a + 1 : a + 3;
            double t = positions[r] * f[i];
            want[a] = (float) (qkv[a] * Math.cos(t) - qkv[c] * Math.sin(t));
            want[c] = (float) (qkv[a] * Math.sin(t) + qkv[c] * Math.cos(t));
          }
        }
      }
      Batch batch = new Batch();
      batch.reset(2);
      batch.positions()[0] = positions[0];
      batch.positions()[1] = positions[1];
      batch.slots()[0] = 37;
      batch.slots()[1] = 5;
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.NODE, 2);
      plan.addPiece(37, 1, 0, 2, AttentionPlan.ALL, 0);
      plan.addPiece(5, 1, 0, 2, AttentionPlan.ALL, 1);
      plan.endGroup(0, 2);
      for (int r = 0; r < 2; r++) {
        plan.addRange(0, 1);
        plan.endRow(r);
      }
      batch.plan(plan);
      b.begin(batch);
      Tensor t = b.tensor(2, 4 * dim);
      t.write(0, 2, qkv, 0);
      b.ropeAppend(b.rope(spec), kv, 1, t);
      float[] got = new float[qkv.length];
      t.read(0, 2, got, 0);
      double[] wanted = new double[want.length];
      for (int i = 0; i < want.length; i++) {
        wanted[i] = want[i];
      }
      assertClose(got, wanted, 1e-6, "rope");

      float[] keys = new float[40 * dim];
      float[] values = new float[40 * dim];
      for (int r = 0; r < 2; r++) {
        System.arraycopy(got, (r * 4 + 2) * dim, keys, batch.slots()[r] * dim, dim);
        System.arraycopy(got, (r * 4 + 3) * dim, values, batch.slots()[r] * dim, dim);
      }
      Tensor out = b.tensor(2, 2 * dim);
      b.attention(kv, 1, t, 0.5f, out);
      float[] o = new float[4 * dim];
      out.read(0, 2, o, 0);
      assertProduct(
          o,
          Oracle.attention(plan, got, 4 * dim, 2, 1, dim, 0.5, keys, values),
          4e-6,
          "attention after rope");
    }
  }

  @ParameterizedTest
  @CsvSource({"8, 6, 2", "64, 3, 1", "128, 8, 4", "24, 3, 3"})
  void normalizesHeads(int dim, int heads, int kvHeads) {
    SplittableRandom random = new SplittableRandom(dim);
    int rows = 3;
    int cols = (heads + 2 * kvHeads) * dim;
    float[] qkv = Oracle.floats(random, rows * cols);
    float[][] weight = {Oracle.floats(random, dim), Oracle.floats(random, dim)};
    float eps = 1e-3f;
    double[] want = new double[qkv.length];
    for (int i = 0; i < want.length; i += dim) {
      int head = i % cols / dim;
      double sum = 0;
      for (int d = 0; d < dim; d++) {
        sum += (double) qkv[i + d] * qkv[i + d];
      }
      double scale = 1 / Math.sqrt(sum / dim + eps);
      for (int d = 0; d < dim; d++) {
        want[i + d] =
            head < heads
                ? qkv[i + d] * scale * weight[0][d]
                : head < heads + kvHeads ? qkv[i + d] * scale * weight[1][d] : qkv[i + d];
      }
    }
    try (Backend b = open(1, false)) {
      Tensor t = b.tensor(rows, cols);
      t.write(0, rows, qkv, 0);
      Tensor q = b.vector(weight[0]);
      Tensor k = b.vector(weight[1]);
      b.normHeads(t, 0, heads, q, eps, rows);
      b.normHeads(t, heads, kvHeads, k, eps, rows);
      float[] got = new float[qkv.length];
      t.read(0, rows, got, 0);
      assertClose(got, want, 2e-6, "heads' norms");
      assertThatThrownBy(() -> b.normHeads(t, heads + kvHeads, kvHeads + 1, k, eps, rows))
          .isInstanceOf(IllegalArgumentException.class);

      // Together with what follows them.
      Batch batch = new Batch();
      batch.reset(rows);
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.NODE, rows);
      for (int r = 0; r < rows; r++) {
        batch.positions()[r] = 7 * r;
        batch.slots()[r] = r;
        plan.addPiece(r, 1, 0, rows, AttentionPlan.ALL, r);
      }
      plan.endGroup(0, rows);
      for (int r = 0; r < rows; r++) {
        plan.addRange(0, 1);
        plan.endRow(r);
      }
      batch.plan(plan);
      b.begin(batch);
      KvCache kv = b.kvCache(new KvShape(1, kvHeads, dim, rows, exact()));
      Rope rope = b.rope(RopeSpec.of(RopeSpec.Style.HALF_SPLIT, dim, dim, 1e4));
      b.ropeAppend(rope, kv, 0, t);
      t.read(0, rows, got, 0);
      Tensor at = b.tensor(rows, cols);
      at.write(0, rows, qkv, 0);
      b.ropeAppend(rope, kv, 0, at, q, k, eps, rows);
      float[] fused = new float[qkv.length];
      at.read(0, rows, fused, 0);
      for (int i = 0; i < got.length; i++) {
        want[i] = got[i];
      }
      assertClose(fused, want, 4e-6, "norms, rotated");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "8,1,1", "32,2,3", "48,6,1", "64,3,3", "80,1,8", "96,2,2", "128,1,4", "64,1,5", "32,1,7",
    "8,2,6"
  })
  void attentionAgreesWithTheOracleForEveryMethodAndType(int dim, int kvHeads, int perKv) {
    if (tiny() && dim > 48) {
      return;
    }
    SplittableRandom random = new SplittableRandom(dim * 31 + perKv);
    for (int round = 0; round < (tiny() ? 1 : 3); round++) {
      Plans tree =
          tiny()
              ? new Plans(random, 4, 9, 2, 80)
              : new Plans(random, 2 + random.nextInt(14), 1 + random.nextInt(70), 6, 900);
      for (KvType type : KvType.values()) {
        if (!keeps(type)) {
          continue;
        }
        try (Backend b = open(1 + round % 2, round == 2)) {
          attention(b, random, tree, dim, kvHeads, perKv, type);
        }
      }
    }
  }

  private void attention(
      Backend b,
      SplittableRandom random,
      Plans tree,
      int dim,
      int kvHeads,
      int perKv,
      KvType type) {
    int heads = kvHeads * perKv;
    int cols = (heads + 2 * kvHeads) * dim;
    int slots = tree.slots();
    KvCache kv = b.kvCache(new KvShape(2, kvHeads, dim, slots, type));
    float[] keys = new float[slots * kvHeads * dim];
    float[] values = new float[slots * kvHeads * dim];
    fill(b, kv, 1, random, heads, keys, values);

    int rows = tree.rows();
    float[] qkv = Oracle.floats(random, rows * cols);
    for (int i = 0; i < qkv.length; i++) {
      qkv[i] *= 4;
    }
    Tensor q = b.tensor(rows, cols);
    q.write(0, rows, qkv, 0);
    Tensor out = b.tensor(rows, heads * dim);
    Batch batch = new Batch();
    float scale = (float) (1 / Math.sqrt(dim));
    double[] first = null;
    for (AttentionMethod method : AttentionMethod.values()) {
      AttentionPlan plan = tree.plan(method, tiny() ? 5 : 3 + random.nextInt(200));
      double[] want = Oracle.attention(plan, qkv, cols, heads, kvHeads, dim, scale, keys, values);
      if (first == null) {
        first = want;
      } else {
        for (int i = 0; i < want.length; i++) {
          assertThat(want[i]).as("oracle, %s", method).isCloseTo(first[i], within(1e-9));
        }
      }
      batch.reset(rows);
      batch.plan(plan);
      b.begin(batch);
      b.attention(kv, 1, q, scale, out);
      float[] got = new float[rows * heads * dim];
      out.read(0, rows, got, 0);
      assertProduct(got, want, 4e-6, method + " " + type + " dim " + dim + " rows " + rows);
    }
    kv.close();
  }

  /** Gemma's rules: a window along the path, and a cap. */
  @ParameterizedTest
  @CsvSource({"0,2.5", "1,0", "5,0", "40,0", "7,3"})
  void windowsAndCapsOfScoresAgreeWithTheOracle(int window, float cap) {
    SplittableRandom random = new SplittableRandom(window * 10 + (int) cap);
    int kvHeads = 2;
    int heads = 6;
    int dim = tiny() ? 32 : 48;
    int cols = (heads + 2 * kvHeads) * dim;
    Plans tree = tiny() ? new Plans(random, 4, 9, 2, 80) : new Plans(random, 9, 40, 6, 600);
    try (Backend b = open(2, false)) {
      if (window > 0 && !b.parts().contains(ModelPart.SLIDING_WINDOW)
          || cap > 0 && !b.parts().contains(ModelPart.SOFT_CAP)) {
        return;
      }
      KvCache kv = b.kvCache(new KvShape(1, kvHeads, dim, tree.slots(), KvType.F32));
      float[] keys = new float[tree.slots() * kvHeads * dim];
      float[] values = new float[tree.slots() * kvHeads * dim];
      int[] places = tree.slotPositions();
      fill(b, kv, 0, random, heads, places, keys, values);
      int rows = tree.rows();
      float[] qkv = Oracle.floats(random, rows * cols);
      for (int i = 0; i < qkv.length; i++) {
        qkv[i] *= 4;
      }
      Tensor q = b.tensor(rows, cols);
      q.write(0, rows, qkv, 0);
      Tensor out = b.tensor(rows, heads * dim);
      ScoreRule rule = new ScoreRule(0.3f, window, cap);
      int[] at = Arrays.stream(tree.rowSlots()).map(slot -> places[slot]).toArray();
      for (AttentionMethod method : AttentionMethod.values()) {
        AttentionPlan plan = tree.plan(method, tiny() ? 5 : 3 + random.nextInt(100));
        Batch batch = new Batch();
        batch.reset(rows);
        System.arraycopy(at, 0, batch.positions(), 0, rows);
        batch.plan(plan);
        b.begin(batch);
        b.attention(kv, 0, q, rule, out);
        float[] got = new float[rows * heads * dim];
        out.read(0, rows, got, 0);
        double[] want =
            Oracle.attention(
                plan, qkv, cols, heads, kvHeads, dim, 0.3f, rule, at, places, keys, values);
        assertProduct(got, want, 4e-6, method + " window " + window + " cap " + cap);
      }
      kv.close();
    }
  }

  @Test
  void gegluAndSoftCapAgreeWithTheOracle() {
    SplittableRandom random = new SplittableRandom(31);
    try (Backend b = open(2, false)) {
      for (int rows : tiny() ? new int[] {1, 3} : new int[] {1, 2, 33}) {
        if (b.parts().contains(ModelPart.GEGLU)) {
          Oracle.Sample gate = Oracle.weights(random, WeightType.F32, 50, 64);
          Oracle.Sample up = Oracle.weights(random, WeightType.F32, 50, 64);
          float[] x = Oracle.floats(random, rows * 64);
          double[] g = Oracle.matmul(gate.values(), 50, 64, x, rows);
          double[] u = Oracle.matmul(up.values(), 50, 64, x, rows);
          double[] want = new double[rows * 50];
          for (int i = 0; i < want.length; i++) {
            double t = Math.sqrt(2 / Math.PI) * (g[i] + 0.044715 * g[i] * g[i] * g[i]);
            want[i] = g[i] / 2 * (1 + Math.tanh(t)) * u[i];
          }
          Tensor in = b.tensor(rows, 64);
          in.write(0, rows, x, 0);
          Tensor out = b.tensor(rows, 50);
          b.matmulGeglu(b.matrix(gate.weights(), up.weights()), in, out, rows);
          float[] got = new float[rows * 50];
          out.read(0, rows, got, 0);
          assertProduct(got, want, 2e-5, "geglu of " + rows + " rows");
        }
        if (b.parts().contains(ModelPart.SOFT_CAP)) {
          float[] x = Oracle.floats(random, rows * 37);
          double[] want = new double[x.length];
          for (int i = 0; i < x.length; i++) {
            x[i] *= 100;
            want[i] = 30 * Math.tanh(x[i] / 30.0);
          }
          Tensor t = b.tensor(rows, 37);
          t.write(0, rows, x, 0);
          b.softCap(t, 30, rows);
          float[] got = new float[x.length];
          t.read(0, rows, got, 0);
          assertClose(got, want, 4e-6, "soft cap");
        }
      }
    }
  }

  @Test
  void aProgramGivesWhatItsOperationsGive() {
    SplittableRandom random = new SplittableRandom(77);
    int dim = 16;
    int most = 64;
    int slots = tiny() ? 80 : 400;
    try (Backend b = open(2, false)) {
      Matrix table = b.matrix(random(random, 50, 2 * dim, 1));
      Matrix qkvWeights = b.matrix(random(random, 4 * dim, 2 * dim, 0.3f));
      Matrix outWeights = b.matrix(random(random, 2 * dim, 2 * dim, 0.3f));
      Rope rope = b.rope(RopeSpec.of(RopeSpec.Style.HALF_SPLIT, dim, dim, 10000));
      KvShape shape = new KvShape(1, 1, dim, slots, exact());
      Tensor[] x = new Tensor[2];
      StepProgram[] programs = new StepProgram[2];
      for (int i = 0; i < 2; i++) {
        KvCache kv = b.kvCache(shape);
        Tensor sum = b.tensor(most, 2 * dim);
        Tensor qkv = b.tensor(most, 4 * dim);
        Tensor attended = b.tensor(most, 2 * dim);
        x[i] = sum;
        programs[i] =
            rows -> {
              b.embed(table, sum);
              b.matmul(qkvWeights, sum, qkv, rows);
              b.ropeAppend(rope, kv, 0, qkv);
              b.attention(kv, 0, qkv, 0.3f, attended);
              b.matmulAdd(outWeights, attended, sum, rows);
            };
      }
      Batch batch = new Batch();
      for (int round = 0; round < (tiny() ? 3 : 12); round++) {
        // Every second tree is met again and again, as a search meets it, at other places.
        Plans tree = new Plans(new SplittableRandom(round % 2 == 0 ? 5 : round), 6, 12, 3, slots);
        int rows = tree.rows();
        AttentionMethod[] methods = AttentionMethod.values();
        batch.reset(rows);
        batch.plan(tree.plan(methods[round < 6 ? 0 : round % methods.length], 5));
        for (int r = 0; r < rows; r++) {
          batch.tokens()[r] = random.nextInt(50);
          batch.positions()[r] = random.nextInt(100);
          batch.slots()[r] = tree.rowSlots()[r];
        }
        b.forward(batch, programs[0]);
        b.begin(batch);
        programs[1].run(rows);
        float[] got = new float[rows * 2 * dim];
        float[] plain = new float[rows * 2 * dim];
        x[0].read(0, rows, got, 0);
        x[1].read(0, rows, plain, 0);
        double[] want = new double[plain.length];
        Arrays.setAll(want, i -> plain[i]);
        assertProduct(got, want, 4e-6, "round " + round + " of " + rows + " rows");
      }
      batch.slots()[0] = slots;
      assertThatThrownBy(() -> b.forward(batch, programs[0]))
          .isInstanceOf(IndexOutOfBoundsException.class);
      batch.slots()[0] = 0;
      batch.tokens()[0] = 50;
      assertThatThrownBy(() -> b.forward(batch, programs[0]))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  private static Weights random(SplittableRandom random, int rows, int cols, float scale) {
    float[] w = Oracle.floats(random, rows * cols);
    for (int i = 0; i < w.length; i++) {
      w[i] *= scale;
    }
    return Weights.of(rows, cols, w);
  }

  private static org.assertj.core.data.Offset<Double> within(double d) {
    return org.assertj.core.data.Offset.offset(d);
  }

  // Random keys and values in every slot, by way of ropeAppend at position 0 (which turns nothing).
  private static void fill(
      Backend b,
      KvCache kv,
      int layer,
      SplittableRandom random,
      int heads,
      float[] keys,
      float[] values) {
    fill(b, kv, layer, random, heads, new int[kv.shape().slots()], keys, values);
  }

  // Positions turn nothing: the embedding's one frequency is zero.
  private static void fill(
      Backend b,
      KvCache kv,
      int layer,
      SplittableRandom random,
      int heads,
      int[] positions,
      float[] keys,
      float[] values) {
    KvShape s = kv.shape();
    int dim = s.headDim();
    int cols = (heads + 2 * s.kvHeads()) * dim;
    Tensor t = b.tensor(s.slots(), cols);
    float[] x = Oracle.floats(random, s.slots() * cols);
    for (int i = 0; i < x.length; i++) {
      x[i] =
          switch (s.type()) {
            case F32 -> x[i];
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(x[i]));
            case BF16 -> Float.intBitsToFloat(Float.floatToIntBits(x[i]) & 0xFFFF0000);
          };
    }
    t.write(0, s.slots(), x, 0);
    Batch batch = new Batch();
    batch.reset(s.slots());
    for (int i = 0; i < s.slots(); i++) {
      batch.slots()[i] = i;
      batch.positions()[i] = positions[i];
      int k = i * cols + heads * dim;
      System.arraycopy(x, k, keys, i * s.kvHeads() * dim, s.kvHeads() * dim);
      System.arraycopy(x, k + s.kvHeads() * dim, values, i * s.kvHeads() * dim, s.kvHeads() * dim);
    }
    b.begin(batch);
    RopeSpec still = new RopeSpec(RopeSpec.Style.HALF_SPLIT, dim, new double[] {0});
    b.ropeAppend(b.rope(still), kv, layer, t);
    t.close();
  }

  @ParameterizedTest
  @EnumSource(KvType.class)
  void copiedSlotsGiveTheSameAttention(KvType type) {
    Assumptions.assumeTrue(keeps(type), "this backend does not keep " + type);
    SplittableRandom random = new SplittableRandom(12);
    int dim = 24;
    try (Backend b = open(2, false)) {
      KvCache kv = b.kvCache(new KvShape(1, 2, dim, 70, type));
      fill(b, kv, 0, random, 2, new float[70 * 2 * dim], new float[70 * 2 * dim]);
      int[] from = {3, 40, 17, 31};
      int[] to = {60, 61, 62, 63};
      b.copyKv(kv, from, to, 4);
      Batch batch = new Batch();
      batch.reset(1);
      Tensor q = b.tensor(1, 6 * dim);
      q.write(0, 1, Oracle.floats(random, 6 * dim), 0);
      float[][] got = new float[2][2 * dim];
      for (int i = 0; i < 2; i++) {
        AttentionPlan plan = new AttentionPlan();
        plan.reset(AttentionMethod.SEQUENCE, 1);
        for (int s : i == 0 ? from : to) {
          plan.addPiece(s, 1, 0, 1, AttentionPlan.ALL, 0);
        }
        plan.endGroup(0, 1);
        plan.addRange(0, 1);
        plan.endRow(0);
        batch.plan(plan);
        b.begin(batch);
        Tensor out = b.tensor(1, 2 * dim);
        b.attention(kv, 0, q, 1, out);
        out.read(0, 1, got[i], 0);
      }
      assertThat(got[1]).isEqualTo(got[0]);
    }
  }

  @Test
  void aRowThatSeesNothingBecomesZeroAndSpoilsNothing() {
    try (Backend b = open(1, false)) {
      int dim = 8;
      KvCache kv = b.kvCache(new KvShape(1, 1, dim, 64, exact()));
      fill(b, kv, 0, new SplittableRandom(2), 1, new float[64 * dim], new float[64 * dim]);
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.NODE, 3);
      plan.addPiece(0, 40, 0, 1, AttentionPlan.ALL, 0);
      plan.addPiece(40, 3, 2, 3, AttentionPlan.ALL, 0);
      plan.endGroup(0, 3);
      plan.addPiece(50, 2, 0, 1, AttentionPlan.ALL, 0);
      plan.endGroup(0, 3);
      for (int r = 0; r < 3; r++) {
        plan.addRange(0, 2);
        plan.endRow(r);
      }
      Batch batch = new Batch();
      batch.reset(3);
      batch.plan(plan);
      b.begin(batch);
      Tensor q = b.tensor(3, 3 * dim);
      float[] x = new float[9 * dim];
      Arrays.fill(x, 30);
      q.write(0, 3, x, 0);
      Tensor out = b.tensor(3, dim);
      b.attention(kv, 0, q, 1, out);
      float[] got = new float[3 * dim];
      out.read(0, 3, got, 0);
      for (float v : got) {
        assertThat(Float.isFinite(v)).isTrue();
      }
      assertThat(Arrays.copyOfRange(got, dim, 2 * dim)).containsOnly(0f);
      assertThat(Arrays.copyOf(got, dim)).doesNotContain(0f);
    }
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void deterministicRowsDoNotDependOnTheBatchOrTheThreads(WeightType type) {
    SplittableRandom random = new SplittableRandom(8);
    int n = tiny() ? 40 : 300;
    int cols = columns(type, tiny() ? 64 : 288);
    Oracle.Sample w = Oracle.weights(random, type, n, cols);
    Oracle.Sample u = Oracle.weights(random, type, n, cols);
    int most = tiny() ? 7 : 512;
    float[] x = Oracle.floats(random, most * cols);
    float[] product = new float[n];
    float[] gated = new float[n];
    for (int threads = 1; threads <= (tiny() ? 2 : 3); threads++) {
      try (Backend b = open(threads, true)) {
        Matrix m = b.matrix(w.weights());
        Matrix gateUp = b.matrix(w.weights(), u.weights());
        for (int rows : tiny() ? new int[] {1, 2, 7} : new int[] {1, 2, 3, 7, 32, 129, 512}) {
          Tensor in = b.tensor(rows, cols);
          in.write(0, rows, x, 0);
          Tensor out = b.tensor(rows, n);
          b.matmul(m, in, out, rows);
          float[] got = new float[rows * n];
          out.read(0, rows, got, 0);
          Tensor g = b.tensor(rows, n);
          b.matmulSwiglu(gateUp, in, g, rows);
          float[] gotGated = new float[rows * n];
          g.read(0, rows, gotGated, 0);
          if (threads == 1 && rows == 1) {
            product = got;
            gated = gotGated;
          }
          assertThat(Arrays.copyOf(got, n)).isEqualTo(product);
          assertThat(Arrays.copyOf(gotGated, n)).isEqualTo(gated);
        }
      }
    }
  }

  @Test
  void attentionBitsDoNotDependOnSiblingsOrPieces() {
    SplittableRandom random = new SplittableRandom(21);
    int dim = 48;
    int heads = 4;
    int cols = (heads + 4) * dim;
    float[] want = new float[heads * dim];
    int slots = tiny() ? 100 : 700;
    int shared = tiny() ? 40 : 300;
    int own = tiny() ? 11 : 37;
    for (int variant = 0; variant < 5; variant++) {
      try (Backend b = open(1 + variant % 2, true)) {
        KvCache kv = b.kvCache(new KvShape(1, 2, dim, slots, exact()));
        random = new SplittableRandom(21);
        fill(b, kv, 0, random, heads, new float[slots * 2 * dim], new float[slots * 2 * dim]);
        int rows = variant == 0 ? 1 : 2 * variant + 1;
        float[] x = Oracle.floats(random, 16 * cols);
        float[] q = new float[rows * cols];
        // The row under test comes last; others see other private tokens.
        for (int r = 0; r < rows; r++) {
          System.arraycopy(x, (r == rows - 1 ? 0 : 1 + r) * cols, q, r * cols, cols);
        }
        AttentionPlan plan = new AttentionPlan();
        plan.reset(AttentionMethod.FLATTEN, rows);
        int cut = 1 + variant * shared / 7;
        plan.addPiece(0, cut, 0, rows, AttentionPlan.ALL, 0);
        if (othersMayLieBetween()) {
          others(plan, rows, shared + own);
        }
        plan.addPiece(cut, shared - cut, 0, rows, AttentionPlan.ALL, 0);
        plan.addPiece(shared, own, rows - 1, rows, AttentionPlan.ALL, 0);
        plan.endGroup(0, rows);
        if (!othersMayLieBetween() && rows > 1) {
          others(plan, rows, shared + own);
          plan.endGroup(0, rows - 1);
        }
        for (int r = 0; r < rows; r++) {
          plan.addRange(0, r + 1 < rows ? plan.groups() : 1);
          plan.endRow(r);
        }
        Batch batch = new Batch();
        batch.reset(rows);
        batch.plan(plan);
        b.begin(batch);
        Tensor in = b.tensor(rows, cols);
        in.write(0, rows, q, 0);
        Tensor out = b.tensor(rows, heads * dim);
        b.attention(kv, 0, in, 0.9f, out);
        float[] got = new float[heads * dim];
        out.read(rows - 1, 1, got, 0);
        if (variant == 0) {
          want = got;
        }
        assertThat(got).as("variant %d", variant).isEqualTo(want);
      }
    }
  }

  /** Private tokens of all rows but the last. */
  private static void others(AttentionPlan plan, int rows, int slot) {
    for (int r = 0; r + 1 < rows; r++) {
      plan.addPiece(slot + r * 3, 3, r, r + 1, AttentionPlan.ALL, 0);
    }
  }

  /**
   * Whether tokens that a row does not see may lie between those of its group and leave its bits as
   * they are. Deterministic plans of the planner have no such groups.
   */
  protected boolean othersMayLieBetween() {
    return true;
  }

  @Test
  void theLeastByteOfQ8IsKept() {
    byte[] block = new byte[3 * 34];
    for (int r = 0; r < 3; r++) {
      short one = Float.floatToFloat16(1);
      block[r * 34] = (byte) one;
      block[r * 34 + 1] = (byte) (one >> 8);
      for (int i = 0; i < 32; i++) {
        block[r * 34 + 2 + i] = (byte) (r == 0 ? -127 : r == 1 ? 127 : i % 3 == 0 ? -128 : -1);
      }
    }
    try (Backend b = open(1, false)) {
      for (int parts = 2; parts <= 3; parts++) {
        byte[] data = Arrays.copyOf(block, parts * 34);
        Matrix m =
            b.matrix(
                new Weights(
                    WeightType.Q8_0, parts, 32, java.lang.foreign.MemorySegment.ofArray(data)));
        for (int rows : new int[] {1, 2}) {
          Tensor x = b.tensor(rows, 32);
          float[] in = new float[rows * 32];
          for (int i = 0; i < in.length; i++) {
            in[i] = 1 + i % 32;
          }
          x.write(0, rows, in, 0);
          Tensor y = b.tensor(rows, parts);
          b.matmul(m, x, y, rows);
          float[] got = new float[rows * parts];
          y.read(0, rows, got, 0);
          double third = 0;
          for (int i = 0; i < 32; i++) {
            third += (i % 3 == 0 ? -128 : -1) * (1 + i);
          }
          double[] want = {-127 * 528, 127 * 528, third};
          for (int i = 0; i < got.length; i++) {
            assertThat((double) got[i])
                .isCloseTo(want[i % parts], org.assertj.core.data.Offset.offset(0.05));
          }
        }
      }
    }
  }

  @Test
  void halfPrecisionExtremesAreKept() {
    float[] specials = {
      0f,
      -0f,
      0x1p-24f,
      -0x1p-24f,
      0x1.ff8p-15f,
      0x1p-14f,
      65504f,
      -65504f,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      1f
    };
    try (Backend b = open(1, false)) {
      for (WeightType type : new WeightType[] {WeightType.F16, WeightType.BF16}) {
        for (int count = 8; count <= specials.length; count += specials.length - 8) {
          byte[] bytes = new byte[count * 2];
          float[] want = new float[count];
          for (int i = 0; i < count; i++) {
            int h =
                type == WeightType.F16
                    ? Float.floatToFloat16(specials[i])
                    : Float.floatToRawIntBits(specials[i]) >>> 16;
            bytes[2 * i] = (byte) h;
            bytes[2 * i + 1] = (byte) (h >> 8);
            want[i] =
                type == WeightType.F16
                    ? Float.float16ToFloat((short) h)
                    : Float.intBitsToFloat(h << 16);
          }
          Matrix m =
              b.matrix(new Weights(type, count, 1, java.lang.foreign.MemorySegment.ofArray(bytes)));
          for (int rows = 1; rows <= 5; rows += 4) {
            Tensor x = b.tensor(rows, 1);
            float[] ones = new float[rows];
            Arrays.fill(ones, 1);
            x.write(0, rows, ones, 0);
            Tensor y = b.tensor(rows, count);
            b.matmul(m, x, y, rows);
            float[] got = new float[rows * count];
            y.read(0, rows, got, 0);
            for (int i = 0; i < count; i++) {
              // A sum that starts from +0 has no -0.
              assertThat(Float.compare(got[i] + 0f, want[i] + 0f))
                  .as("%s of %s, %s rows: %s", type, specials[i], rows, got[i])
                  .isZero();
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(KvType.class)
  void extremeScoresAndValuesStayRight(KvType type) {
    Assumptions.assumeTrue(keeps(type), "this backend does not keep " + type);
    int dim = 16;
    try (Backend b = open(1, false)) {
      KvCache kv = b.kvCache(new KvShape(1, 1, dim, 40, type));
      float[] x = new float[2 * 3 * dim];
      // Token 0: score -4000 and value 1e30 (past the range of F16); token 1: score 4000, value 7.
      for (int d = 0; d < dim; d++) {
        x[d] = 10;
        x[dim + d] = -25;
        x[2 * dim + d] = 1e30f;
        x[3 * dim + d] = 10;
        x[4 * dim + d] = 25;
        x[5 * dim + d] = 7;
      }
      Tensor t = b.tensor(2, 3 * dim);
      t.write(0, 2, x, 0);
      AttentionPlan plan = new AttentionPlan();
      plan.reset(AttentionMethod.NODE, 2);
      plan.addPiece(0, 2, 0, 2, 0, 0);
      plan.endGroup(0, 2);
      for (int r = 0; r < 2; r++) {
        plan.addRange(0, 1);
        plan.endRow(r);
      }
      Batch batch = new Batch();
      batch.reset(2);
      batch.slots()[1] = 1;
      batch.plan(plan);
      b.begin(batch);
      b.ropeAppend(b.rope(RopeSpec.of(RopeSpec.Style.INTERLEAVED, dim, 2, 1e4)), kv, 0, t);
      Tensor out = b.tensor(2, dim);
      b.attention(kv, 0, t, 1, out);
      float[] got = new float[2 * dim];
      out.read(0, 2, got, 0);
      float big = type == KvType.F16 ? 65504f : 1e30f;
      for (int d = 0; d < dim; d++) {
        assertThat(got[d]).isCloseTo(big, org.assertj.core.data.Percentage.withPercentage(1));
        assertThat(got[dim + d]).isEqualTo(7f);
      }
    }
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    try (Backend b = open(1, false)) {
      Matrix m = b.matrix(Weights.of(4, 8, new float[32]));
      Tensor x = b.tensor(2, 8);
      Tensor y = b.tensor(2, 4);
      assertThatThrownBy(() -> b.matmul(m, y, x, 1)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> b.matmul(m, x, y, 3)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> b.matmul(m, x, y, 0)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> b.tensor(0, 3)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> Weights.of(4, 8, new float[31]))
          .isInstanceOf(IllegalArgumentException.class);
      m.close();
      m.close();
      b.close();
    }
  }
}
