package org.deft4j.engine.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Typed access to a file's metadata.
 *
 * <p>Values stay in the mapped file until they are asked for; they were bounds-checked when the
 * file was opened. A missing required key, a value of another type or out of range is a {@link
 * DeftException} that names the file and the key. Not usable after its file is closed.
 */
public final class GgufMetadata {
  static final int U8 = 0;
  static final int I8 = 1;
  static final int U16 = 2;
  static final int I16 = 3;
  static final int U32 = 4;
  static final int I32 = 5;
  static final int F32 = 6;
  static final int BOOL = 7;
  static final int STRING = 8;
  static final int ARRAY = 9;
  static final int U64 = 10;
  static final int I64 = 11;
  static final int F64 = 12;

  private static final int[] WIDTH = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  private static final String[] NAME = {
    "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"
  };

  static final ValueLayout.OfShort SHORT_LE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN);

  /**
   * Where a value lies.
   *
   * @param type of the value, or of its elements for an array
   * @param count number of elements, -1 for no array
   * @param offset of the value, or of its first element
   */
  record Entry(int type, int count, long offset) {}

  private final String file;
  private final MemorySegment bytes;
  private final Map<String, Entry> entries;

  GgufMetadata(String file, MemorySegment bytes, Map<String, Entry> entries) {
    this.file = file;
    this.bytes = bytes;
    this.entries = entries;
  }

  /** Bytes of a scalar of this type; 0 for strings and arrays; -1 for an unknown type. */
  static int width(int type) {
    return type < 0 || type >= WIDTH.length ? -1 : WIDTH[type];
  }

  /** An error about this file: {@code what} completes "FILE: ". */
  public DeftException unsupported(String what) {
    return new DeftException(DeftException.UNSUPPORTED_MODEL, file + ": " + what);
  }

  /** The keys, in the file's order. */
  public Set<String> keys() {
    return Collections.unmodifiableSet(entries.keySet());
  }

  /** Whether the file has this key. */
  public boolean has(String key) {
    return entries.containsKey(key);
  }

  /** Whether the value of this key is an array. */
  public boolean isArray(String key) {
    Entry e = entries.get(key);
    return e != null && e.count >= 0;
  }

  /** Type and value of a required entry as they lie in the file. */
  byte[] raw(String key) {
    Entry e = require(key);
    // An array's value begins after its type, its elements' type and their number.
    long from = e.count < 0 ? e.offset - 4 : e.offset - 16;
    long to = e.offset;
    for (int i = 0; i < Math.max(1, e.count) && e.count != 0; i++) {
      to += e.type == STRING ? 8 + bytes.get(LONG_LE, to) : WIDTH[e.type];
    }
    byte[] out = new byte[(int) (to - from)];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, from, out, 0, out.length);
    return out;
  }

  /** A required string. */
  public String string(String key) {
    return text(scalar(key, "a string", STRING).offset);
  }

  /** A string, or {@code other} where the key is absent. */
  public String string(String key, String other) {
    return has(key) ? string(key) : other;
  }

  /** A required integer of any width within [{@code min}, {@code max}]. */
  public int integer(String key, int min, int max) {
    Entry e = scalar(key, "an integer", U8, I8, U16, I16, U32, I32, U64, I64);
    long v = number(e.type, e.offset);
    if ((e.type == U64 && v < 0) || v < min || v > max) {
      throw unsupported(
          "metadata key '"
              + key
              + "' must be in ["
              + min
              + ", "
              + max
              + "], was "
              + (e.type == U64 ? Long.toUnsignedString(v) : Long.toString(v)));
    }
    return (int) v;
  }

  /** An integer as {@link #integer(String, int, int)}, or {@code other} where it is absent. */
  public int integer(String key, int min, int max, int other) {
    return has(key) ? integer(key, min, max) : other;
  }

  /**
   * A required token id or similar, -1 where the file holds the mark of an absent one (2^32 - 1).
   */
  public int integerOrAbsent(String key) {
    Entry e = scalar(key, "an integer", U8, I8, U16, I16, U32, I32, U64, I64);
    return number(e.type, e.offset) == 0xFFFFFFFFL ? -1 : integer(key, -1, Integer.MAX_VALUE);
  }

  /** A required finite number. */
  public float real(String key) {
    Entry e = scalar(key, "a number", F32, F64);
    float v = e.type == F32 ? floatAt(e.offset) : (float) doubleAt(e.offset);
    if (!Float.isFinite(v)) {
      throw unsupported("metadata key '" + key + "' must be finite, was " + v);
    }
    return v;
  }

  /** A finite number, or {@code other} where the key is absent. */
  public float real(String key, float other) {
    return has(key) ? real(key) : other;
  }

  /** A truth value, or {@code other} where the key is absent. */
  public boolean bool(String key, boolean other) {
    return has(key)
        ? bytes.get(ValueLayout.JAVA_BYTE, scalar(key, "a bool", BOOL).offset) != 0
        : other;
  }

  /** A required array of strings; bytes that are no UTF-8 become U+FFFD. */
  public String[] strings(String key) {
    Entry e = array(key, "strings", STRING);
    String[] out = new String[e.count];
    long at = e.offset;
    for (int i = 0; i < e.count; i++) {
      out[i] = text(at);
      at += 8 + bytes.get(LONG_LE, at);
    }
    return out;
  }

  /** One element of a required array of strings. */
  public String stringAt(String key, int index) {
    Entry e = array(key, "strings", STRING);
    if (index < 0 || index >= e.count) {
      throw unsupported("metadata key '" + key + "' has no element " + index);
    }
    long at = e.offset;
    for (int i = 0; i < index; i++) {
      at += 8 + bytes.get(LONG_LE, at);
    }
    return text(at);
  }

  /** A required array of numbers, as floats. */
  public float[] floats(String key) {
    Entry e = array(key, "numbers", F32, F64);
    float[] out = new float[e.count];
    for (int i = 0; i < e.count; i++) {
      out[i] = e.type == F32 ? floatAt(e.offset + 4L * i) : (float) doubleAt(e.offset + 8L * i);
    }
    return out;
  }

  /** A required array of integers that fit an int. */
  public int[] integers(String key) {
    Entry e = array(key, "integers", U8, I8, U16, I16, U32, I32, U64, I64);
    int[] out = new int[e.count];
    for (int i = 0; i < e.count; i++) {
      long v = number(e.type, e.offset + (long) WIDTH[e.type] * i);
      if (v != (int) v) {
        throw unsupported("metadata key '" + key + "' holds " + v + ", which is out of range");
      }
      out[i] = (int) v;
    }
    return out;
  }

  private Entry scalar(String key, String wanted, int... types) {
    Entry e = require(key);
    if (e.count < 0) {
      for (int t : types) {
        if (e.type == t) {
          return e;
        }
      }
    }
    throw unsupported("metadata key '" + key + "' must be " + wanted + ", is " + describe(e));
  }

  private Entry array(String key, String wanted, int... types) {
    Entry e = require(key);
    if (e.count >= 0) {
      for (int t : types) {
        if (e.type == t) {
          return e;
        }
      }
    }
    throw unsupported(
        "metadata key '" + key + "' must be an array of " + wanted + ", is " + describe(e));
  }

  private Entry require(String key) {
    @Nullable Entry e = entries.get(key);
    if (e == null) {
      throw unsupported("metadata key '" + key + "' is missing");
    }
    return e;
  }

  private static String describe(Entry e) {
    return (e.count < 0 ? "" : "array of ") + NAME[e.type];
  }

  private long number(int type, long at) {
    return switch (type) {
      case U8 -> bytes.get(ValueLayout.JAVA_BYTE, at) & 0xFFL;
      case I8 -> bytes.get(ValueLayout.JAVA_BYTE, at);
      case U16 -> bytes.get(SHORT_LE, at) & 0xFFFFL;
      case I16 -> bytes.get(SHORT_LE, at);
      case U32 -> bytes.get(INT_LE, at) & 0xFFFFFFFFL;
      case I32 -> bytes.get(INT_LE, at);
      default -> bytes.get(LONG_LE, at);
    };
  }

  private float floatAt(long at) {
    return Float.intBitsToFloat(bytes.get(INT_LE, at));
  }

  private double doubleAt(long at) {
    return Double.longBitsToDouble(bytes.get(LONG_LE, at));
  }

  private String text(long at) {
    byte[] b = new byte[(int) bytes.get(LONG_LE, at)];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at + 8, b, 0, b.length);
    return new String(b, StandardCharsets.UTF_8);
  }
}
