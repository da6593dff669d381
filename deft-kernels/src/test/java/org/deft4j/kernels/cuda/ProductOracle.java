package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.deft4j.kernels.WeightType;

/** A random matrix and random rows on a device, and their product in float64. */
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

  /** A device that runs products by wgmma; aborts the test where there is another. */
  static CudaDevice wgmmaDevice() {
    CudaDevice device = CudaDevice.open();
    if (device.capability() != 90) {
      device.close();
      abort("kernels for compute capability 9.0");
    }
    return device;
  }

  private final SplittableRandom random = new SplittableRandom(4);
  private final CudaDevice device;
  private final DType type;
  private final int n;
  private final int k;
  private final int most;
  private final DeviceBuffer weights;
  private final DeviceBuffer in;
  private final float[] values;
  private final double[][] product;

  /** With 64 rows, and products of about one. */
  ProductOracle(CudaDevice device, DType type, int n, int k) {
    this(device, type, n, k, 64, 1);
  }

  /**
   * Makes them.
   *
   * @param n outputs of a row; the matrix has twice as many rows, for gates
   * @param most rows
   * @param size of products
   */
  ProductOracle(CudaDevice device, DType type, int n, int k, int most, double size) {
    this.device = device;
    this.type = type;
    this.n = n;
    this.k = k;
    this.most = most;
    int stride = CudaTensor.stride(k);
    float[] w = new float[2 * n * k];
    values = w;
    float[] x = new float[most * k];
    weights = values(w, 2 * n, stride, size / Math.sqrt(k));
    in = values(x, most, stride, 1);
    product = new double[most][2 * n];
    double[][] rows = new double[most][k];
    for (int i = 0; i < x.length; i++) {
      rows[i / k][i % k] = x[i];
    }
    rows(rows);
  }

  /** Takes other rows, which are what its kernels are to read from now on. */
  final void rows(double[][] x) {
    for (int r = 0; r < x.length; r++) {
      for (int i = 0; i < 2 * n; i++) {
        double sum = 0;
        for (int c = 0; c < k; c++) {
          sum += values[i * k + c] * x[r][c];
        }
        product[r][i] = sum;
      }
    }
  }

  /** The matrix without what is for gates. */
  CudaMatrix matrix() {
    return matrix(false);
  }

  private CudaMatrix matrix(boolean gates) {
    WeightType given = type == DType.F16 ? WeightType.F16 : WeightType.BF16;
    return new CudaMatrix(given, DType.held(given), gates ? 2 * n : n, k, weights);
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
    DeviceBuffer b = device.memory().allocate(bytes.length);
    device.memory().upload(b, 0, MemorySegment.ofArray(bytes));
    return b;
  }

  /**
   * Runs a kernel and asserts that it gives the product, and changes nothing past {@code rows}.
   *
   * @return what it gave
   */
  float[] check(String name, int rows, int mode, Kernel kernel) {
    boolean floats = (mode & FewRowProducts.FLOAT) != 0;
    return check(name, rows, mode, kernel, floats ? 2e-5 : type == DType.F16 ? 1e-3 : 8e-3);
  }

  /** As {@link #check(String, int, int, Kernel)}, with a limit of the error. */
  float[] check(String name, int rows, int mode, Kernel kernel, double limit) {
    boolean gates = (mode & FewRowProducts.SWIGLU) != 0;
    boolean floats = (mode & FewRowProducts.FLOAT) != 0;
    float[] got = new float[most * n];
    float[] before = new float[most * n];
    SplittableRandom small = new SplittableRandom(rows);
    for (int i = 0; i < before.length; i++) {
      before[i] = small.nextInt(5);
    }
    try (CudaTensor y = new CudaTensor(device, most, n, floats ? DType.F32 : type)) {
      y.write(0, most, before, 0);
      kernel.run(matrix(gates), in.address(), y.buffer().address(), y.stride());
      y.read(0, most, got, 0);
    }
    double worst = 0;
    String where = "nowhere";
    for (int r = 0; r < most; r++) {
      for (int i = 0; i < n; i++) {
        double want = before[r * n + i];
        if (r < rows) {
          double made = product[r][i];
          if (gates) {
            made = made / (1 + Math.exp(-made)) * product[r][n + i];
          }
          want = made + ((mode & FewRowProducts.ADD) != 0 ? want : 0);
        }
        if (!floats && type == DType.F16) {
          want = Math.clamp(want, -65504, 65504);
        }
        double error = Math.abs(got[r * n + i] - want) / Math.max(1, Math.abs(want));
        if (!(error <= worst)) {
          worst = error;
          where = "row " + r + ", " + i + ": " + got[r * n + i] + " instead of " + want;
        }
      }
    }
    assertThat(worst)
        .as("%s, %d rows, mode %d: %s", name, rows, mode, where)
        .isLessThanOrEqualTo(limit);
    return got;
  }
}
