package org.deft4j.engine.json;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON (RFC 8259), strictly, as maps (in the order of the text), lists, strings, {@code Long}
 * or {@code Double}, booleans and null: the counterpart of {@link JsonWriter}.
 *
 * <p>Memory is proportional to the text, and the depth of nesting is bounded, so that a hostile
 * text is an error and no crash.
 */
public final class JsonReader {
  private static final int MAX_DEPTH = 256;

  private final String text;
  private int at;
  private int depth;

  private JsonReader(String text) {
    this.text = text;
  }

  /**
   * Reads a text that holds one value.
   *
   * @throws IllegalArgumentException if it does not; the message has the line and column
   */
  public static @Nullable Object read(String text) {
    JsonReader r = new JsonReader(text);
    r.space();
    Object value = r.value();
    r.space();
    if (r.at < text.length()) {
      throw r.bad("text after the value");
    }
    return value;
  }

  private @Nullable Object value() {
    if (at >= text.length()) {
      throw bad("the text ends too early");
    }
    char c = text.charAt(at);
    return switch (c) {
      case '{' -> object();
      case '[' -> array();
      case '"' -> string();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> word("null", null);
      default -> {
        if (c == '-' || digit(c)) {
          yield number();
        }
        throw bad("no value begins with '" + c + "'");
      }
    };
  }

  private Map<String, @Nullable Object> object() {
    enter();
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    while (more('}', map.isEmpty())) {
      if (at >= text.length() || text.charAt(at) != '"') {
        throw bad("a name in quotes must stand here");
      }
      String name = string();
      space();
      expect(':');
      space();
      if (map.containsKey(name)) {
        throw bad("the name '" + name + "' stands here twice");
      }
      map.put(name, value());
      space();
    }
    depth--;
    return map;
  }

  private List<@Nullable Object> array() {
    enter();
    List<@Nullable Object> list = new ArrayList<>();
    while (more(']', list.isEmpty())) {
      list.add(value());
      space();
    }
    depth--;
    return list;
  }

  private void enter() {
    at++;
    if (++depth > MAX_DEPTH) {
      throw bad("nested deeper than " + MAX_DEPTH);
    }
    space();
  }

  /** Whether another element follows; consumes what is between elements, or the end. */
  private boolean more(char end, boolean first) {
    if (at < text.length() && text.charAt(at) == end) {
      at++;
      return false;
    }
    if (!first) {
      expect(',');
      space();
    }
    return true;
  }

  private void expect(char c) {
    if (at >= text.length() || text.charAt(at) != c) {
      throw bad("'" + c + "' must stand here");
    }
    at++;
  }

  private String string() {
    StringBuilder out = new StringBuilder();
    at++;
    while (true) {
      if (at >= text.length()) {
        throw bad("a string has no end");
      }
      char c = text.charAt(at++);
      if (c == '"') {
        return out.toString();
      }
      if (c < 0x20) {
        at--;
        throw bad("a control character in a string");
      }
      out.append(c == '\\' ? escape() : c);
    }
  }

  private char escape() {
    char c = at < text.length() ? text.charAt(at++) : 0;
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int code = 0;
        for (int i = 0; i < 4; i++) {
          int digit = at < text.length() ? Character.digit(text.charAt(at), 16) : -1;
          if (digit < 0) {
            throw bad("four hexadecimal digits must follow \\u");
          }
          code = code << 4 | digit;
          at++;
        }
        yield (char) code;
      }
      default -> {
        at--;
        throw bad("no such escape");
      }
    };
  }

  private Number number() {
    int start = at;
    if (text.charAt(at) == '-') {
      at++;
    }
    int whole = at;
    digits();
    if (at - whole > 1 && text.charAt(whole) == '0') {
      throw bad("a number with a leading zero");
    }
    boolean integer = true;
    if (at < text.length() && text.charAt(at) == '.') {
      at++;
      digits();
      integer = false;
    }
    if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
      at++;
      if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
        at++;
      }
      digits();
      integer = false;
    }
    String number = text.substring(start, at);
    if (integer && number.length() <= 18) {
      return Long.valueOf(number);
    }
    return integer ? new BigDecimal(number).doubleValue() : Double.valueOf(number);
  }

  private void digits() {
    int start = at;
    while (at < text.length() && digit(text.charAt(at))) {
      at++;
    }
    if (at == start) {
      throw bad("a digit must stand here");
    }
  }

  private static boolean digit(char c) {
    return c >= '0' && c <= '9';
  }

  private @Nullable Object word(String word, @Nullable Object value) {
    if (!text.startsWith(word, at)) {
      throw bad("no such word");
    }
    at += word.length();
    return value;
  }

  private void space() {
    while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private IllegalArgumentException bad(String what) {
    int line = 1;
    int column = 1;
    for (int i = 0; i < Math.min(at, text.length()); i++) {
      column++;
      if (text.charAt(i) == '\n') {
        line++;
        column = 1;
      }
    }
    return new IllegalArgumentException(
        "bad JSON at line " + line + ", column " + column + ": " + what);
  }
}
