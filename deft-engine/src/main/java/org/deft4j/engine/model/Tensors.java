package org.deft4j.engine.model;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.jspecify.annotations.Nullable;

/** Takes tensors of a checked file with the shapes that a model needs. */
public final class Tensors {
  private Tensors() {}

  private static GgufTensor require(ModelSource file, String name, int rows, int columns) {
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

  /** How weights of a file's type lie, or null if a model cannot run from them. */
  public static @Nullable WeightType type(TensorType type) {
    for (WeightType t : WeightType.values()) {
      if (t.name().equals(type.name())) {
        return t;
      }
    }
    return null;
  }

  /** A weight matrix as it lies in the file. */
  static Weights weights(ModelSource file, String name, int rows, int columns) {
    GgufTensor t = require(file, name, rows, columns);
    WeightType type = type(t.type());
    if (type == null) {
      throw file.metadata()
          .unsupported(
              "tensor '"
                  + name
                  + "' is of type "
                  + t.type()
                  + ", which is not supported; supported: "
                  + Arrays.stream(WeightType.values())
                      .map(Enum::name)
                      .collect(Collectors.joining(", ")));
    }
    return new Weights(type, rows, columns, t.data());
  }

  /** A vector as floats. */
  static float[] vector(ModelSource file, String name, int length) {
    float[] v = new float[length];
    weights(file, name, 1, length).decodeRow(0, v, 0);
    return v;
  }
}
