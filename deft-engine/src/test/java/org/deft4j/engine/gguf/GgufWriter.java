package org.deft4j.engine.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes small GGUF files for tests, sound ones or, with the raw methods, broken ones. */
public final class GgufWriter {
  private final ByteArrayOutputStream meta = new ByteArrayOutputStream();
  private final ByteArrayOutputStream infos = new ByteArrayOutputStream();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private long keys;
  private long tensors;
  private int alignment = 32;

  /** Little-endian bytes of a value. */
  public static byte[] le(Object v) {
    ByteBuffer b = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    switch (v) {
      case Byte x -> b.put(x);
      case Boolean x -> b.put((byte) (x ? 1 : 0));
      case Short x -> b.putShort(x);
      case Integer x -> b.putInt(x);
      case Float x -> b.putFloat(x);
      case Long x -> b.putLong(x);
      case Double x -> b.putDouble(x);
      default -> throw new IllegalArgumentException(String.valueOf(v));
    }
    return java.util.Arrays.copyOf(b.array(), b.position());
  }

  private static void string(ByteArrayOutputStream out, String s) {
    byte[] b = s.getBytes(StandardCharsets.UTF_8);
    out.writeBytes(le((long) b.length));
    out.writeBytes(b);
  }

  private static int type(Object v) {
    return switch (v) {
      case Byte x -> GgufMetadata.U8;
      case Short x -> GgufMetadata.U16;
      case Integer x -> GgufMetadata.U32;
      case Float x -> GgufMetadata.F32;
      case Boolean x -> GgufMetadata.BOOL;
      case String x -> GgufMetadata.STRING;
      case Long x -> GgufMetadata.U64;
      case Double x -> GgufMetadata.F64;
      default -> throw new IllegalArgumentException(String.valueOf(v));
    };
  }

  /** Adds a scalar, a string, or an array given as a list. */
  public GgufWriter put(String key, Object value) {
    keys++;
    string(meta, key);
    if (value instanceof List<?> list) {
      meta.writeBytes(le(GgufMetadata.ARRAY));
      meta.writeBytes(le(list.isEmpty() ? GgufMetadata.U32 : type(list.getFirst())));
      meta.writeBytes(le((long) list.size()));
      list.forEach(this::value);
    } else {
      meta.writeBytes(le(type(value)));
      value(value);
    }
    return this;
  }

  private void value(Object v) {
    if (v instanceof String s) {
      string(meta, s);
    } else {
      meta.writeBytes(le(v));
    }
  }

  /** Adds an entry's raw bytes (key, type and value). */
  public GgufWriter putRaw(String key, byte[] typeAndValue) {
    keys++;
    string(meta, key);
    meta.writeBytes(typeAndValue);
    return this;
  }

  /** Sets the alignment that {@link #bytes} places tensors by, without adding its key. */
  public GgufWriter alignment(int value) {
    alignment = value;
    return this;
  }

  /** Adds a tensor at the next aligned offset. */
  public GgufWriter tensor(String name, TensorType type, byte[] content, long... dims) {
    while (data.size() % alignment != 0) {
      data.write(0);
    }
    info(name, type.id(), data.size(), dims);
    data.writeBytes(content);
    return this;
  }

  /** Adds an F32 tensor. */
  public GgufWriter floats(String name, float[] values, long... dims) {
    ByteBuffer b = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (float v : values) {
      b.putFloat(v);
    }
    return tensor(name, TensorType.F32, b.array(), dims);
  }

  /** Adds a tensor's entry alone, with any numbers. */
  public GgufWriter info(String name, int type, long offset, long... dims) {
    tensors++;
    string(infos, name);
    infos.writeBytes(le(dims.length));
    for (long d : dims) {
      infos.writeBytes(le(d));
    }
    infos.writeBytes(le(type));
    infos.writeBytes(le(offset));
    return this;
  }

  /** The file. */
  public byte[] bytes() {
    return bytes(3, tensors, keys);
  }

  /** The file with a header of any numbers. */
  public byte[] bytes(int version, long tensorCount, long keyCount) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(le(version));
    out.writeBytes(le(tensorCount));
    out.writeBytes(le(keyCount));
    out.writeBytes(meta.toByteArray());
    out.writeBytes(infos.toByteArray());
    if (tensors > 0) {
      while (out.size() % alignment != 0) {
        out.write(0);
      }
    }
    out.writeBytes(data.toByteArray());
    return out.toByteArray();
  }
}
