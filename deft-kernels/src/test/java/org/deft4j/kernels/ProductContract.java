package org.deft4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.deft4j.kernels.BackendCase.columns;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products of matrices of every type, against float64 oracles. */
public interface ProductContract extends BackendCase {
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
  default void productsAgreeWithTheOracle(WeightType type) {
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

  @Test
  default void aProductAndTheNormOfItsSumAreWhatTheyAreOneByOne() {
    SplittableRandom random = new SplittableRandom(29);
    int rows = 5;
    int n = 96;
    try (Backend b = open(2, false)) {
      Oracle.Sample w = Oracle.weights(random, WeightType.BF16, n, 64);
      Oracle.Sample next = Oracle.weights(random, WeightType.BF16, 40, n);
      Matrix m = b.matrix(w.weights());
      Matrix reader = b.matrix(next.weights());
      Tensor norm = b.vector(Oracle.floats(random, n));
      Tensor x = b.tensor(rows, 64);
      x.write(0, rows, Oracle.floats(random, rows * 64), 0);
      float[] start = Oracle.floats(random, rows * n);
      float[][] got = new float[4][];
      for (int together = 0; together < 2; together++) {
        Tensor y = b.tensor(rows, n);
        Tensor normed = b.activations(rows, n, reader);
        Tensor out = b.tensor(rows, 40);
        y.write(0, rows, start, 0);
        if (together == 1) {
          b.matmulAddNorm(m, x, y, norm, 1e-5f, normed, rows);
        } else {
          b.matmulAdd(m, x, y, rows);
          b.rmsNorm(y, norm, 1e-5f, normed, rows);
        }
        b.matmul(reader, normed, out, rows);
        got[together] = new float[rows * n];
        y.read(0, rows, got[together], 0);
        got[2 + together] = new float[rows * 40];
        out.read(0, rows, got[2 + together], 0);
      }
      assertThat(got[1]).isEqualTo(got[0]).isNotEqualTo(start);
      assertThat(got[3]).isEqualTo(got[2]).isNotEqualTo(new float[rows * 40]);
    }
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  default void packedPartsAreRowsBelowEachOther(WeightType type) {
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
  default void partsOfSeveralTypesMultiplyTogether() {
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
  default void swigluAgreesWithTheOracle(WeightType type) {
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

  @ParameterizedTest
  @EnumSource(WeightType.class)
  default void deterministicRowsDoNotDependOnTheBatchOrTheThreads(WeightType type) {
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
  default void theLeastByteOfQ8IsKept() {
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
  default void halfPrecisionExtremesAreKept() {
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
}
