package org.deft4j.engine.source;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Reads safetensors files: eight bytes of header length, a JSON header that gives type, shape and
 * place of each tensor, then their bytes. Everything is checked against the file's size before it
 * is used: places must lie inside, be as long as their shape says and not overlap.
 */
final class Safetensors {
  private static final long MAX_HEADER = 100_000_000;
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Safetensors() {}

  /**
   * Maps a file.
   *
   * @return its tensors by name; of one dimension they are one row
   */
  static Map<String, GgufTensor> map(Path file, Arena arena) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return parse(file.toString(), all);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.MODEL_NOT_FOUND, file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Checks a file that is in memory. */
  static Map<String, GgufTensor> parse(String file, MemorySegment all) {
    if (all.byteSize() < 8) {
      throw bad(file, "too short for a safetensors file (" + all.byteSize() + " bytes)");
    }
    long length = all.get(LONG, 0);
    if (length < 2 || length > MAX_HEADER || length > all.byteSize() - 8) {
      throw bad(file, "claims a header of " + Long.toUnsignedString(length) + " bytes");
    }
    MemorySegment data = all.asSlice(8 + length);
    Map<?, ?> header = header(file, all.asSlice(8, length));
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    List<long[]> places = new ArrayList<>();
    for (Map.Entry<?, ?> e : header.entrySet()) {
      String name = (String) e.getKey();
      if (name.equals("__metadata__")) {
        continue;
      }
      if (!(e.getValue() instanceof Map<?, ?> info)) {
        throw bad(file, "tensor '" + name + "' has no description");
      }
      tensors.put(name, tensor(file, name, info, data, places));
    }
    places.sort(Comparator.comparingLong(p -> p[0]));
    for (int i = 1; i < places.size(); i++) {
      if (places.get(i - 1)[1] > places.get(i)[0]) {
        throw bad(file, "two tensors overlap at byte " + places.get(i)[0]);
      }
    }
    return tensors;
  }

  private static Map<?, ?> header(String file, MemorySegment bytes) {
    try {
      ByteBuffer b = bytes.asByteBuffer();
      String text = StandardCharsets.UTF_8.newDecoder().decode(b).toString();
      if (JsonReader.read(text) instanceof Map<?, ?> map) {
        return map;
      }
      throw bad(file, "its header is no JSON object");
    } catch (CharacterCodingException e) {
      throw bad(file, "its header is no UTF-8");
    } catch (IllegalArgumentException e) {
      throw bad(file, "its header: " + e.getMessage());
    }
  }

  private static GgufTensor tensor(
      String file, String name, Map<?, ?> info, MemorySegment data, List<long[]> places) {
    TensorType type = type(file, name, info.get("dtype"));
    long[] shape = longs(file, name, "shape", info.get("shape"));
    long[] place = longs(file, name, "data_offsets", info.get("data_offsets"));
    if (place.length != 2 || place[0] > place[1] || place[1] > data.byteSize()) {
      throw bad(file, "tensor '" + name + "' lies outside the file (truncated?)");
    }
    long elements = 1;
    for (long d : shape) {
      if (d < 1 || d > Integer.MAX_VALUE || elements > Long.MAX_VALUE / 16 / d) {
        throw bad(file, "tensor '" + name + "' has an impossible dimension " + d);
      }
      elements *= d;
    }
    long columns = shape.length == 0 ? 1 : shape[shape.length - 1];
    if (elements / columns > Integer.MAX_VALUE) {
      throw bad(file, "tensor '" + name + "' has too many rows: " + elements / columns);
    }
    if (place[1] - place[0] != elements * type.blockBytes()) {
      throw bad(
          file,
          "tensor '"
              + name
              + "' has "
              + (place[1] - place[0])
              + " bytes, where its shape needs "
              + elements * type.blockBytes());
    }
    places.add(place);
    List<Long> dimensions = new ArrayList<>();
    for (int i = shape.length - 1; i >= 0; i--) {
      dimensions.add(shape[i]);
    }
    if (dimensions.isEmpty()) {
      dimensions.add(1L);
    }
    return new GgufTensor(
        name,
        type,
        (int) columns,
        (int) (elements / columns),
        List.copyOf(dimensions),
        data.asSlice(place[0], place[1] - place[0]));
  }

  private static TensorType type(String file, String name, @Nullable Object dtype) {
    return switch (String.valueOf(dtype)) {
      case "F32" -> TensorType.F32;
      case "F16" -> TensorType.F16;
      case "BF16" -> TensorType.BF16;
      case "F64" -> TensorType.F64;
      case "I64" -> TensorType.I64;
      case "I32" -> TensorType.I32;
      case "I16" -> TensorType.I16;
      case "I8", "U8", "BOOL" -> TensorType.I8;
      default ->
          throw bad(
              file, "tensor '" + name + "' is of type " + dtype + "; supported: F32, F16, BF16");
    };
  }

  private static long[] longs(String file, String name, String field, @Nullable Object value) {
    if (value instanceof List<?> list && list.size() <= 8) {
      long[] out = new long[list.size()];
      for (int i = 0; i < out.length; i++) {
        if (!(list.get(i) instanceof Long v) || v < 0) {
          throw bad(file, "tensor '" + name + "': " + field + " holds " + list.get(i));
        }
        out[i] = v;
      }
      return out;
    }
    throw bad(file, "tensor '" + name + "': " + field + " must be a list of integers");
  }

  private static DeftException bad(String file, String what) {
    // Names come from the file: keep control characters and endless ones out of the message.
    String clean = what.length() > 300 ? what.substring(0, 300) + "..." : what;
    clean = clean.replaceAll("\\p{Cntrl}", "?");
    return new DeftException(DeftException.UNSUPPORTED_MODEL, file + ": " + clean);
  }
}
