package org.deft4j.engine.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds a GGUF file of version 3: metadata first, then tensors, whose bytes are asked for only
 * while the file is written.
 */
public final class GgufBuilder {
  private static final int ALIGNMENT = 32;

  /** Writes the bytes of one tensor. */
  @FunctionalInterface
  public interface Content {
    /** Writes exactly the tensor's bytes. */
    void writeTo(OutputStream out) throws IOException;
  }

  private record Tensor(
      String name, TensorType type, List<Long> dimensions, long bytes, Content content) {}

  private final Map<String, byte[]> entries = new LinkedHashMap<>();
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /** An empty file. */
  public GgufBuilder() {}

  /**
   * Sets a metadata entry, in place of an earlier one of this key.
   *
   * @param value a String, Integer (32 bits), Long (unsigned, 64), Float, Boolean, int[], float[]
   *     or a list of strings
   * @throws IllegalArgumentException for a value of another type
   */
  public GgufBuilder put(String key, Object value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    switch (value) {
      case String s -> {
        int32(out, GgufMetadata.STRING);
        string(out, s);
      }
      case Integer i -> {
        int32(out, i < 0 ? GgufMetadata.I32 : GgufMetadata.U32);
        int32(out, i);
      }
      case Long l -> {
        int32(out, GgufMetadata.U64);
        int64(out, l);
      }
      case Float f -> {
        int32(out, GgufMetadata.F32);
        int32(out, Float.floatToRawIntBits(f));
      }
      case Boolean b -> {
        int32(out, GgufMetadata.BOOL);
        out.write(b ? 1 : 0);
      }
      case int[] a -> {
        array(out, GgufMetadata.I32, a.length);
        for (int v : a) {
          int32(out, v);
        }
      }
      case float[] a -> {
        array(out, GgufMetadata.F32, a.length);
        for (float v : a) {
          int32(out, Float.floatToRawIntBits(v));
        }
      }
      case List<?> list -> {
        array(out, GgufMetadata.STRING, list.size());
        for (Object v : list) {
          string(out, (String) v);
        }
      }
      default -> throw new IllegalArgumentException(key + " of " + value.getClass());
    }
    entries.put(key, out.toByteArray());
    return this;
  }

  /** Takes an entry over from another file as it is. */
  public GgufBuilder copy(GgufMetadata from, String key) {
    entries.put(key, from.raw(key));
    return this;
  }

  /** Whether an entry of this key was put. */
  public boolean has(String key) {
    return entries.containsKey(key);
  }

  /**
   * Adds a tensor.
   *
   * @param dimensions fastest-running first
   * @throws IllegalArgumentException if there is one of this name, or rows are no whole blocks
   */
  public GgufBuilder tensor(String name, TensorType type, List<Long> dimensions, Content content) {
    long elements = dimensions.stream().reduce(1L, Math::multiplyExact);
    if (dimensions.getFirst() % type.blockElements() != 0) {
      throw new IllegalArgumentException(
          name + ": rows of " + dimensions.getFirst() + " elements are no whole blocks of " + type);
    }
    long bytes = elements / type.blockElements() * type.blockBytes();
    Tensor t = new Tensor(name, type, List.copyOf(dimensions), bytes, content);
    if (tensors.put(name, t) != null) {
      throw new IllegalArgumentException("tensor " + name + " twice");
    }
    return this;
  }

  /** The metadata alone, as a file without tensors. */
  public GgufMetadata metadata(String name) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    header(out, List.of());
    return GgufFile.of(name, java.lang.foreign.MemorySegment.ofArray(out.toByteArray())).metadata();
  }

  /**
   * Writes the file: beside its place first, then moved there whole.
   *
   * @return its size in bytes
   */
  public long writeTo(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    Path part = Files.createTempFile(folder, file.getFileName().toString(), ".part");
    try {
      try (Counter out = new Counter(Files.newOutputStream(part))) {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        header(head, List.copyOf(tensors.values()));
        head.writeTo(out);
        for (Tensor t : tensors.values()) {
          pad(out, out.count);
          long before = out.count;
          t.content.writeTo(out);
          if (out.count - before != t.bytes) {
            throw new IllegalStateException(
                t.name + ": " + (out.count - before) + " bytes written, not " + t.bytes);
          }
        }
        pad(out, out.count);
      }
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
      return Files.size(file);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private void header(ByteArrayOutputStream out, List<Tensor> all) {
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    int32(out, 3);
    int64(out, all.size());
    int64(out, entries.size());
    entries.forEach((key, value) -> {
      string(out, key);
      out.writeBytes(value);
    });
    long offset = 0;
    for (Tensor t : new ArrayList<>(all)) {
      string(out, t.name);
      int32(out, t.dimensions.size());
      t.dimensions.forEach(d -> int64(out, d));
      int32(out, t.type.id());
      int64(out, offset);
      offset += (t.bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
  }

  private static void pad(OutputStream out, long at) throws IOException {
    out.write(new byte[(int) ((ALIGNMENT - at % ALIGNMENT) % ALIGNMENT)]);
  }

  private static void array(ByteArrayOutputStream out, int type, int n) {
    int32(out, GgufMetadata.ARRAY);
    int32(out, type);
    int64(out, n);
  }

  private static void string(ByteArrayOutputStream out, String s) {
    byte[] b = s.getBytes(StandardCharsets.UTF_8);
    int64(out, b.length);
    out.writeBytes(b);
  }

  private static void int32(ByteArrayOutputStream out, int v) {
    out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(v).array());
  }

  private static void int64(ByteArrayOutputStream out, long v) {
    out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(v).array());
  }

  /** Counts, and gathers small writes. */
  private static final class Counter extends OutputStream {
    private final java.io.BufferedOutputStream out;
    private long count;

    Counter(OutputStream out) {
      this.out = new java.io.BufferedOutputStream(out, 1 << 16);
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      count++;
    }

    @Override
    public void write(byte[] b, int off, int len) throws IOException {
      out.write(b, off, len);
      count += len;
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }
}
