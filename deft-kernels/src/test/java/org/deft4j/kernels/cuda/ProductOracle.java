package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.deft4j.kernels.WeightType;

/** A random matrix and 64 random rows on a device, and their product in float64. */
final class ProductOracle {
  /** All modes that a product may have. */
  static final int[] MODES = {
    FewRowProducts.HALF,
    FewRowProducts.FLOAT,
    FewRowProducts.FLOAT | FewRowProducts.ADD,
    FewRowProducts.HALF | FewRowProducts.SWIGLU,
    FewRowProducts.FLOAT | FewRowProducts.SWIGLU
  };

  /** Queues a product of the oracle's matrix with its first rows. */
  interface Kernel {
    void run(CudaMatrix w, long x, long y, int yStride);
  }

  private final SplittableRandom random = new SplittableRandom(4);
  private final CudaDevice device;
  private final DType type;
  private final int n;
  private final int k;
  private final DeviceBuffer weights;
  private final DeviceBuffer in;
  private final double[][] product;

  /**
   * Makes them.
   *
   * @param n outputs of a row; the matrix has twice as many rows, for gates
   */
  ProductOracle(CudaDevice device, DType type, int n, int k) {
    this.device = device;
    this.type = type;
    this.n = n;
    this.k = k;
    int stride = CudaTensor.stride(k);
    float[] w = new float[2 * n * k];
    float[] x = new float[64 * k];
    weights = values(w, 2 * n, stride, 1 / Math.sqrt(k));
    in = values(x, 64, stride, 1);
    product = new double[64][2 * n];
    for (int r = 0; r < 64; r++) {
      for (int i = 0; i < 2 * n; i++) {
        for (int c = 0; c < k; c++) {
          product[r][i] += (double) w[i * k + c] * x[r * k + c];
        }
      }
    }
  }

  /** Values that 16 bits hold exactly, in a buffer of rows of {@code stride} values. */
  private DeviceBuffer values(float[] to, int rows, int stride, double scale) {
    byte[] bytes = new byte[2 * rows * stride];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < k; c++) {
        short bits = type.encode((float) (random.nextGaussian() * scale));
        to[r * k + c] = type.decode(bits);
        bytes[2 * (r * stride + c)] = (byte) bits;
        bytes[2 * (r * stride + c) + 1] = (byte) (bits >> 8);
      }
    }
    DeviceBuffer b = device.allocate(bytes.length);
    device.upload(b, 0, MemorySegment.ofArray(bytes));
    return b;
  }

  /**
   * Runs a kernel and asserts that it gives the product, and changes nothing past {@code rows}.
   *
   * @return what it gave
   */
  float[] check(String name, int rows, int mode, Kernel kernel) {
    boolean gates = (mode & FewRowProducts.SWIGLU) != 0;
    boolean floats = (mode & FewRowProducts.FLOAT) != 0;
    WeightType given = type == DType.F16 ? WeightType.F16 : WeightType.BF16;
    CudaMatrix m = new CudaMatrix(given, DType.held(given), gates ? 2 * n : n, k, weights);
    float[] got = new float[64 * n];
    float[] before = new float[64 * n];
    SplittableRandom small = new SplittableRandom(rows);
    for (int i = 0; i < before.length; i++) {
      before[i] = small.nextInt(5);
    }
    try (CudaTensor y = new CudaTensor(device, 64, n, floats ? DType.F32 : type)) {
      y.write(0, 64, before, 0);
      kernel.run(m, in.address(), y.buffer().address(), y.stride());
      y.read(0, 64, got, 0);
    }
    double tolerance = floats ? 2e-5 : type == DType.F16 ? 1e-3 : 8e-3;
    for (int r = 0; r < 64; r++) {
      for (int i = 0; i < n; i++) {
        double want = product[r][i];
        if (gates) {
          want = want / (1 + Math.exp(-want)) * product[r][n + i];
        }
        want += (mode & FewRowProducts.ADD) != 0 ? before[r * n + i] : 0;
        want = r < rows ? want : before[r * n + i];
        assertThat(Math.abs(got[r * n + i] - want))
            .as("%s, %d rows, mode %d: row %d, %d", name, rows, mode, r, i)
            .isLessThanOrEqualTo(tolerance * Math.max(1, Math.abs(want)));
      }
    }
    return got;
  }
}
