package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendContract;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The contract on a device. Operands of products are rounded to 16 bits (relative 2^-9 in bfloat16,
 * 2^-12 in binary16) and so are queries and, before the gate, products in bfloat16: relative L2
 * error at most 8e-3, no value further off than 2 % of the largest. Everything else is as exact as
 * on the processor.
 */
@EnabledIfCuda
final class CudaBackendTest extends BackendContract {
  private static @Nullable CudaDevice kept;

  /** A context that stays makes the next ones cheap. */
  @BeforeAll
  static void keepAContext() {
    kept = CudaDevice.open();
  }

  @AfterAll
  static void closeTheContext() {
    if (kept != null) {
      kept.close();
    }
  }

  @Override
  protected Backend open(int threads, boolean deterministic) {
    return new CudaBackend(BackendOptions.defaults().withDeterministic(deterministic));
  }

  @Override
  protected boolean othersMayLieBetween() {
    return false;
  }

  @Override
  protected boolean keeps(KvType type) {
    return type != KvType.F32;
  }

  @Override
  protected boolean holdsExactly(WeightType type) {
    return type == WeightType.F16 || type == WeightType.BF16;
  }

  @Override
  protected void assertProduct(float[] got, double[] want, double tolerance, String what) {
    double error = 0;
    double norm = 0;
    double worst = 0;
    double largest = 0;
    for (int i = 0; i < want.length; i++) {
      double d = got[i] - want[i];
      error += d * d;
      norm += want[i] * want[i];
      worst = Math.max(worst, Math.abs(d));
      largest = Math.max(largest, Math.abs(want[i]));
      assertThat(Float.isFinite(got[i])).as("%s, value %d", what, i).isTrue();
    }
    assertThat(Math.sqrt(error)).as(what).isLessThanOrEqualTo(8e-3 * Math.sqrt(norm));
    assertThat(worst).as(what).isLessThanOrEqualTo(0.02 * largest);
  }

  @Test
  void activationsTakeTheTypeOfTheirConsumer() {
    try (Backend b = open(1, false)) {
      for (WeightType type : new WeightType[] {WeightType.F16, WeightType.BF16}) {
        byte[] one = new byte[2];
        int bits =
            type == WeightType.F16 ? Float.floatToFloat16(1) : Float.floatToRawIntBits(1f) >>> 16;
        one[0] = (byte) bits;
        one[1] = (byte) (bits >> 8);
        Matrix m = b.matrix(new Weights(type, 1, 1, java.lang.foreign.MemorySegment.ofArray(one)));
        Tensor x = b.activations(3, 1, m);
        x.write(0, 3, new float[] {1 + 0x1p-12f, 1e30f, -0.5f}, 0);
        float[] got = new float[3];
        x.read(0, 3, got, 0);
        assertThat(got[0]).isEqualTo(1f);
        assertThat(got[1])
            .isCloseTo(
                type == WeightType.F16 ? 65504f : 1e30f,
                org.assertj.core.data.Percentage.withPercentage(1));
        assertThat(got[2]).isEqualTo(-0.5f);
        Tensor y = b.activations(3, 1, m);
        b.matmul(m, x, y, 3);
        float[] product = new float[3];
        y.read(0, 3, product, 0);
        assertThat(product).isEqualTo(got);
        assertThat(b.kvType(type)).isEqualTo(type == WeightType.F16 ? KvType.F16 : KvType.BF16);
      }
    }
  }

  @Test
  void theDeviceIsDescribed() {
    try (Backend b = open(1, false)) {
      assertThat(b.info().name()).isEqualTo("cuda");
      assertThat(b.info().description()).contains("sm_").contains("cuBLAS");
      assertThat(b.diagnostics())
          .containsKeys("device", "driverCuda", "cublas", "images", "readGBPerSecond");
      System.out.println(b.info().description() + " " + b.diagnostics());
    }
  }

  @Test
  void whatTheCacheCannotHoldIsRefused() {
    try (Backend b = open(1, false)) {
      assertThatThrownBy(() -> b.kvCache(new KvShape(1, 1, 64, 64, KvType.F32)))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("--kv-type");
      assertThatThrownBy(() -> b.kvCache(new KvShape(1, 1, 256, 64, KvType.F16)))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("256");
      assertThatThrownBy(() -> b.kvCache(new KvShape(1000, 1000, 128, 100_000, KvType.F16)))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("--kv-memory");
      assertThat(b.freeMemory()).isPositive();
    }
  }
}
