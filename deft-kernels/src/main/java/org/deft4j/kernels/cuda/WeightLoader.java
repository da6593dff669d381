package org.deft4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;

/** Brings weights of every type to the device, in 16 bits. */
final class WeightLoader {
  private static final long LOAD_BYTES = 64L << 20;

  private final CudaDevice device;
  private final DeviceMemory memory;
  private final StepKernels kernels;

  WeightLoader(CudaDevice device, StepKernels kernels) {
    this.device = device;
    memory = device.memory();
    this.kernels = kernels;
  }

  /** As {@link org.deft4j.kernels.Backend#matrix}; waits until the weights are there. */
  CudaMatrix load(Weights... parts) {
    if (parts.length == 0) {
      throw new IllegalArgumentException("a matrix of no parts");
    }
    WeightType type = parts[0].type();
    int cols = parts[0].cols();
    int rows = 0;
    DType held = DType.held(type);
    for (Weights p : parts) {
      if (p.cols() != cols) {
        throw new IllegalArgumentException(
            "parts of one matrix differ: " + cols + " and " + p.cols() + " columns");
      }
      if (DType.held(p.type()) != held) {
        held = DType.F16;
      }
      rows = Math.addExact(rows, p.rows());
    }
    int stride = CudaTensor.stride(cols);
    DeviceBuffer buffer = memory.allocate((long) rows * stride * held.bytes(), "weights");
    try {
      if (stride != cols) {
        memory.fill(buffer, 0, buffer.bytes(), 0);
      }
      long row = 0;
      for (Weights p : parts) {
        load(p, buffer, row, stride, held);
        row += p.rows();
      }
    } catch (RuntimeException | Error e) {
      buffer.close();
      throw e;
    }
    return new CudaMatrix(type, held, rows, cols, buffer);
  }

  private void load(Weights p, DeviceBuffer to, long row, int stride, DType held) {
    long rowBytes = p.type().rowBytes(p.cols());
    long at = row * stride * held.bytes();
    if (p.type().quantized() && p.type() != WeightType.Q8_0) {
      loadDecoded(p, to, row, stride, held);
      return;
    }
    if (DType.code(p.type()) == held.code() && stride == p.cols()) {
      memory.upload(to, at, p.data());
      return;
    }
    int most = (int) Math.clamp(LOAD_BYTES / rowBytes, 1, p.rows());
    try (DeviceBuffer raw = memory.allocate(most * rowBytes, "loading weights")) {
      for (int r = 0; r < p.rows(); r += most) {
        int n = Math.min(most, p.rows() - r);
        memory.upload(raw, 0, p.data().asSlice(r * rowBytes, n * rowBytes));
        kernels.convert(
            raw.address(),
            p.type() == WeightType.Q8_0 ? rowBytes : p.cols(),
            DType.code(p.type()),
            to.address(at + (long) r * stride * held.bytes()),
            stride,
            held,
            n,
            p.cols());
      }
      device.synchronize();
    }
  }

  /** Types that the kernels do not know: made float32 here, part by part. */
  private void loadDecoded(Weights p, DeviceBuffer to, long row, int stride, DType held) {
    int cols = p.cols();
    int most = (int) Math.clamp(LOAD_BYTES / 4 / cols, 1, p.rows());
    float[] values = new float[most * cols];
    for (int r = 0; r < p.rows(); r += most) {
      int n = Math.min(most, p.rows() - r);
      for (int i = 0; i < n; i++) {
        p.decodeRow(r + i, values, i * cols);
      }
      MemorySegment part = MemorySegment.ofArray(values).asSlice(0, 4L * n * cols);
      load(new Weights(WeightType.F32, n, cols, part), to, row + r, stride, held);
    }
  }
}
