package org.deft4j.kernels.cpu.panama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.Oracle;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.WeightType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products with activations of 8 bits. */
class Int8ActivationsTest {
  private static PanamaBackend open(int threads, boolean deterministic) {
    return new PanamaBackend(
        new BackendOptions(threads, 0, deterministic).withInt8Activations(true));
  }

  private static float[] multiply(
      PanamaBackend b, Oracle.Sample w, float[] x, int rows, int n, int cols) {
    try (Matrix m = b.matrix(w.weights());
        Tensor in = b.tensor(rows, cols);
        Tensor out = b.tensor(rows, n)) {
      in.write(0, rows, x, 0);
      b.matmul(m, in, out, rows);
      float[] got = new float[rows * n];
      out.read(0, rows, got, 0);
      return got;
    }
  }

  /** What 8 bits and a scale hold is not rounded, so only the order of additions differs. */
  @ParameterizedTest
  @EnumSource(
      value = WeightType.class,
      names = {"Q4_K", "Q6_K"})
  void whatEightBitsHoldIsMultipliedExactly(WeightType type) {
    SplittableRandom random = new SplittableRandom(type.ordinal());
    int[][] shapes = {{1, 288, 256}, {1, 31, 768}, {2, 100, 512}, {5, 33, 256}, {130, 40, 512}};
    for (int threads = 1; threads <= 2; threads++) {
      try (PanamaBackend b = open(threads, false)) {
        for (int[] s : shapes) {
          float[] x = new float[s[0] * s[2]];
          for (int i = 0; i < x.length; i++) {
            // All of one sign, or the largest throughout: sums at the limit of 16 bits.
            int v = i / 256 % 2 == 0 ? random.nextInt(-127, 128) : i / 512 % 2 == 0 ? 127 : -127;
            x[i] = (i % 32 == 0 ? 127 : v) * Math.scalb(1f, i / 32 % 3 - 7);
          }
          Oracle.Sample w = Oracle.weights(random, type, s[1], s[2]);
          double[] want = Oracle.matmul(w.values(), s[1], s[2], x, s[0]);
          float[] got = multiply(b, w, x, s[0], s[1], s[2]);
          for (int i = 0; i < want.length; i++) {
            // Products may be far larger than what is left of them.
            double size = 1;
            for (int k = 0; k < s[2]; k++) {
              int row = i / s[1] * s[2];
              size += Math.abs(w.values()[i % s[1] * s[2] + k] * x[row + k]);
            }
            assertThat((double) got[i])
                .as("%s %s value %d", type, Arrays.toString(s), i)
                .isCloseTo(want[i], offset(1e-6 * size));
          }
        }
      }
    }
  }

  /** Each activation is off by half a step, a 254th of its group's largest, at most. */
  @ParameterizedTest
  @EnumSource(
      value = WeightType.class,
      names = {"Q4_K", "Q6_K"})
  void errorsAreThoseOfRounding(WeightType type) {
    SplittableRandom random = new SplittableRandom(3);
    int rows = 6;
    int n = 40;
    int cols = 512;
    float[] x = Oracle.floats(random, rows * cols);
    Oracle.Sample w = Oracle.weights(random, type, n, cols);
    double[] want = Oracle.matmul(w.values(), n, cols, x, rows);
    try (PanamaBackend b = open(2, false)) {
      float[] got = multiply(b, w, x, rows, n, cols);
      for (int r = 0; r < rows; r++) {
        for (int i = 0; i < n; i++) {
          double bound = 1e-5;
          for (int k = 0; k < cols; k++) {
            float most = 0;
            for (int j = k / 32 * 32; j < k / 32 * 32 + 32; j++) {
              most = Math.max(most, Math.abs(x[r * cols + j]));
            }
            bound += most / 254 * Math.abs(w.values()[i * cols + k]);
          }
          assertThat(Math.abs(got[r * n + i] - want[r * n + i])).isLessThanOrEqualTo(bound);
        }
      }
    }
  }

  /** Whatever runs beside it, a row has the same bits. */
  @ParameterizedTest
  @EnumSource(
      value = WeightType.class,
      names = {"Q4_K", "Q6_K"})
  void bitsOfARowDoNotDependOnTheBatch(WeightType type) {
    SplittableRandom random = new SplittableRandom(5);
    int n = 70;
    int cols = 512;
    float[] x = Oracle.floats(random, 7 * cols);
    Oracle.Sample w = Oracle.weights(random, type, n, cols);
    try (PanamaBackend one = open(1, true);
        PanamaBackend two = open(2, true)) {
      float[] all = multiply(two, w, x, 7, n, cols);
      for (int r = 0; r < 7; r++) {
        float[] alone =
            multiply(one, w, Arrays.copyOfRange(x, r * cols, (r + 1) * cols), 1, n, cols);
        assertThat(alone).isEqualTo(Arrays.copyOfRange(all, r * n, (r + 1) * n));
      }
    }
  }
}
