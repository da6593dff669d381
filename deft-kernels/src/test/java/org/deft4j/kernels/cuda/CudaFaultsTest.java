package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import jcuda.driver.CUresult;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Backends;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  /** Each fault of the driver or device ends in one line that says what to do. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "13000| 100| 0| 0| ''|   0| sees no device",
        "13000|   0| 0| 0| ''|   0| sees no device",
        "13000| 999| 0| 0| ''|   0| does not start: CUDA_ERROR_UNKNOWN",
        "12020|   0| 1| 0| A100| 80| serves CUDA 12.2, at least 12.4 is needed; update",
        "12040|   0| 1| 0| T4|   75| T4 has compute capability 7.5; at least 8.0",
        "13000|   0| 2| 2| ''|   0| there is no device 2",
        "13000|   0| 2| -1| ''|  0| there is no device -1",
        "12040|   0| 1| 0| A100| 80|",
        "13000|   0| 2| 1| H200| 90|"
      })
  void whyADriverOrDeviceCannotBeUsed(
      int version,
      int started,
      int devices,
      int device,
      String name,
      int capability,
      @Nullable String why) {
    Optional<String> said =
        CudaProbe.unusable(
            new CudaProbe.Facts(version, started, devices, device, name, capability));
    if (why == null) {
      assertThat(said).isEmpty();
    } else {
      assertThat(said).hasValueSatisfying(s -> assertThat(s).contains(why).doesNotContain("\n"));
    }
  }

  @Test
  void withoutCublasTheReasonSaysWhereToGetIt() {
    DeftException e = CudaNatives.cublasMissing();
    assertThat(e.exitCode()).isEqualTo(DeftException.BACKEND_UNAVAILABLE);
    assertThat(e).hasMessageContaining("libcublas.so.13").hasMessageContaining("-Ddeft.cublas");
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
