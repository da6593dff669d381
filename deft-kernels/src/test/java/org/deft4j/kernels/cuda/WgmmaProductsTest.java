package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
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
    try (CudaDevice device = CudaDevice.open();
        WgmmaProducts products = new WgmmaProducts(device)) {
      assumeTrue(device.capability() == 90, "compute capability 9.0");
      ProductOracle oracle = new ProductOracle(device, type, n, k);
      for (int mode : ProductOracle.MODES) {
        for (int rows : new int[] {2, 5, 8, 15, 16, 17, 31, 32}) {
          List<WgmmaProducts.Choice> all = products.candidates(type, n, k, rows, mode);
          assertThat(all).isNotEmpty();
          for (WgmmaProducts.Choice c : all) {
            ProductOracle.Kernel kernel =
                (w, x, y, stride) -> products.run(c, w, x, y, stride, rows, mode);
            float[] first = oracle.check(c.toString(), rows, mode, kernel);
            assertThat(oracle.check(c.toString(), rows, mode, kernel))
                .as("the same bits each time: %s", c)
                .isEqualTo(first);
          }
        }
      }
    }
  }

  @Test
  void nothingIsOfferedWhereItCannotBe() {
    try (CudaDevice device = CudaDevice.open();
        WgmmaProducts products = new WgmmaProducts(device)) {
      int mode = FewRowProducts.FLOAT;
      assertThat(products.candidates(DType.BF16, 200, 264, 8, mode)).isEmpty();
      assertThat(products.candidates(DType.BF16, 200, 256, 1, mode)).isEmpty();
      assertThat(products.candidates(DType.BF16, 200, 256, 33, mode)).isEmpty();
      assertThat(products.candidates(DType.BF16, 128_256, 4096, 8, mode)).isEmpty();
    }
  }
}
