package org.deft4j.bench.jmh;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;

/**
 * At least 256 MB of distinct weights in matrices of the shapes 2048x2048, 8192x2048, 2048x8192 and
 * 32000x288, the last not of types in blocks of 256, to be walked in turn: more than caches hold.
 */
final class WeightSet {
  private static final int[][] SHAPES = {{2048, 2048}, {8192, 2048}, {2048, 8192}, {32000, 288}};
  private static final long LEAST_BYTES = 256L << 20;

  private final Backend backend;
  private final List<Matrix> matrices = new ArrayList<>();
  private final List<Tensor> inputs = new ArrayList<>();
  private final List<Tensor> outputs = new ArrayList<>();
  private long bytes;
  private long weights;

  WeightSet(Backend backend, WeightType type, int rows) {
    this.backend = backend;
    SplittableRandom random = new SplittableRandom(1);
    int shapes = type.blockSize() > 32 ? SHAPES.length - 1 : SHAPES.length;
    for (int i = 0; bytes < LEAST_BYTES || i % shapes != 0; i++) {
      int[] s = SHAPES[i % shapes];
      bytes += s[0] * type.rowBytes(s[1]);
      weights += (long) s[0] * s[1];
      try (Arena arena = Arena.ofShared()) {
        matrices.add(backend.matrix(random(arena, random, type, s[0], s[1])));
      }
      inputs.add(backend.tensor(rows, s[1]));
      outputs.add(backend.tensor(rows, s[0]));
      float[] x = new float[rows * s[1]];
      for (int k = 0; k < x.length; k++) {
        x[k] = (float) random.nextDouble(-1, 1);
      }
      inputs.getLast().write(0, rows, x, 0);
    }
  }

  private static Weights random(
      Arena arena, SplittableRandom random, WeightType type, int rows, int cols) {
    MemorySegment data = arena.allocate(rows * type.rowBytes(cols), 64);
    // Bits that are finite, of magnitude about 1, in every type.
    long keep =
        switch (type) {
          case F32, F16, BF16 -> 0xBFFFBFFFBFFFBFFFL;
          case Q8_0 -> 0x3F3F3F3F3F3F3F3FL;
          default -> -1;
        };
    for (long i = 0; i + 8 <= data.byteSize(); i += 8) {
      data.set(ValueLayout.JAVA_LONG_UNALIGNED, i, random.nextLong() & keep);
    }
    if (type.quantized()) {
      float scale = type.blockSize() > 32 ? 0.001f : 0.01f;
      for (long i = 0; i < data.byteSize(); i += type.blockBytes()) {
        half(data, type == WeightType.Q6_K ? i + 208 : i, scale);
        if (type.hasMinima()) {
          half(data, i + 2, scale);
        }
      }
    }
    return new Weights(type, rows, cols, data);
  }

  private static void half(MemorySegment data, long at, float v) {
    data.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(v));
  }

  /** Bytes of the weights as a file holds them. */
  long bytes() {
    return bytes;
  }

  /** FLOPs of one pass over all with {@code rows} rows. */
  double flops(int rows) {
    return 2.0 * weights * rows;
  }

  /** Multiplies {@code rows} rows with every matrix in turn. */
  void pass(int rows) {
    for (int i = 0; i < matrices.size(); i++) {
      backend.matmul(matrices.get(i), inputs.get(i), outputs.get(i), rows);
    }
  }

  /** Some result, for a benchmark to consume and check. */
  float result() {
    float[] y = new float[outputs.getLast().cols()];
    outputs.getLast().read(0, 1, y, 0);
    float sum = 0;
    for (float v : y) {
      sum += Math.abs(v);
    }
    if (!(sum > 0 && Float.isFinite(sum))) {
      throw new IllegalStateException("products of " + sum);
    }
    return sum;
  }

  void close() {
    matrices.forEach(Matrix::close);
  }
}
