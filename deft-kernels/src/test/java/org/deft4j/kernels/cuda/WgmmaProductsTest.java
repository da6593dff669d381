package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every kernel and split of K, whether or not it would be chosen, against float64. */
@EnabledIfCuda
final class WgmmaProductsTest {
  @ParameterizedTest
  @CsvSource({
    "F16, 200, 256",
    "BF16, 333, 1024",
    "F16, 48, 2112",
    "BF16, 1501, 128",
    "BF16, 9, 64"
  })
  void everyKernelAgreesWithTheOracle(DType type, int n, int k) {
    try (CudaDevice device = ProductOracle.wgmmaDevice();
        WgmmaProducts products = new WgmmaProducts(device)) {
      ProductOracle oracle = new ProductOracle(device, type, n, k);
      for (int mode : ProductOracle.MODES) {
        for (int rows : new int[] {2, 5, 8, 15, 16, 17, 32, 50, 64}) {
          checkAll(products, oracle, type, n, k, rows, mode);
        }
      }
    }
  }

  /** Tiles that are all but full: of so many outputs and three for each of the thread blocks. */
  @ParameterizedTest
  @CsvSource({"F16, 1, 120, 128", "BF16, 1, 248, 64", "BF16, 8, 120, 1024", "F16, 8, 248, 1024"})
  void fullTilesAgreeWithTheOracle(DType type, int parts, int tile, int k) {
    try (CudaDevice device = ProductOracle.wgmmaDevice();
        WgmmaProducts products = new WgmmaProducts(device)) {
      int n = device.multiprocessors() / parts * tile + 3;
      ProductOracle oracle = new ProductOracle(device, type, n, k, 64, 1);
      for (int mode : ProductOracle.MODES) {
        for (int rows : new int[] {7, 32, 64}) {
          checkAll(products, oracle, type, n, k, rows, mode);
        }
      }
    }
  }

  private static void checkAll(
      WgmmaProducts products, ProductOracle oracle, DType type, int n, int k, int rows, int mode) {
    for (WgmmaProducts.Choice c : products.candidates(type, n, k, rows, mode)) {
      ProductOracle.Kernel kernel =
          (w, x, y, ld) -> products.run(c, w, x, null, y, ld, rows, mode, null);
      float[] first = oracle.check(c.toString(), rows, mode, kernel);
      assertThat(oracle.check(c.toString(), rows, mode, kernel))
          .as("the same bits each time: %s", c)
          .isEqualTo(first);
    }
  }

  @Test
  void gatesOfBinary16Saturate() {
    try (CudaDevice device = ProductOracle.wgmmaDevice();
        WgmmaProducts products = new WgmmaProducts(device)) {
      int mode = FewRowProducts.HALF | FewRowProducts.SWIGLU;
      ProductOracle oracle = new ProductOracle(device, DType.F16, 100, 128, 32, 400);
      checkAll(products, oracle, DType.F16, 100, 128, 32, mode);
      try (FewRowProducts few = new FewRowProducts(device)) {
        FewRowProducts.Choice c = few.fixed(DType.F16, 100, 32, mode);
        oracle.check(
            c.kernel().name(), 32, mode, (w, x, y, ld) -> few.run(c, w, x, y, ld, 32, mode));
      }
    }
  }

  /** As in a step: started early, with parts and counters that the one before has just left. */
  @Test
  void oneAfterTheOtherInAGraphGivesTheSameBits() {
    try (CudaDevice device = ProductOracle.wgmmaDevice();
        WgmmaProducts products = new WgmmaProducts(device)) {
      int n = 1000;
      int rows = 12;
      int mode = FewRowProducts.FLOAT;
      StepKernels kernels = new StepKernels(device);
      CudaMatrix w = new ProductOracle(device, DType.BF16, n, 2048, 1, 1).matrix();
      CudaTensor x = new CudaTensor(device, rows, 2048, DType.F32);
      float[] values = new float[rows * 2048];
      SplittableRandom random = new SplittableRandom(2);
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
      x.write(0, rows, values, 0);
      CudaTensor scales = new CudaTensor(device, 1, 2048, DType.F32);
      float[] ones = new float[2048];
      Arrays.fill(ones, 1);
      scales.write(0, 1, ones, 0);
      CudaTensor h = new CudaTensor(device, rows, 2048, DType.BF16);
      List<WgmmaProducts.Choice> all = products.candidates(DType.BF16, n, 2048, rows, mode);
      assertThat(all).extracting(WgmmaProducts.Choice::parts).contains(1, 2, 4, 8);
      List<CudaTensor> made = new ArrayList<>();
      all.forEach(c -> made.add(new CudaTensor(device, rows, n, DType.F32)));
      IntConsumer product =
          i -> {
            CudaTensor y = made.get(i);
            long to = y.buffer().address();
            kernels.rmsNorm(x, scales, 1e-5f, h, rows);
            long from = h.buffer().address();
            products.run(all.get(i), w, from, null, to, y.stride(), rows, mode, null);
          };
      Runnable step =
          () -> {
            for (int i = all.size() - 1; i >= 0; i--) {
              product.accept(i);
              device.memory().fill(h.buffer(), 0, h.buffer().bytes(), 0);
            }
            for (int i = 0; i < all.size(); i++) {
              product.accept(i);
            }
          };
      step.run();
      List<float[]> want = made.stream().map(y -> read(y, rows, n)).toList();
      assertThat(want.get(0)).isNotEqualTo(new float[rows * n]);
      try (CudaGraph graph = device.launcher().capture(step)) {
        for (int i = 0; i < 100; i++) {
          made.forEach(y -> device.memory().fill(y.buffer(), 0, y.buffer().bytes(), 0));
          graph.launch();
          for (int j = 0; j < made.size(); j++) {
            assertThat(read(made.get(j), rows, n)).as("%s", all.get(j)).isEqualTo(want.get(j));
          }
        }
      }
    }
  }

  private static float[] read(CudaTensor y, int rows, int n) {
    float[] values = new float[rows * n];
    y.read(0, rows, values, 0);
    return values;
  }

  @Test
  void nothingIsOfferedWhereItCannotBe() {
    try (CudaDevice device = ProductOracle.wgmmaDevice();
        WgmmaProducts products = new WgmmaProducts(device)) {
      int mode = FewRowProducts.FLOAT;
      assertThat(products.candidates(DType.BF16, 200, 256, 8, mode)).isNotEmpty();
      assertThat(products.candidates(DType.BF16, 200, 264, 8, mode)).isEmpty();
      assertThat(products.candidates(DType.BF16, 200, 256, 1, mode)).isEmpty();
      assertThat(products.candidates(DType.BF16, 200, 256, 65, mode)).isEmpty();
      assertThat(products.candidates(DType.BF16, 128_256, 4096, 8, mode)).isEmpty();
    }
  }
}
