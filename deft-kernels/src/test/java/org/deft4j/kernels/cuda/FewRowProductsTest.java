package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kernel of few rows, whether or not it would be chosen, against float64. */
@EnabledIfCuda
final class FewRowProductsTest {
  @ParameterizedTest
  @CsvSource({"F16, 200, 264", "BF16, 333, 1032", "F16, 64, 2048", "BF16, 48, 72"})
  void everyKernelAgreesWithTheOracle(DType type, int n, int k) {
    try (CudaDevice device = CudaDevice.open();
        FewRowProducts few = new FewRowProducts(device)) {
      ProductOracle oracle = new ProductOracle(device, type, n, k);
      for (int mode : ProductOracle.MODES) {
        boolean gates = (mode & FewRowProducts.SWIGLU) != 0;
        for (int rows : new int[] {1, 2, 5, 8, 9, 16, 31, 50, 64}) {
          List<FewRowProducts.Choice> all = new ArrayList<>();
          if (rows <= 8) {
            all.addAll(few.candidates(type, n, rows, mode));
            assertThat(all).hasSizeGreaterThan(3);
          }
          if (!gates || few.fixedGates()) {
            all.add(few.fixed(type, n, rows, mode));
          }
          for (FewRowProducts.Choice c : all) {
            oracle.check(
                c.kernel().name(),
                rows,
                mode,
                (w, x, y, stride) -> few.run(c, w, x, y, stride, rows, mode));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void kernelsOfOneOrderGiveARowTheSameBits(DType type) {
    try (CudaDevice device = CudaDevice.open();
        FewRowProducts few = new FewRowProducts(device)) {
      int n = 150;
      int mode = FewRowProducts.FLOAT;
      ProductOracle oracle = new ProductOracle(device, type, n, 1000);
      float[] all = new float[0];
      for (int rows = 64; rows > 0; rows -= rows > 9 ? 5 : 1) {
        int most = rows;
        FewRowProducts.Choice c = few.fixed(type, n, rows, mode);
        float[] got =
            oracle.check(
                c.kernel().name(),
                rows,
                mode,
                (w, x, y, stride) -> few.run(c, w, x, y, stride, most, mode));
        got = Arrays.copyOf(got, rows * n);
        if (rows == 64) {
          all = got;
        }
        assertThat(got).isEqualTo(Arrays.copyOf(all, rows * n));
      }
    }
  }
}
