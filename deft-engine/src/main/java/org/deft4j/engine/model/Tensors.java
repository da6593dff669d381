package org.deft4j.engine.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.jspecify.annotations.Nullable;

/** Takes tensors of a checked file with the shapes that a model needs. */
final class Tensors {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Tensors() {}

  private static GgufTensor require(GgufFile file, String name, int rows, int columns) {
    GgufTensor t = file.tensor(name);
    if (t == null) {
      throw file.metadata().unsupported("tensor '" + name + "' is missing");
    }
    if (t.rows() != rows || t.columns() != columns) {
      throw file.metadata()
          .unsupported(
              "tensor '"
                  + name
                  + "' has shape "
                  + t.shape()
                  + " where ["
                  + rows
                  + ", "
                  + columns
                  + "] is needed");
    }
    return t;
  }

  private static @Nullable WeightType type(TensorType t) {
    return switch (t) {
      case F32 -> WeightType.F32;
      case F16 -> WeightType.F16;
      case BF16 -> WeightType.BF16;
      case Q8_0 -> WeightType.Q8_0;
      default -> null;
    };
  }

  /** A weight matrix as it lies in the file. */
  static Weights weights(GgufFile file, String name, int rows, int columns) {
    GgufTensor t = require(file, name, rows, columns);
    WeightType type = type(t.type());
    if (type == null) {
      throw file.metadata()
          .unsupported(
              "tensor '"
                  + name
                  + "' is of type "
                  + t.type()
                  + ", which is not supported; supported: F32, F16, BF16, Q8_0");
    }
    return new Weights(type, rows, columns, t.data());
  }

  /** The parts as they are if their types agree, else all as F32. */
  static Weights[] ofOneType(Weights... parts) {
    boolean same = true;
    for (Weights w : parts) {
      same &= w.type() == parts[0].type();
    }
    if (same) {
      return parts;
    }
    Weights[] out = new Weights[parts.length];
    for (int i = 0; i < parts.length; i++) {
      Weights w = parts[i];
      float[] v = new float[Math.multiplyExact(w.rows(), w.cols())];
      decode(w.type(), w.data(), v);
      out[i] = new Weights(WeightType.F32, w.rows(), w.cols(), MemorySegment.ofArray(v));
    }
    return out;
  }

  /** A vector as floats. */
  static float[] vector(GgufFile file, String name, int length) {
    Weights w = weights(file, name, 1, length);
    float[] v = new float[length];
    decode(w.type(), w.data(), v);
    return v;
  }

  private static void decode(WeightType type, MemorySegment data, float[] out) {
    for (int i = 0; i < out.length; i++) {
      out[i] =
          switch (type) {
            case F32 -> Float.intBitsToFloat(data.get(INT, 4L * i));
            case F16 -> Float.float16ToFloat(data.get(SHORT, 2L * i));
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, 2L * i) << 16);
            case Q8_0 -> {
              long block = (long) (i / 32) * 34;
              yield Float.float16ToFloat(data.get(SHORT, block))
                  * data.get(ValueLayout.JAVA_BYTE, block + 2 + i % 32);
            }
          };
    }
  }
}
