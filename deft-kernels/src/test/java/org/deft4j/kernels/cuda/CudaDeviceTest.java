package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;

@EnabledIfCuda
final class CudaDeviceTest {
  @Test
  void whatGoesInComesOut() {
    try (CudaDevice device = CudaDevice.open()) {
      DeviceMemory memory = device.memory();
      byte[] data = new byte[20_000_001];
      new Random(1).nextBytes(data);
      DeviceBuffer a = memory.allocate(data.length);
      DeviceBuffer b = memory.allocate(data.length);
      memory.upload(a, 0, MemorySegment.ofArray(data));
      memory.fill(b, 0, b.bytes(), 7);
      memory.copy(b, 1, a, 1, data.length - 1);
      PinnedBuffer back = memory.pinned(data.length);
      memory.copyOut(back, 0, b, 0, data.length);
      device.synchronize();
      data[0] = 7;
      assertThat(MemorySegment.ofBuffer(back.data()).mismatch(MemorySegment.ofArray(data)))
          .isEqualTo(-1);
      assertThatThrownBy(() -> memory.copy(b, 2, a, 0, data.length))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aKernelRunsAloneAndInAGraph() {
    try (CudaDevice device = CudaDevice.open();
        CudaTimer timer = device.timer()) {
      DeviceMemory memory = device.memory();
      CudaModule module = device.load("probe");
      CudaKernel read = module.kernel("probe_read");
      assertThat(read.paramBytes()).isEqualTo(24);
      int words = 1_000_003;
      byte[] data = new byte[16 * words];
      // The kernel writes what a warp read only where it is this number: one word holds it.
      int expected = 0x9e3779b9;
      java.nio.ByteBuffer.wrap(data)
          .order(java.nio.ByteOrder.LITTLE_ENDIAN)
          .putInt(4 * (words * 3 + 1), expected);
      DeviceBuffer in = memory.allocate(data.length);
      DeviceBuffer out = memory.allocate(4);
      memory.upload(in, 0, MemorySegment.ofArray(data));
      ParamBlock p = new ParamBlock(64).clear().pointer(in).pointer(out).i64(words);
      PinnedBuffer back = memory.pinned(4);
      Runnable work =
          () -> {
            memory.fill(out, 0, 4, 0);
            device.launcher().launch(read, 200, 1, 512, 0, p);
            memory.copyOut(back, 0, out, 0, 4);
          };
      timer.start();
      work.run();
      timer.stop();
      assertThat(timer.micros()).isPositive();
      assertThat(back.data().getInt(0)).isEqualTo(expected);
      try (CudaGraph graph = device.launcher().capture(work)) {
        back.data().putInt(0, 0);
        graph.launch();
        device.synchronize();
        assertThat(back.data().getInt(0)).isEqualTo(expected);
      }
      assertThatThrownBy(
              () -> device.launcher().launch(read, 1, 1, 32, 0, new ParamBlock(8).i32(1)))
          .hasMessageContaining("24 bytes of parameters");
      assertThatThrownBy(() -> module.kernel("nothing")).hasMessageContaining("nothing");
    }
  }

  @Test
  void tooMuchMemoryNamesTheFlag() {
    try (CudaDevice device = CudaDevice.open()) {
      DeviceMemory memory = device.memory();
      assertThat(memory.freeBytes()).isPositive().isLessThanOrEqualTo(memory.totalBytes());
      assertThatThrownBy(() -> memory.allocate(memory.totalBytes() * 2, "the KV cache"))
          .isInstanceOfSatisfying(
              DeftException.class,
              e -> assertThat(e.exitCode()).isEqualTo(DeftException.OUT_OF_MEMORY))
          .hasMessageContaining("--kv-memory")
          .hasMessageContaining("the KV cache");
    }
  }

  @Test
  void aMissingImageIsNamed() {
    try (CudaDevice device = CudaDevice.open()) {
      assertThatThrownBy(() -> device.load("nothing")).hasMessageContaining("nothing.fatbin");
    }
  }

  @Test
  void anotherThreadMayGoOn() throws InterruptedException {
    try (CudaDevice device = CudaDevice.open()) {
      DeviceMemory memory = device.memory();
      DeviceBuffer a = memory.allocate(64);
      Thread t = new Thread(() -> memory.fill(a, 0, 64, 1));
      t.start();
      t.join();
      PinnedBuffer back = memory.pinned(64);
      memory.copyOut(back, 0, a, 0, 64);
      device.synchronize();
      assertThat(back.data().get(63)).isEqualTo((byte) 1);
    }
  }
}
