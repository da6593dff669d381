package org.deft4j.engine.json;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON (RFC 8259) from maps, lists, strings, numbers, booleans and null.
 *
 * <p>The command line writes a handful of small documents; a data-binding library would cost more
 * start-up time than the whole of its help page. Reports are built as maps, so that the order of
 * their fields is the order in which they were put.
 */
public final class JsonWriter {
  private final StringBuilder out = new StringBuilder();
  private final boolean pretty;

  private JsonWriter(boolean pretty) {
    this.pretty = pretty;
  }

  /**
   * One line without spaces or line breaks, for files of JSON lines.
   *
   * @param value a map with string keys, list, string, number, boolean or null, nested at will
   * @throws IllegalArgumentException for a value of another type
   */
  public static String line(@Nullable Object value) {
    return write(value, false);
  }

  /** The same over several lines, indented by two spaces; lists of plain values stay on one. */
  public static String document(@Nullable Object value) {
    return write(value, true);
  }

  private static String write(@Nullable Object value, boolean pretty) {
    JsonWriter w = new JsonWriter(pretty);
    w.value(value, 0);
    return w.out.toString();
  }

  private void value(@Nullable Object value, int depth) {
    switch (value) {
      case null -> out.append("null");
      case Map<?, ?> map -> map(map, depth);
      case List<?> list -> list(list, depth);
      case CharSequence text -> string(text);
      case Boolean b -> out.append(b);
      // JSON has no NaN and no infinity.
      case Double d -> out.append(Double.isFinite(d) ? plain(d) : "null");
      case Float f -> out.append(Float.isFinite(f) ? plain(f) : "null");
      case Number n -> out.append(n);
      default ->
          throw new IllegalArgumentException(
              "no JSON for " + value.getClass().getName() + ": " + value);
    }
  }

  private static String plain(double d) {
    return d == Math.rint(d) && Math.abs(d) < 1e15 ? Long.toString((long) d) : Double.toString(d);
  }

  private void map(Map<?, ?> map, int depth) {
    out.append('{');
    String separator = "";
    for (Map.Entry<?, ?> e : map.entrySet()) {
      out.append(separator);
      newLine(depth + 1);
      string((CharSequence) e.getKey());
      out.append(pretty ? ": " : ":");
      value(e.getValue(), depth + 1);
      separator = ",";
    }
    if (!map.isEmpty()) {
      newLine(depth);
    }
    out.append('}');
  }

  private void list(List<?> list, int depth) {
    boolean nested = list.stream().anyMatch(v -> v instanceof Map || v instanceof List);
    out.append('[');
    for (int i = 0; i < list.size(); i++) {
      if (i > 0) {
        out.append(pretty && !nested ? ", " : ",");
      }
      if (nested) {
        newLine(depth + 1);
      }
      value(list.get(i), depth + 1);
    }
    if (nested) {
      newLine(depth);
    }
    out.append(']');
  }

  private void newLine(int depth) {
    if (pretty) {
      out.append('\n').repeat(' ', 2 * depth);
    }
  }

  private void string(CharSequence text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          // A lone surrogate is no Unicode text and would not survive UTF-8.
          if (c < 0x20 || c == 0x7f || loneSurrogate(text, i)) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private static boolean loneSurrogate(CharSequence text, int i) {
    char c = text.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
    }
    return Character.isLowSurrogate(c)
        && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
  }
}
