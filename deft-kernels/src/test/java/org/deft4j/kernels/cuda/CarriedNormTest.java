package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Norms that products leave to those that follow, against float64 and the kernel of norms. */
@EnabledIfCuda
final class CarriedNormTest {
  private static final float EPS = 1e-2f;
  private static final int K = 1024;

  private final SplittableRandom random = new SplittableRandom(9);

  /** Every kernel and split leaves it, and every one takes it up. */
  @ParameterizedTest
  @CsvSource({"2, 512", "15, 1152", "16, 2048", "31, 512", "50, 2048", "56, 1152", "64, 2048"})
  void everyKernelLeavesAndTakesUpNorms(int rows, int n) {
    try (CudaDevice device = ProductOracle.wgmmaDevice();
        WgmmaProducts products = new WgmmaProducts(device)) {
      ProductOracle oracle = new ProductOracle(device, DType.BF16, 200, n);
      CudaMatrix w = new ProductOracle(device, DType.BF16, n, K, 1, 1).matrix();
      CudaTensor x = tensor(device, rows, K, DType.BF16);
      CudaTensor norm = tensor(device, 1, n, DType.F32);
      CudaTensor normed = new CudaTensor(device, rows, n, DType.BF16);
      CudaTensor start = tensor(device, rows, n, DType.F32);
      CudaTensor y = new CudaTensor(device, rows, n, DType.F32);
      int mode = FewRowProducts.FLOAT | FewRowProducts.ADD;
      int one = 0;
      for (WgmmaProducts.Choice c : products.candidates(DType.BF16, n, K, rows, mode)) {
        y.write(0, rows, read(start), 0);
        long from = x.buffer().address();
        long to = y.buffer().address();
        products.run(c, w, from, null, to, y.stride(), rows, mode, null);
        final float[] plain = read(y);
        y.write(0, rows, read(start), 0);
        var next = new WgmmaProducts.Next(y, norm, EPS, normed);
        products.run(c, w, from, null, to, y.stride(), rows, mode, next);
        assertThat(read(y)).as("%s", c).isEqualTo(plain);
        oracle.rows(normalized(plain, read(norm), rows, n));
        for (int m : ProductOracle.MODES) {
          for (WgmmaProducts.Choice d : products.candidates(DType.BF16, 200, n, rows, m)) {
            ProductOracle.Kernel reader =
                (v, in, out, ld) ->
                    products.run(
                        d,
                        v,
                        normed.unscaled().address(),
                        normed.carried(),
                        out,
                        ld,
                        rows,
                        m,
                        null);
            // Products of about 1 from rows rounded to 8 bits, twice with gates.
            oracle.check(c + ", then " + d, rows, m, reader, 0.03);
            one++;
          }
        }
      }
      assertThat(one).isGreaterThan(10);
    }
  }

  private static double[][] normalized(float[] y, float[] norm, int rows, int n) {
    double[][] all = new double[rows][n];
    for (int r = 0; r < rows; r++) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += (double) y[r * n + i] * y[r * n + i];
      }
      for (int i = 0; i < n; i++) {
        all[r][i] = y[r * n + i] * norm[i] / Math.sqrt(sum / n + EPS);
      }
    }
    return all;
  }

  /**
   * As layers follow each other: started early, with sums of squares that others have just read.
   */
  @Test
  void chainsInAGraphGiveTheSameBitsEachTime() {
    int rows = 50;
    int dim = 1024;
    int wide = 2048;
    try (CudaDevice device = ProductOracle.wgmmaDevice();
        WgmmaProducts products = new WgmmaProducts(device)) {
      StepKernels kernels = new StepKernels(device);
      CudaMatrix o = new ProductOracle(device, DType.BF16, dim, wide, 1, 1).matrix();
      CudaMatrix up = new ProductOracle(device, DType.BF16, wide, dim, 1, 1).matrix();
      CudaMatrix qkv = new ProductOracle(device, DType.BF16, 1536, dim, 1, 1).matrix();
      CudaTensor x = tensor(device, rows, wide, DType.BF16);
      CudaTensor start = tensor(device, rows, dim, DType.F32);
      CudaTensor norm = tensor(device, 1, dim, DType.F32);
      CudaTensor y = new CudaTensor(device, rows, dim, DType.F32);
      CudaTensor normed = new CudaTensor(device, rows, dim, DType.BF16);
      CudaTensor ffn = new CudaTensor(device, rows, wide, DType.BF16);
      CudaTensor out = new CudaTensor(device, rows, 1536, DType.F32);
      long toY = y.buffer().address();
      long toFfn = ffn.buffer().address();
      long toOut = out.buffer().address();
      int add = FewRowProducts.FLOAT | FewRowProducts.ADD;
      int half = FewRowProducts.HALF;
      int full = FewRowProducts.FLOAT;
      var first = products.candidates(DType.BF16, dim, wide, rows, add);
      var second = products.candidates(DType.BF16, wide, dim, rows, half);
      var last = products.candidates(DType.BF16, 1536, dim, rows, full);
      assertThat(first).hasSizeGreaterThan(2);
      for (int i = 0; i < first.size(); i++) {
        WgmmaProducts.Choice a = first.get(i);
        WgmmaProducts.Choice b = second.get(i % second.size());
        WgmmaProducts.Choice c = first.get(first.size() - 1 - i);
        WgmmaProducts.Choice d = last.get(i % last.size());
        var next = new WgmmaProducts.Next(y, norm, EPS, normed);
        int f32 = DType.F32.code();
        Runnable layer =
            () -> {
              kernels.convert(
                  start.buffer().address(), dim, f32, toY, y.stride(), DType.F32, rows, dim);
              products.run(a, o, x.buffer().address(), null, toY, y.stride(), rows, add, next);
              long rest = normed.unscaled().address();
              products.run(b, up, rest, normed.carried(), toFfn, wide, rows, half, null);
              products.run(c, o, toFfn, null, toY, y.stride(), rows, add, next);
              products.run(d, qkv, rest, normed.carried(), toOut, 1536, rows, full, null);
            };
        layer.run();
        float[] sums = read(y);
        float[] want = read(out);
        assertThat(want).isNotEqualTo(new float[want.length]).doesNotContain(Float.NaN);
        Runnable layers =
            () -> {
              layer.run();
              layer.run();
              layer.run();
            };
        try (CudaGraph graph = device.launcher().capture(layers)) {
          for (int j = 0; j < 100; j++) {
            device.memory().fill(out.buffer(), 0, out.buffer().bytes(), 0);
            graph.launch();
            assertThat(read(out)).as("%s, %s, %s, %s", a, b, c, d).isEqualTo(want);
            assertThat(read(y)).isEqualTo(sums);
          }
        }
      }
    }
  }

  @Test
  void aReaderThatDoesNotScaleGetsTheNormAsItsKernelMakesIt() {
    ProductOracle.wgmmaDevice().close();
    int rows = 20;
    int n = 1024;
    try (CudaBackend b = new CudaBackend(BackendOptions.defaults())) {
      CudaMatrix w = (CudaMatrix) matrix(b, n, K);
      Matrix small = matrix(b, 64, n);
      CudaTensor x = tensor(b.device(), rows, K, DType.BF16);
      CudaTensor norm = tensor(b.device(), 1, n, DType.F32);
      CudaTensor y = tensor(b.device(), rows, n, DType.F32);
      CudaTensor normed = (CudaTensor) b.activations(rows, n, w);
      final CudaTensor out = (CudaTensor) b.tensor(rows, 64);
      try (WgmmaProducts products = new WgmmaProducts(b.device())) {
        int mode = FewRowProducts.FLOAT | FewRowProducts.ADD;
        WgmmaProducts.Choice c = products.candidates(DType.BF16, n, K, rows, mode).getFirst();
        var next = new WgmmaProducts.Next(y, norm, EPS, normed);
        Runnable leave =
            () ->
                products.run(
                    c,
                    w,
                    x.buffer().address(),
                    null,
                    y.buffer().address(),
                    y.stride(),
                    rows,
                    mode,
                    next);
        leave.run();
        assertThatThrownBy(() -> read(normed)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> b.addBias(normed, norm, rows))
            .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> b.matmulAdd(w, x, normed, rows))
            .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> normed.write(0, 1, new float[n], 0))
            .isInstanceOf(IllegalStateException.class);
        leave.run();
        b.matmul(small, normed, out, rows);
        final float[] got = read(out);
        b.rmsNorm(y, norm, EPS, normed, rows);
        b.matmul(small, normed, out, rows);
        assertThat(got).isEqualTo(read(out)).isNotEqualTo(new float[rows * 64]);
        leave.run();
        b.rmsNorm(y, norm, EPS, y, rows);
        assertThatThrownBy(() -> b.matmul(small, normed, out, rows))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("changed before its norm was read");
      }
    }
  }

  /** The residual stream is the same, what follows within rounding. */
  @Test
  void backendsLeaveNormsToProductsUnlessTheyAreTold() {
    ProductOracle.wgmmaDevice().close();
    int rows = 40;
    int n = 1024;
    try (CudaBackend b = new CudaBackend(BackendOptions.defaults())) {
      Matrix w = matrix(b, n, 4096);
      Matrix reader = matrix(b, 2048, n);
      CudaTensor x = tensor(b.device(), rows, 4096, DType.BF16);
      CudaTensor norm = tensor(b.device(), 1, n, DType.F32);
      CudaTensor start = tensor(b.device(), rows, n, DType.F32);
      CudaTensor y = new CudaTensor(b.device(), rows, n, DType.F32);
      CudaTensor normed = (CudaTensor) b.activations(rows, n, reader);
      CudaTensor out = (CudaTensor) b.tensor(rows, 2048);
      b.products().ways().beginPass();
      float[][] got = new float[2][];
      float[][] sums = new float[2][];
      boolean[] carried = new boolean[2];
      for (int i = 0; i < 2; i++) {
        y.write(0, rows, read(start), 0);
        b.matmulAddNorm(w, x, y, norm, EPS, normed, rows);
        carried[i] = normed.carried() != null;
        b.matmul(reader, normed, out, rows);
        sums[i] = read(y);
        got[i] = read(out);
        b.products().options(rows).forEach(o -> o.take(o.toString().equals("norms apart")));
      }
      assumeThat(carried[0]).as("our way to the product is near cuBLAS's").isTrue();
      assertThat(carried[1]).isFalse();
      for (int i = 0; i < sums[0].length; i++) {
        assertThat(sums[1][i]).isCloseTo(sums[0][i], within(1e-3f));
      }
      for (int i = 0; i < got[0].length; i++) {
        assertThat(got[1][i]).isCloseTo(got[0][i], within(0.05f));
      }
    }
  }

  private Matrix matrix(CudaBackend b, int rows, int cols) {
    byte[] bytes = new byte[2 * rows * cols];
    for (int i = 0; i < bytes.length; i += 2) {
      short v = DType.BF16.encode((float) (random.nextGaussian() / Math.sqrt(cols)));
      bytes[i] = (byte) v;
      bytes[i + 1] = (byte) (v >> 8);
    }
    return b.matrix(new Weights(WeightType.BF16, rows, cols, MemorySegment.ofArray(bytes)));
  }

  private CudaTensor tensor(CudaDevice device, int rows, int cols, DType type) {
    CudaTensor t = new CudaTensor(device, rows, cols, type);
    float[] values = new float[rows * cols];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    t.write(0, rows, values, 0);
    return t;
  }

  private static float[] read(CudaTensor t) {
    float[] values = new float[t.rows() * t.cols()];
    t.read(0, t.rows(), values, 0);
    return values;
  }
}
