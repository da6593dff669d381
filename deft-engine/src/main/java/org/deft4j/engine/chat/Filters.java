package org.deft4j.engine.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Jinja's filters, those that chat templates use. */
final class Filters {
  /** Answers a test by its name. */
  @FunctionalInterface
  interface Tester {
    /** Whether the test holds. */
    boolean test(String name, Object value, List<Object> arguments, int line);
  }

  private final Methods methods = new Methods();
  private final Tester tester;

  Filters(Tester tester) {
    this.tester = tester;
  }

  Object apply(String name, Object v, List<Object> a, Map<String, Object> named, int line) {
    if (!named.isEmpty()
        && !List.of("tojson", "map", "indent", "join", "default", "sort", "dictsort")
            .contains(name)) {
      throw new TemplateException(
          line, "the filter '" + name + "' with named arguments is not supported");
    }
    return switch (name) {
      case "trim" ->
          Methods.strip(
              Values.text(v), a.isEmpty() ? null : Methods.string(a, 0, line), true, true);
      case "tojson" -> json(v, a, named, line);
      case "length", "count" -> length(v, line);
      case "upper" -> Values.text(v).toUpperCase(Locale.ROOT);
      case "lower" -> Values.text(v).toLowerCase(Locale.ROOT);
      case "title" -> title(Values.text(v));
      case "capitalize" -> capitalize(Values.text(v));
      case "string" -> Values.text(v);
      case "safe" -> v;
      case "list" -> List.copyOf(Methods.items(v, line));
      case "first" -> edge(v, true, line);
      case "last" -> edge(v, false, line);
      case "reverse" -> reversed(v, line);
      case "join" -> join(v, a, named, line);
      case "replace" -> replace(Values.text(v), a, line);
      case "default", "d" -> {
        boolean falseToo =
            Values.truth(a.size() > 1 ? a.get(1) : named.getOrDefault("boolean", false));
        boolean missing = v instanceof Values.Undefined || (falseToo && !Values.truth(v));
        yield missing ? a.isEmpty() ? named.getOrDefault("default_value", "") : a.getFirst() : v;
      }
      case "items" -> v instanceof Map<?, ?> map ? Methods.pairs(map) : needs("a dict", v, line);
      case "dictsort" -> {
        if (!(v instanceof Map<?, ?> map) || !a.isEmpty() || !named.isEmpty()) {
          yield needs("a dict alone", v, line);
        }
        List<Object> pairs = new ArrayList<>(Methods.pairs(map));
        pairs.sort((x, y) ->
            Values.compare(
                lowered(((List<?>) x).getFirst()), lowered(((List<?>) y).getFirst()), line));
        yield pairs;
      }
      case "map" -> map(v, a, named, line);
      case "select" -> select(v, a, false, true, line);
      case "reject" -> select(v, a, false, false, line);
      case "selectattr" -> select(v, a, true, true, line);
      case "rejectattr" -> select(v, a, true, false, line);
      case "unique" -> {
        List<Object> out = new ArrayList<>();
        for (Object x : Methods.items(v, line)) {
          if (!Methods.contains(out, x, line)) {
            out.add(x);
          }
        }
        yield out;
      }
      case "indent" -> indent(Values.text(v), a, named, line);
      case "int" -> integer(v, a);
      case "float" -> real(v);
      case "abs" ->
          switch (v) {
            case Long n -> Math.abs(n);
            case Double d -> Math.abs(d);
            default -> needs("a number", v, line);
          };
      default -> throw new TemplateException(line, "the filter '" + name + "' is not supported");
    };
  }

  private static Object lowered(Object v) {
    return v instanceof String s ? s.toLowerCase(Locale.ROOT) : v;
  }

  private static Object needs(String what, Object v, int line) {
    throw new TemplateException(line, what + " is needed where " + Values.kind(v) + " stands");
  }

  private static Object json(Object v, List<Object> a, Map<String, Object> named, int line) {
    for (String name : named.keySet()) {
      if (!List.of("indent", "ensure_ascii").contains(name)) {
        throw new TemplateException(line, "tojson with '" + name + "' is not supported");
      }
    }
    if (Values.truth(named.getOrDefault("ensure_ascii", false))) {
      throw new TemplateException(line, "tojson with ensure_ascii is not supported");
    }
    Object indent = a.isEmpty() ? named.getOrDefault("indent", Values.NONE) : a.getFirst();
    return Values.json(v, indent instanceof Long n ? Math.clamp(n, 0, 64) : -1, line);
  }

  private static Object length(Object v, int line) {
    return switch (v) {
      case String s -> (long) s.codePointCount(0, s.length());
      case Map<?, ?> map -> (long) map.size();
      case List<?> list -> (long) list.size();
      case Values.Undefined _ -> 0L;
      default -> needs("something with a length", v, line);
    };
  }

  private static Object edge(Object v, boolean first, int line) {
    List<?> items = Methods.items(v, line);
    return items.isEmpty()
        ? new Values.Undefined(first ? "first" : "last")
        : first ? items.getFirst() : items.getLast();
  }

  private static Object reversed(Object v, int line) {
    if (v instanceof String s) {
      return new StringBuilder(s).reverse().toString();
    }
    List<Object> out = new ArrayList<>(Methods.items(v, line));
    Collections.reverse(out);
    return out;
  }

  private Object join(Object v, List<Object> a, Map<String, Object> named, int line) {
    String by = a.isEmpty() ? Values.text(named.getOrDefault("d", "")) : Values.text(a.getFirst());
    Object attribute = a.size() > 1 ? a.get(1) : named.get("attribute");
    List<String> parts = new ArrayList<>();
    long length = 0;
    for (Object x : Methods.items(v, line)) {
      String part = Values.text(attribute instanceof String n ? methods.attribute(x, n, line) : x);
      length += part.length() + by.length();
      Values.requireLength(length, line);
      parts.add(part);
    }
    return String.join(by, parts);
  }

  static Object replace(String s, List<Object> a, int line) {
    String from = Methods.string(a, 0, line);
    String to = Methods.string(a, 1, line);
    if (from.isEmpty() || a.size() > 2) {
      throw new TemplateException(line, "such a replacement is not supported");
    }
    Values.requireLength((long) s.length() / from.length() * to.length(), line);
    return s.replace(from, to);
  }

  private Object map(Object v, List<Object> a, Map<String, Object> named, int line) {
    List<Object> out = new ArrayList<>();
    Object attribute = named.get("attribute");
    for (Object x : Methods.items(v, line)) {
      if (attribute instanceof String n) {
        Object found = methods.attribute(x, n, line);
        out.add(found instanceof Values.Undefined ? named.getOrDefault("default", found) : found);
      } else {
        List<Object> rest = a.subList(1, a.size());
        out.add(apply(Methods.string(a, 0, line), x, rest, new LinkedHashMap<>(), line));
      }
    }
    return out;
  }

  private Object select(Object v, List<Object> a, boolean attribute, boolean keep, int line) {
    List<Object> out = new ArrayList<>();
    int first = attribute ? 1 : 0;
    for (Object x : Methods.items(v, line)) {
      Object subject = attribute ? methods.attribute(x, Methods.string(a, 0, line), line) : x;
      boolean holds =
          a.size() > first
              ? tester.test(
                  testName(Methods.string(a, first, line)),
                  subject,
                  a.subList(first + 1, a.size()),
                  line)
              : Values.truth(subject);
      if (holds == keep) {
        out.add(x);
      }
    }
    return out;
  }

  private static String testName(String name) {
    return name.equals("==") ? "eq" : name.equals("!=") ? "ne" : name;
  }

  static String title(String s) {
    StringBuilder out = new StringBuilder();
    boolean begin = true;
    for (int c : s.codePoints().toArray()) {
      out.appendCodePoint(begin ? Character.toTitleCase(c) : Character.toLowerCase(c));
      begin = !Character.isLetter(c);
    }
    return out.toString();
  }

  static String capitalize(String s) {
    if (s.isEmpty()) {
      return s;
    }
    int first = s.codePointAt(0);
    return Character.toString(Character.toTitleCase(first))
        + s.substring(Character.charCount(first)).toLowerCase(Locale.ROOT);
  }

  private static Object indent(String s, List<Object> a, Map<String, Object> named, int line) {
    Object width = a.isEmpty() ? named.getOrDefault("width", 4L) : a.getFirst();
    boolean first = Values.truth(a.size() > 1 ? a.get(1) : named.getOrDefault("first", false));
    boolean blank = Values.truth(a.size() > 2 ? a.get(2) : named.getOrDefault("blank", false));
    String pad =
        switch (width) {
          case Long n -> " ".repeat((int) Math.clamp(n, 0, 1000));
          case String t -> t;
          default -> throw new TemplateException(line, "an indent of " + Values.kind(width));
        };
    String[] lines = s.split("\n", -1);
    Values.requireLength(s.length() + (long) lines.length * pad.length(), line);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < lines.length; i++) {
      out.append(i > 0 ? "\n" : "");
      boolean indents = i > 0 ? blank || !lines[i].isEmpty() : first;
      out.append(indents ? pad : "").append(lines[i]);
    }
    return out.toString();
  }

  private static Object integer(Object v, List<Object> a) {
    return switch (v) {
      case Long n -> n;
      case Double d -> d.longValue();
      case Boolean b -> b ? 1L : 0L;
      case String s when s.strip().matches("[-+]?\\d{1,18}") -> Long.valueOf(s.strip());
      default -> a.isEmpty() ? 0L : a.getFirst();
    };
  }

  private static Object real(Object v) {
    return switch (v) {
      case Number n -> n.doubleValue();
      case String s when s.strip().matches("[-+]?\\d{1,18}(\\.\\d{1,18})?") ->
          Double.valueOf(s.strip());
      default -> 0.0;
    };
  }
}
