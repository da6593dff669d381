package org.deft4j.engine.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.tree.DeftException;

/** Walks a mapped file once and checks everything on the way. */
final class GgufParser {
  private static final int MAGIC = 0x46554747;
  private static final int MAX_KEYS = 1 << 16;
  private static final int MAX_TENSORS = 1 << 17;
  private static final int MAX_NAME = 65_535;
  private static final int MAX_DIMENSIONS = 4;
  private static final int DEFAULT_ALIGNMENT = 32;
  // Length, key of one byte, type and value of one byte.
  private static final int SMALLEST_ENTRY = 8 + 1 + 4 + 1;
  // Length, name of one byte, dimension count, one dimension, type and offset.
  private static final int SMALLEST_TENSOR = 8 + 1 + 4 + 8 + 4 + 8;

  private final String file;
  private final MemorySegment bytes;
  private final long size;
  private long at;

  int version;
  final Map<String, GgufMetadata.Entry> entries = new LinkedHashMap<>();
  final Map<String, GgufTensor> tensors = new LinkedHashMap<>();

  private record Info(
      String name, TensorType type, List<Long> dimensions, long offset, long size) {}

  GgufParser(String file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
    this.size = bytes.byteSize();
  }

  void parse() {
    if (size < 24) {
      throw bad("too short for a GGUF file (" + size + " bytes)");
    }
    int magic = int32("magic");
    if (magic != MAGIC) {
      throw bad("no GGUF file (it does not begin with the letters GGUF)");
    }
    version = int32("version");
    if (version != 2 && version != 3) {
      throw bad(
          Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3
              ? "big-endian GGUF is not supported"
              : "GGUF version "
                  + Integer.toUnsignedString(version)
                  + " is not supported (2 and 3 are)");
    }
    long tensorCount = count("tensors", MAX_TENSORS);
    long keyCount = count("metadata entries", MAX_KEYS);
    if (keyCount > (size - at) / SMALLEST_ENTRY) {
      throw bad(keyCount + " metadata entries do not fit a file of " + size + " bytes");
    }
    for (long i = 0; i < keyCount; i++) {
      entry();
    }
    if (tensorCount > (size - at) / SMALLEST_TENSOR) {
      throw bad(tensorCount + " tensors do not fit a file of " + size + " bytes");
    }
    List<Info> infos = new ArrayList<>((int) tensorCount);
    for (long i = 0; i < tensorCount; i++) {
      infos.add(tensor());
    }
    place(infos);
  }

  private void entry() {
    String key = name("metadata key");
    int type = int32("type of '" + key + "'");
    GgufMetadata.Entry e;
    if (type == GgufMetadata.ARRAY) {
      int element = int32("element type of '" + key + "'");
      if (element == GgufMetadata.ARRAY) {
        throw bad("metadata key '" + key + "' is an array of arrays, which is not supported");
      }
      int width = width(key, element);
      long n = int64("length of '" + key + "'");
      // A string takes at least the 8 bytes of its length.
      if (n < 0
          || n > Integer.MAX_VALUE - 8
          || n > (size - at) / Math.max(width, width == 0 ? 8 : 1)) {
        throw bad(
            "metadata key '"
                + key
                + "' has "
                + Long.toUnsignedString(n)
                + " elements, more than the file holds");
      }
      e = new GgufMetadata.Entry(element, (int) n, at);
      if (element == GgufMetadata.STRING) {
        for (long i = 0; i < n; i++) {
          skipString(key);
        }
      } else {
        if (element == GgufMetadata.BOOL) {
          for (long i = 0; i < n; i++) {
            checkBool(key, at + i);
          }
        }
        at += n * width;
      }
    } else {
      int width = width(key, type);
      e = new GgufMetadata.Entry(type, -1, at);
      if (type == GgufMetadata.STRING) {
        skipString(key);
      } else {
        need(width, "value of '" + key + "'");
        if (type == GgufMetadata.BOOL) {
          checkBool(key, at);
        }
        at += width;
      }
    }
    if (entries.put(key, e) != null) {
      throw bad("metadata key '" + key + "' occurs twice");
    }
  }

  private Info tensor() {
    String name = name("tensor name");
    int n = int32("dimensions of tensor '" + name + "'");
    if (n < 1 || n > MAX_DIMENSIONS) {
      throw bad(
          "tensor '"
              + name
              + "' has "
              + Integer.toUnsignedString(n)
              + " dimensions (1 to 4 are allowed)");
    }
    List<Long> dimensions = new ArrayList<>(n);
    long elements = 1;
    for (int i = 0; i < n; i++) {
      long d = int64("dimensions of tensor '" + name + "'");
      if (d < 1 || d > Integer.MAX_VALUE || elements > Long.MAX_VALUE / 1024 / d) {
        throw bad("tensor '" + name + "' has an impossible dimension " + Long.toUnsignedString(d));
      }
      elements *= d;
      dimensions.add(d);
    }
    int typeId = int32("type of tensor '" + name + "'");
    TensorType type = TensorType.ofId(typeId);
    if (type == null) {
      throw bad("tensor '" + name + "' has unknown type " + Integer.toUnsignedString(typeId));
    }
    long columns = dimensions.getFirst();
    if (columns % type.blockElements() != 0) {
      throw bad(
          "tensor '"
              + name
              + "' of type "
              + type
              + " has rows of "
              + columns
              + " elements, no multiple of "
              + type.blockElements());
    }
    if (elements / columns > Integer.MAX_VALUE) {
      throw bad("tensor '" + name + "' has too many rows: " + elements / columns);
    }
    long offset = int64("offset of tensor '" + name + "'");
    long length = elements / type.blockElements() * type.blockBytes();
    return new Info(name, type, List.copyOf(dimensions), offset, length);
  }

  private void place(List<Info> infos) {
    long alignment = DEFAULT_ALIGNMENT;
    GgufMetadata.Entry a = entries.get("general.alignment");
    if (a != null) {
      alignment = new GgufMetadata(file, bytes, entries).integer("general.alignment", 1, 1 << 30);
      if (Long.bitCount(alignment) != 1) {
        throw bad("general.alignment must be a power of two, was " + alignment);
      }
    }
    if (infos.isEmpty()) {
      return;
    }
    long data = (at + alignment - 1) / alignment * alignment;
    long room = size - data;
    for (Info t : infos) {
      if (t.offset < 0 || t.offset % alignment != 0) {
        throw bad(
            "tensor '"
                + t.name
                + "' has offset "
                + Long.toUnsignedString(t.offset)
                + ", no multiple of the alignment "
                + alignment);
      }
      if (t.size > room || t.offset > room - t.size) {
        throw bad(
            "tensor '"
                + t.name
                + "' of "
                + t.size
                + " bytes at offset "
                + t.offset
                + " lies outside the file (truncated?)");
      }
      MemorySegment part = bytes.asSlice(data + t.offset, t.size);
      long columns = t.dimensions.getFirst();
      long rows = 1;
      for (int i = 1; i < t.dimensions.size(); i++) {
        rows *= t.dimensions.get(i);
      }
      GgufTensor tensor =
          new GgufTensor(t.name, t.type, (int) columns, (int) rows, t.dimensions, part);
      if (tensors.put(t.name, tensor) != null) {
        throw bad("tensor '" + t.name + "' occurs twice");
      }
    }
    List<Info> byOffset = new ArrayList<>(infos);
    byOffset.sort(Comparator.comparingLong(Info::offset));
    for (int i = 1; i < byOffset.size(); i++) {
      Info before = byOffset.get(i - 1);
      Info t = byOffset.get(i);
      if (before.offset + before.size > t.offset) {
        throw bad("tensors '" + before.name + "' and '" + t.name + "' overlap");
      }
    }
  }

  private int width(String key, int type) {
    int width = GgufMetadata.width(type);
    if (width < 0) {
      throw bad("metadata key '" + key + "' has unknown type " + Integer.toUnsignedString(type));
    }
    return width;
  }

  private void checkBool(String key, long offset) {
    byte b = bytes.get(ValueLayout.JAVA_BYTE, offset);
    if (b != 0 && b != 1) {
      throw bad("metadata key '" + key + "' has a bool that is neither 0 nor 1");
    }
  }

  private long count(String what, int max) {
    long n = int64("number of " + what);
    if (n < 0 || n > max) {
      throw bad("claims " + Long.toUnsignedString(n) + " " + what + " (at most " + max + ")");
    }
    return n;
  }

  private String name(String what) {
    long n = int64("length of a " + what);
    if (n < 1 || n > MAX_NAME) {
      throw bad("a " + what + " has length " + Long.toUnsignedString(n));
    }
    need(n, what);
    byte[] b = new byte[(int) n];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, b, 0, b.length);
    at += n;
    return new String(b, StandardCharsets.UTF_8);
  }

  private void skipString(String key) {
    long n = int64("string length in '" + key + "'");
    if (n < 0 || n > Integer.MAX_VALUE - 8 || n > size - at) {
      throw bad(
          "a string of metadata key '"
              + key
              + "' has length "
              + Long.toUnsignedString(n)
              + ", more than the file holds");
    }
    at += n;
  }

  private int int32(String what) {
    need(4, what);
    int v = bytes.get(GgufMetadata.INT_LE, at);
    at += 4;
    return v;
  }

  private long int64(String what) {
    need(8, what);
    long v = bytes.get(GgufMetadata.LONG_LE, at);
    at += 8;
    return v;
  }

  private void need(long n, String what) {
    if (n > size - at) {
      throw bad("ends within the " + what + " (truncated?)");
    }
  }

  private DeftException bad(String what) {
    // Names come from the file: keep control characters and endless keys out of the message.
    String clean = what.length() > 300 ? what.substring(0, 300) + "..." : what;
    clean = clean.replaceAll("\\p{Cntrl}", "?");
    return new DeftException(DeftException.UNSUPPORTED_MODEL, file + ": " + clean);
  }
}
