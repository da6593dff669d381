package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.kernels.WeightType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kernel of few rows, whether or not it would be chosen, against float64. */
@EnabledIfCuda
final class FewRowProductsTest {
  private final SplittableRandom random = new SplittableRandom(4);

  /** Values that 16 bits hold exactly, in a buffer of rows of {@code stride} values. */
  private DeviceBuffer values(
      CudaDevice device, DType type, float[] to, int rows, int cols, int stride, double scale) {
    byte[] bytes = new byte[2 * rows * stride];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < cols; c++) {
        short bits = type.encode((float) (random.nextGaussian() * scale));
        to[r * cols + c] = type.decode(bits);
        bytes[2 * (r * stride + c)] = (byte) bits;
        bytes[2 * (r * stride + c) + 1] = (byte) (bits >> 8);
      }
    }
    DeviceBuffer b = device.allocate(bytes.length);
    device.upload(b, 0, MemorySegment.ofArray(bytes));
    return b;
  }

  @ParameterizedTest
  @CsvSource({"F16, 200, 264", "BF16, 333, 1032", "F16, 64, 2048", "BF16, 48, 72"})
  void everyKernelAgreesWithTheOracle(DType type, int n, int k) {
    try (CudaDevice device = CudaDevice.open()) {
      FewRowProducts few = new FewRowProducts(device);
      int stride = CudaTensor.stride(k);
      float[] w = new float[2 * n * k];
      float[] x = new float[64 * k];
      DeviceBuffer weights = values(device, type, w, 2 * n, k, stride, 1 / Math.sqrt(k));
      DeviceBuffer in = values(device, type, x, 64, k, stride, 1);
      WeightType given = type == DType.F16 ? WeightType.F16 : WeightType.BF16;
      double[][] product = new double[64][2 * n];
      for (int r = 0; r < 64; r++) {
        for (int i = 0; i < 2 * n; i++) {
          for (int c = 0; c < k; c++) {
            product[r][i] += (double) w[i * k + c] * x[r * k + c];
          }
        }
      }
      int[] modes = {
        FewRowProducts.HALF,
        FewRowProducts.FLOAT,
        FewRowProducts.FLOAT | FewRowProducts.ADD,
        FewRowProducts.HALF | FewRowProducts.SWIGLU,
        FewRowProducts.FLOAT | FewRowProducts.SWIGLU
      };
      for (int mode : modes) {
        boolean gates = (mode & FewRowProducts.SWIGLU) != 0;
        CudaMatrix m = new CudaMatrix(given, DType.held(given), gates ? 2 * n : n, k, weights);
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
            boolean wide = (mode & FewRowProducts.FLOAT) != 0;
            try (CudaTensor y = new CudaTensor(device, 64, n, wide ? DType.F32 : type)) {
              float[] before = new float[64 * n];
              for (int i = 0; i < before.length; i++) {
                before[i] = random.nextInt(5);
              }
              y.write(0, 64, before, 0);
              few.run(c, m, in.address(), y.buffer().address(), y.stride(), rows, mode);
              float[] got = new float[64 * n];
              y.read(0, 64, got, 0);
              for (int r = 0; r < 64; r++) {
                for (int i = 0; i < n; i++) {
                  double want = product[r][i];
                  if (gates) {
                    want = want / (1 + Math.exp(-want)) * product[r][n + i];
                  }
                  want += (mode & FewRowProducts.ADD) != 0 ? before[r * n + i] : 0;
                  want = r < rows ? want : before[r * n + i];
                  double tolerance = wide ? 2e-5 : type == DType.F16 ? 1e-3 : 8e-3;
                  assertThat(Math.abs(got[r * n + i] - want))
                      .as("%s, %d rows, mode %d: row %d, %d", c.kernel().name(), rows, mode, r, i)
                      .isLessThanOrEqualTo(tolerance * Math.max(1, Math.abs(want)));
                }
              }
            }
          }
        }
      }
      few.close();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "BF16"})
  void kernelsOfOneOrderGiveARowTheSameBits(DType type) {
    try (CudaDevice device = CudaDevice.open()) {
      FewRowProducts few = new FewRowProducts(device);
      int n = 150;
      int k = 1000;
      DeviceBuffer weights = values(device, type, new float[n * k], n, k, k, 1);
      DeviceBuffer in = values(device, type, new float[64 * k], 64, k, k, 1);
      WeightType given = type == DType.F16 ? WeightType.F16 : WeightType.BF16;
      CudaMatrix m = new CudaMatrix(given, type, n, k, weights);
      float[] all = new float[64 * n];
      for (int rows = 64; rows > 0; rows -= rows > 9 ? 5 : 1) {
        try (CudaTensor y = new CudaTensor(device, 64, n, DType.F32)) {
          FewRowProducts.Choice c = few.fixed(type, n, rows, FewRowProducts.FLOAT);
          few.run(c, m, in.address(), y.buffer().address(), y.stride(), rows, FewRowProducts.FLOAT);
          float[] got = new float[rows * n];
          y.read(0, rows, got, 0);
          if (rows == 64) {
            all = got;
          }
          assertThat(got).isEqualTo(java.util.Arrays.copyOf(all, rows * n));
        }
      }
      few.close();
    }
  }
}
