package org.deft4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.deft4j.kernels.BackendCase.assertClose;
import static org.deft4j.kernels.BackendCase.columns;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.deft4j.kernels.sample.Draws;
import org.deft4j.kernels.sample.TokenSampler;
import org.deft4j.tree.decode.DecodeSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is done row by row, from the embedding to the tokens drawn, against float64 oracles. */
public interface RowContract extends BackendCase {
  @ParameterizedTest
  @EnumSource(WeightType.class)
  default void embeddingRowsAreExact(WeightType type) {
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

  @Test
  default void normAndBiasAndGatherAgreeWithTheOracle() {
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
  default void softmaxAgreesWithTheOracle() {
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

  /** As of tokens that a grammar does not allow: whole stretches of the vocabulary. */
  @Test
  default void whatIsForbiddenCountsForNothing() {
    SplittableRandom random = new SplittableRandom(61);
    for (int cols : new int[] {37, 13_000}) {
      float[] x = new float[2 * cols];
      Arrays.fill(x, Float.NEGATIVE_INFINITY);
      for (int i = 0; i < 9; i++) {
        x[i] = (float) random.nextGaussian();
        x[2 * cols - 1 - i] = (float) random.nextGaussian();
      }
      try (Backend b = open(2, false)) {
        Tensor t = b.tensor(2, cols);
        t.write(0, 2, x, 0);
        RowSummary summary = new RowSummary();
        b.summarize(t, 2, cols, summary);
        Draws draws = new Draws();
        for (int r = 0; r < 2; r++) {
          draws.add(r, DecodeSpec.of(1).temperature(0).build(), 3);
          draws.add(r, DecodeSpec.of(1).temperature(1).seed(5, 6).build(), 3);
          draws.add(r, DecodeSpec.of(1).temperature(1).topK(5).seed(5, 6).build(), 3);
        }
        b.sample(t, cols, draws);
        for (int r = 0; r < 2; r++) {
          double sum = 0;
          for (int c = 0; c < cols; c++) {
            sum += Math.exp(x[r * cols + c]);
          }
          assertThat(summary.logSum(r)).isCloseTo(Math.log(sum), within(4e-6));
          for (int i = 3 * r; i < 3 * r + 3; i++) {
            float value = x[r * cols + draws.token(i)];
            assertThat(value).isFinite();
            assertThat((double) draws.logProb(i)).isCloseTo(value - Math.log(sum), within(4e-6));
          }
        }
      }
    }
  }

  @Test
  default void summariesAgreeWithTheOracle() {
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
  default void tokensAreThoseOfTheSampler() {
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

  /** Values that crowd: all equal, many the largest, whole numbers, few possible. */
  @Test
  default void crowdedTokensAreThoseOfTheSampler() {
    int[] widths = tiny() ? new int[] {37} : new int[] {1000, 128_256};
    for (int cols : widths) {
      int rows = 4;
      SplittableRandom random = new SplittableRandom(cols);
      float[] x = new float[rows * cols];
      for (int i = 0; i < cols; i++) {
        float v = (float) random.nextGaussian();
        x[i] = 1.5f;
        x[cols + i] = i * 37L % cols < 600 ? 6 : v;
        x[2 * cols + i] = Math.round(v);
        x[3 * cols + i] = i < 800 ? v : -1000;
      }
      TokenSampler sampler = new TokenSampler(cols);
      try (Backend b = open(2, false)) {
        Tensor t = b.tensor(rows, cols);
        t.write(0, rows, x, 0);
        // Draws of a launch: alone, few, and so many that a row gets less of the device; then with
        // some among them that are made in another way.
        for (int size : new int[] {1, 4, 24}) {
          for (boolean mixed : new boolean[] {false, true}) {
            Draws draws = new Draws();
            for (int i = 0; i < size; i++) {
              DecodeSpec.Builder spec = DecodeSpec.of(1).seed(random.nextLong(), random.nextLong());
              switch ((i + size) % 4) {
                case 0 -> spec.temperature(0);
                case 1 -> spec.temperature(0.8f).topK(Math.min(50, cols - 1));
                case 2 -> spec.temperature(1).topK(Math.min(192, cols - 1)).topP(0.9f);
                default -> spec.temperature(1).minP(1e-3f);
              }
              if (mixed && i % 3 == 0) {
                spec.temperature(1).topK(300).topP(1).minP(0);
              }
              draws.add((i + i / 4) % rows, spec.build(), random.nextInt(9000));
            }
            b.sample(t, cols, draws);
            for (int i = 0; i < size; i++) {
              int at = draws.row(i) * cols;
              int want = sampler.draw(x, at, draws.spec(i), draws.position(i));
              double sum = 0;
              for (int c = 0; c < cols; c++) {
                sum += Math.exp(x[at + c]);
              }
              assertThat(draws.token(i))
                  .as("row %d of %d columns, %s", draws.row(i), cols, draws.spec(i))
                  .isEqualTo(want);
              assertThat((double) draws.logProb(i))
                  .isCloseTo(x[at + want] - Math.log(sum), within(4e-6));
            }
          }
        }
      }
    }
  }

  @Test
  default void gegluAndSoftCapAgreeWithTheOracle() {
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
  default void shapesThatDoNotFitAreRefused() {
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
