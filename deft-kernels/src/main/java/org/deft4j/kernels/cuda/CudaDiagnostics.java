package org.deft4j.kernels.cuda;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deft4j.tree.DeftException;

/** What {@code deft doctor} tells of a device. */
final class CudaDiagnostics {
  private static final String[] IMAGES = {"step", "attention", "attention_reference", "probe"};

  private CudaDiagnostics() {}

  static Map<String, Object> of(CudaDevice device, int cublas) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("device", device.name());
    map.put("computeCapability", device.capability() / 10 + "." + device.capability() % 10);
    map.put("deviceBytes", device.memory().totalBytes());
    map.put("freeDeviceBytes", device.memory().freeBytes());
    map.put("driverCuda", CudaProbe.version(device.driverVersion()));
    map.put("cublas", cublas / 10000 + "." + cublas / 100 % 100 + "." + cublas % 100);
    map.put("cublasLibrary", CudaNatives.loadCublas());
    map.put("images", String.join(" ", IMAGES));
    map.put("readGBPerSecond", Math.round(readBytesPerSecond(device) / 1e9));
    return map;
  }

  /**
   * Rate of plain reads of memory, measured for about a second over a buffer far larger than the
   * second-level cache; 0 if there is no memory to spare for it.
   */
  static double readBytesPerSecond(CudaDevice device) {
    DeviceMemory memory = device.memory();
    long bytes = Math.min(1L << 30, memory.freeBytes() / 2) & -4096;
    if (bytes < 8L * device.l2Bytes()) {
      return 0;
    }
    try (DeviceBuffer data = memory.allocate(bytes, "measuring");
        DeviceBuffer out = memory.allocate(16, "measuring");
        CudaTimer timer = device.timer()) {
      memory.fill(data, 0, bytes, 1);
      memory.fill(out, 0, 16, 0);
      CudaKernel read = device.load("probe").kernel("probe_read");
      ParamBlock p = new ParamBlock(64).clear().pointer(data).pointer(out).i64(bytes / 16);
      int blocks = 4 * device.multiprocessors();
      double best = 0;
      long end = System.nanoTime() + 1_000_000_000L;
      do {
        timer.start();
        for (int i = 0; i < 10; i++) {
          device.launcher().launch(read, blocks, 1, 512, 0, p);
        }
        timer.stop();
        best = Math.max(best, 10.0 * bytes / (timer.micros() * 1e-6));
      } while (System.nanoTime() < end);
      return best;
    } catch (DeftException e) {
      if (e.exitCode() == DeftException.OUT_OF_MEMORY) {
        return 0; // somebody else took it
      }
      throw e;
    }
  }
}
