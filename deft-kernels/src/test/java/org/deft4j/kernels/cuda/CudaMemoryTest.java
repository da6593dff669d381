package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.assertj.core.data.Offset;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;

/** What holds memory of a device while the device has none left. */
@EnabledIfCuda
final class CudaMemoryTest {
  private static final long MIB = 1 << 20;

  private static void assertFull(ThrowingCallable work, String what) {
    assertThatThrownBy(work)
        .isInstanceOfSatisfying(
            DeftException.class,
            e -> assertThat(e.exitCode()).isEqualTo(DeftException.OUT_OF_MEMORY))
        .hasMessageContaining("not enough device memory for " + what)
        .hasMessageContaining("--kv-memory");
  }

  @Test
  void aBufferThatCannotGrowKeepsItsSize() {
    try (TroubledDevice trouble = new TroubledDevice();
        CudaDevice device = CudaDevice.open();
        GrowingBuffer buffer = new GrowingBuffer(device, "a test's data")) {
      DeviceBuffer first = buffer.atLeast(4 * MIB);
      device.memory().fill(first, 0, first.bytes(), 7);
      assertThat(buffer.atLeast(MIB)).isSameAs(first);
      trouble.fill();
      assertFull(() -> buffer.atLeast(64 * MIB), "a test's data");
      assertThat(first.closed()).isTrue();
      // It is held: nobody else can take it.
      trouble.fill();
      DeviceBuffer less = buffer.atLeast(2 * MIB);
      assertThat(less.bytes()).isEqualTo(4 * MIB);
      assertThat(buffer.atLeast(4 * MIB)).isSameAs(less);
      byte[] data = new byte[(int) less.bytes()];
      device.memory().download(less, 0, MemorySegment.ofArray(data));
      assertThat(data).containsOnly(0);
      trouble.empty();
      assertThat(buffer.atLeast(64 * MIB).bytes()).isGreaterThanOrEqualTo(64 * MIB);
    }
  }

  /** Half as much again is wanted, but what is needed is enough. */
  @Test
  void aBufferGrowsByWhatIsThere() {
    try (TroubledDevice trouble = new TroubledDevice();
        CudaDevice device = CudaDevice.open();
        GrowingBuffer buffer = new GrowingBuffer(device, "a test's data")) {
      DeviceBuffer spare = device.memory().allocate(8 * MIB);
      DeviceBuffer first = buffer.atLeast(64 * MIB);
      trouble.fill();
      spare.close();
      DeviceBuffer more = buffer.atLeast(66 * MIB);
      assertThat(first.closed()).isTrue();
      assertThat(more.bytes()).isEqualTo(66 * MIB);
    }
  }

  @Test
  void anUploadThatFindsNoRoomCanBeBegunAgain() {
    try (TroubledDevice trouble = new TroubledDevice();
        CudaDevice device = CudaDevice.open();
        StepUpload upload = new StepUpload(device)) {
      upload.begin(1000);
      trouble.fill();
      assertFull(() -> upload.begin(64 << 20), "a step's plan");
      // As large as before is there at once, on a device that is still full.
      upload.begin(1000);
      assertThat(upload.address(upload.put(new int[] {5, 6, 7}, 3))).isNotZero();
      upload.send();
      trouble.empty();
      for (int turn = 0; turn < 3; turn++) {
        upload.begin(1000);
        int at = upload.put(new int[] {5, 6, 7}, 3);
        upload.send();
        DeviceBuffer copy = device.memory().allocate(12);
        device.synchronize();
        assertThat(upload.address(at)).isNotZero();
        copy.close();
      }
    }
  }

  @Test
  void whatTheDeviceGaveIsGivenBack() {
    try (TroubledDevice trouble = new TroubledDevice()) {
      long before = trouble.freeBytes();
      trouble.fill();
      assertThat(trouble.freeBytes()).isLessThan(4 * MIB);
      trouble.empty();
      assertThat(trouble.freeBytes()).isCloseTo(before, Offset.offset(4 * MIB));
    }
  }
}
