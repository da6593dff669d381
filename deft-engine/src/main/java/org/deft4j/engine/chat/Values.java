package org.deft4j.engine.chat;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Values as Python has them: String, Long, Double, Boolean, {@link #NONE}, List, Map, {@link
 * Undefined}, {@link Namespace} and {@link Function}.
 */
final class Values {
  /** Python's None. */
  static final Object NONE =
      new Object() {
        @Override
        public String toString() {
          return "None";
        }
      };

  /** What a name stands for that nothing was assigned to. */
  record Undefined(String name) {}

  /** What {@code namespace()} makes: its attributes can be assigned in loops. */
  record Namespace(Map<String, Object> attributes) {}

  /** Something that can be called. */
  @FunctionalInterface
  interface Function {
    /** Calls it. */
    Object call(List<Object> arguments, Map<String, Object> named, int line);
  }

  /** Longest text that a template may build. */
  static final int MAX_TEXT = 8 << 20;

  private static final int MAX_COMPARED = 1_000_000;

  private Values() {}

  /** Throws unless a text of this length may be built. */
  static void requireLength(long n, int line) {
    if (n > MAX_TEXT) {
      throw new TemplateException(line, "builds a text of more than " + MAX_TEXT + " characters");
    }
  }

  static String concat(String a, String b, int line) {
    requireLength((long) a.length() + b.length(), line);
    return a + b;
  }

  /** What JSON readers and callers give, as values. */
  static Object of(@Nullable Object v) {
    return switch (v) {
      case null -> NONE;
      case Integer i -> (long) i;
      case Float f -> (double) f;
      case List<?> list -> list.stream().map(Values::of).toList();
      case Map<?, ?> map -> {
        Map<Object, Object> out = new LinkedHashMap<>();
        map.forEach((k, x) -> out.put(of(k), of(x)));
        yield out;
      }
      default -> v;
    };
  }

  static boolean truth(Object v) {
    return switch (v) {
      case Boolean b -> b;
      case String s -> !s.isEmpty();
      case Long n -> n != 0;
      case Double d -> d != 0;
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      case Undefined _ -> false;
      default -> v != NONE;
    };
  }

  static boolean equal(Object a, Object b) {
    return equal(a, b, new int[] {MAX_COMPARED});
  }

  private static boolean equal(Object a, Object b, int[] left) {
    if (a == b) {
      return true;
    }
    // Lists that hold a list twice, which holds one twice, and so on, are endless to compare.
    if (--left[0] < 0) {
      throw new TemplateException(0, "compares values that are too large");
    }
    Object x = a instanceof Boolean t ? (Object) (t ? 1L : 0L) : a;
    Object y = b instanceof Boolean t ? (Object) (t ? 1L : 0L) : b;
    if (x instanceof Number n && y instanceof Number m) {
      return n.doubleValue() == m.doubleValue();
    }
    if (x instanceof Undefined && y instanceof Undefined) {
      return true;
    }
    if (x instanceof List<?> l && y instanceof List<?> r) {
      if (l.size() != r.size()) {
        return false;
      }
      for (int i = 0; i < l.size(); i++) {
        if (!equal(l.get(i), r.get(i), left)) {
          return false;
        }
      }
      return true;
    }
    return Objects.equals(x, y);
  }

  static int compare(Object a, Object b, int line) {
    Object x = a instanceof Boolean t ? (Object) (t ? 1L : 0L) : a;
    Object y = b instanceof Boolean t ? (Object) (t ? 1L : 0L) : b;
    if (x instanceof Number n && y instanceof Number m) {
      return Double.compare(n.doubleValue(), m.doubleValue());
    }
    if (x instanceof String s && y instanceof String t) {
      return s.compareTo(t);
    }
    throw new TemplateException(line, kind(a) + " and " + kind(b) + " have no order");
  }

  static String kind(Object v) {
    return switch (v) {
      case String _ -> "a string";
      case Long _ -> "an integer";
      case Double _ -> "a float";
      case Boolean _ -> "a bool";
      case List<?> _ -> "a list";
      case Map<?, ?> _ -> "a dict";
      case Undefined u -> "the undefined '" + u.name + "'";
      case Function _ -> "a function";
      default -> v == NONE ? "None" : "a namespace";
    };
  }

  /** Python's {@code str}. */
  static String text(Object v) {
    return switch (v) {
      case String s -> s;
      case Boolean b -> b ? "True" : "False";
      case Double d -> real(d);
      case Undefined _ -> "";
      case List<?> _, Map<?, ?> _ -> repr(v);
      default -> v.toString();
    };
  }

  private static String real(double d) {
    if (d == Math.rint(d) && Math.abs(d) < 1e16) {
      return BigDecimal.valueOf(d).toBigInteger() + ".0";
    }
    String s = Double.toString(d);
    int e = s.indexOf('E');
    if (e < 0) {
      return s;
    }
    int exponent = Integer.parseInt(s, e + 1, s.length(), 10);
    if (exponent >= -4 && exponent < 16) {
      return new BigDecimal(s).toPlainString();
    }
    String mantissa = s.substring(0, e);
    mantissa = mantissa.endsWith(".0") ? mantissa.substring(0, mantissa.length() - 2) : mantissa;
    return "%se%s%02d".formatted(mantissa, exponent < 0 ? "-" : "+", Math.abs(exponent));
  }

  /** Python's {@code repr}. */
  static String repr(Object v) {
    StringBuilder out = new StringBuilder();
    repr(v, out);
    return out.toString();
  }

  private static void repr(Object v, StringBuilder out) {
    requireLength(out.length(), 0);
    switch (v) {
      case String s -> out.append(quoted(s));
      case List<?> list -> {
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
          out.append(i > 0 ? ", " : "");
          repr(list.get(i), out);
        }
        out.append(']');
      }
      case Map<?, ?> map -> {
        out.append('{');
        boolean more = false;
        for (Map.Entry<?, ?> e : map.entrySet()) {
          out.append(more ? ", " : "");
          more = true;
          repr(e.getKey(), out);
          out.append(": ");
          repr(e.getValue(), out);
        }
        out.append('}');
      }
      default -> out.append(text(v));
    }
  }

  private static String quoted(String s) {
    char quote = s.indexOf('\'') >= 0 && s.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder out = new StringBuilder().append(quote);
    for (char c : s.toCharArray()) {
      switch (c) {
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\\' -> out.append("\\\\");
        default -> {
          if (c == quote) {
            out.append('\\').append(c);
          } else if (c < ' ' || c == 0x7f) {
            out.append("\\x%02x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append(quote).toString();
  }

  /**
   * Python's {@code json.dumps} without escapes for what is not ASCII.
   *
   * @param indent spaces a level, negative for one line
   */
  static String json(Object v, int indent, int line) {
    StringBuilder out = new StringBuilder();
    json(v, indent, 0, out, line);
    return out.toString();
  }

  private static void json(Object v, int indent, int level, StringBuilder out, int line) {
    requireLength(out.length(), line);
    switch (v) {
      case String s -> jsonString(s, out);
      case Boolean b -> out.append(b ? "true" : "false");
      case Long n -> out.append(n.longValue());
      case Double d -> out.append(real(d));
      case List<?> list -> {
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
          separate(i > 0, indent, level + 1, out);
          json(list.get(i), indent, level + 1, out, line);
        }
        end(!list.isEmpty(), indent, level, out);
        out.append(']');
      }
      case Map<?, ?> map -> {
        out.append('{');
        boolean more = false;
        for (Map.Entry<?, ?> e : map.entrySet()) {
          separate(more, indent, level + 1, out);
          more = true;
          jsonString(text(e.getKey()), out);
          out.append(": ");
          json(e.getValue(), indent, level + 1, out, line);
        }
        end(more, indent, level, out);
        out.append('}');
      }
      default -> {
        if (v != NONE) {
          throw new TemplateException(line, kind(v) + " cannot be written as JSON");
        }
        out.append("null");
      }
    }
  }

  private static void separate(boolean more, int indent, int level, StringBuilder out) {
    if (more) {
      out.append(indent < 0 ? ", " : ",");
    }
    if (indent >= 0) {
      out.append('\n').repeat(' ', indent * level);
    }
  }

  private static void end(boolean any, int indent, int level, StringBuilder out) {
    if (any && indent >= 0) {
      out.append('\n').repeat(' ', indent * level);
    }
  }

  private static void jsonString(String s, StringBuilder out) {
    out.append('"');
    for (char c : s.toCharArray()) {
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> {
          if (c < ' ') {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
