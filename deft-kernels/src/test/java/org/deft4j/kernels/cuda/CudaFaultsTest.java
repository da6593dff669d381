package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jcuda.driver.CUresult;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Backends;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Faults that need no device to be provoked. */
final class CudaFaultsTest {
  @Test
  void withoutADriverAnExplicitChoiceFailsAndAnAutomaticOneFallsBack() {
    Assumptions.assumeFalse(CudaNatives.driverPresent(), "there is a driver");
    assertThat(new CudaProvider().absent()).isTrue();
    assertThatThrownBy(() -> Backends.select("cuda", BackendOptions.defaults()))
        .isInstanceOfSatisfying(
            DeftException.class,
            e -> assertThat(e.exitCode()).isEqualTo(DeftException.BACKEND_UNAVAILABLE))
        .hasMessageContaining("no NVIDIA driver");
    try (Backend b = Backends.select(Backends.AUTO, BackendOptions.defaults())) {
      assertThat(b.info().name()).isNotEqualTo("cuda");
    }
  }

  @Test
  void whatEndsAContextIsTold() {
    assertThat(CudaDevice.sticky(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS)).isTrue();
    assertThat(CudaDevice.sticky(CUresult.CUDA_ERROR_LAUNCH_FAILED)).isTrue();
    assertThat(CudaDevice.sticky(CUresult.CUDA_ERROR_OUT_OF_MEMORY)).isFalse();
    assertThat(CudaDevice.sticky(CUresult.CUDA_ERROR_INVALID_VALUE)).isFalse();
  }

  @Test
  void versionsReadAsPeopleWriteThem() {
    assertThat(CudaProbe.version(13000)).isEqualTo("13.0");
    assertThat(CudaProbe.version(12060)).isEqualTo("12.6");
  }

  @Test
  void hostValuesRoundAsTheDeviceDoes() {
    assertThat(DType.F16.decode(DType.F16.encode(1e30f))).isEqualTo(65504f);
    assertThat(DType.F16.decode(DType.F16.encode(Float.NEGATIVE_INFINITY)))
        .isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(DType.BF16.decode(DType.BF16.encode(1 + 0x1p-8f))).isEqualTo(1f);
    assertThat(DType.BF16.decode(DType.BF16.encode(1 + 0x1.8p-7f))).isEqualTo(1 + 0x1p-6f);
    assertThat(DType.BF16.decode(DType.BF16.encode(Float.NaN))).isNaN();
  }
}
