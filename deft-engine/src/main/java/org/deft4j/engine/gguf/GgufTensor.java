package org.deft4j.engine.gguf;

import java.lang.foreign.MemorySegment;

/**
 * A tensor of a {@link GgufFile}: its place in the file was checked.
 *
 * @param name unique in its file
 * @param type how elements are stored
 * @param columns the fastest-running dimension (a row's length), a multiple of the type's block
 * @param rows the product of all other dimensions
 * @param dimensions the file's shape, fastest-running first
 * @param data the tensor's bytes, read-only, valid until the file is closed
 */
public record GgufTensor(
    String name,
    TensorType type,
    int columns,
    int rows,
    java.util.List<Long> dimensions,
    MemorySegment data) {

  /** Number of elements. */
  public long elements() {
    return (long) columns * rows;
  }

  /** The shape as text, slowest dimension first, for messages. */
  public String shape() {
    return dimensions.reversed().toString();
  }
}
