package org.deft4j.engine.chat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Attributes, methods, subscripts and slices of values, as Python has them. */
final class Methods {
  /** What can be walked: a list's items, a dict's keys, a text's characters. */
  static List<?> items(Object v, int line) {
    return switch (v) {
      case List<?> list -> list;
      case Map<?, ?> map -> List.copyOf(map.keySet());
      case String s -> s.codePoints().mapToObj(Character::toString).toList();
      case Values.Undefined _ -> List.of();
      default -> throw new TemplateException(line, Values.kind(v) + " cannot be walked");
    };
  }

  static boolean contains(Object container, Object item, int line) {
    return switch (container) {
      case String s when item instanceof String part -> s.contains(part);
      case List<?> list -> list.stream().anyMatch(x -> Values.equal(x, item));
      case Map<?, ?> map -> map.containsKey(item);
      case Values.Undefined _ -> false;
      default ->
          throw new TemplateException(
              line, Values.kind(item) + " cannot be in " + Values.kind(container));
    };
  }

  /** An attribute; of a dict its entry, of other values their methods. */
  Object attribute(Object of, String name, int line) {
    return switch (of) {
      case Values.Namespace ns -> or(ns.attributes().get(name), name);
      case Map<?, ?> map -> {
        Values.Function method = mapMethod(map, name);
        Object entry = map.get(name);
        yield method != null ? method : or(entry, name);
      }
      case String s -> {
        Values.Function method = stringMethod(s, name);
        yield method != null ? method : new Values.Undefined(name);
      }
      case List<?> list -> {
        Values.Function method = listMethod(list, name);
        yield method != null ? method : new Values.Undefined(name);
      }
      case Values.Undefined u ->
          throw new TemplateException(
              line, "'" + u.name() + "' is undefined, so it has no '" + name + "'");
      default -> new Values.Undefined(name);
    };
  }

  private static Object or(@Nullable Object value, String name) {
    return value == null ? new Values.Undefined(name) : value;
  }

  Object index(Object of, Object index, int line) {
    return switch (of) {
      case Map<?, ?> map -> {
        Object v = map.get(index);
        yield v != null
            ? v
            : index instanceof String name ? attribute(of, name, line) : or(null, "entry");
      }
      case List<?> list when index instanceof Long i -> {
        long at = i < 0 ? i + list.size() : i;
        yield at < 0 || at >= list.size() ? or(null, "item " + i) : (Object) list.get((int) at);
      }
      case String s when index instanceof Long i -> {
        int[] points = s.codePoints().toArray();
        long at = i < 0 ? i + points.length : i;
        yield at < 0 || at >= points.length
            ? or(null, "character " + i)
            : Character.toString(points[(int) at]);
      }
      default -> {
        if (index instanceof String name) {
          yield attribute(of, name, line);
        }
        throw new TemplateException(
            line, Values.kind(of) + " cannot be indexed by " + Values.kind(index));
      }
    };
  }

  Object slice(
      Object of, @Nullable Object from, @Nullable Object to, @Nullable Object by, int line) {
    List<?> list =
        switch (of) {
          case List<?> l -> l;
          case String s -> items(s, line);
          default -> throw new TemplateException(line, Values.kind(of) + " cannot be sliced");
        };
    long step = number(by, 1, line);
    if (step == 0) {
      throw new TemplateException(line, "a slice by steps of 0");
    }
    int n = list.size();
    long lo = bound(number(from, step > 0 ? 0 : n - 1L, line), from != null, n, step);
    long hi = bound(number(to, step > 0 ? n : -1L, line), to != null, n, step);
    List<Object> out = new ArrayList<>();
    for (long i = lo; step > 0 ? i < hi : i > hi; i += step) {
      out.add(list.get((int) i));
    }
    if (of instanceof String) {
      StringBuilder s = new StringBuilder();
      out.forEach(s::append);
      return s.toString();
    }
    return out;
  }

  private static long number(@Nullable Object v, long other, int line) {
    return switch (v) {
      case null -> other;
      case Long n -> n;
      default -> throw new TemplateException(line, "a slice to " + Values.kind(v));
    };
  }

  private static long bound(long given, boolean explicit, int n, long step) {
    if (!explicit) {
      return given;
    }
    long v = given < 0 ? given + n : given;
    return step > 0 ? Math.clamp(v, 0, n) : Math.clamp(v, -1, n - 1L);
  }

  private static Values.@Nullable Function mapMethod(Map<?, ?> map, String name) {
    return switch (name) {
      case "items" -> (a, k, line) -> pairs(map);
      case "keys" -> (a, k, line) -> List.copyOf(map.keySet());
      case "values" -> (a, k, line) -> List.copyOf(map.values());
      case "get" ->
          (a, k, line) -> {
            Object v = a.isEmpty() ? null : map.get(a.getFirst());
            return v != null ? v : a.size() > 1 ? a.get(1) : Values.NONE;
          };
      default -> null;
    };
  }

  static List<Object> pairs(Map<?, ?> map) {
    List<Object> out = new ArrayList<>();
    map.forEach((k, v) -> out.add(List.of(k, v)));
    return out;
  }

  private static Values.@Nullable Function listMethod(List<?> list, String name) {
    return switch (name) {
      case "index" ->
          (a, k, line) -> {
            for (int i = 0; i < list.size(); i++) {
              if (Values.equal(list.get(i), a.getFirst())) {
                return (long) i;
              }
            }
            throw new TemplateException(line, Values.repr(a.getFirst()) + " is not in the list");
          };
      case "count" ->
          (a, k, line) -> list.stream().filter(x -> Values.equal(x, a.getFirst())).count();
      case "append", "insert", "pop", "extend", "remove", "sort", "reverse", "clear" ->
          (a, k, line) -> {
            throw new TemplateException(line, "changing a list ('" + name + "') is not supported");
          };
      default -> null;
    };
  }

  private static Values.@Nullable Function stringMethod(String s, String name) {
    return switch (name) {
      case "strip" -> (a, k, line) -> strip(s, characters(a, line), true, true);
      case "lstrip" -> (a, k, line) -> strip(s, characters(a, line), true, false);
      case "rstrip" -> (a, k, line) -> strip(s, characters(a, line), false, true);
      case "upper" -> (a, k, line) -> s.toUpperCase(Locale.ROOT);
      case "lower" -> (a, k, line) -> s.toLowerCase(Locale.ROOT);
      case "title" -> (a, k, line) -> Filters.title(s);
      case "capitalize" -> (a, k, line) -> Filters.capitalize(s);
      case "startswith" -> (a, k, line) -> any(a, line, s::startsWith);
      case "endswith" -> (a, k, line) -> any(a, line, s::endsWith);
      case "split" -> (a, k, line) -> split(s, a, k, line);
      case "splitlines" -> (a, k, line) -> s.lines().map(x -> (Object) x).toList();
      case "replace" -> (a, k, line) -> Filters.replace(s, a, line);
      case "find" -> (a, k, line) -> (long) s.indexOf(string(a, 0, line));
      case "count" ->
          (a, k, line) ->
              (long) (s.split(java.util.regex.Pattern.quote(string(a, 0, line)), -1).length - 1);
      case "join" ->
          (a, k, line) ->
              new Filters((n, v, b, l) -> false)
                  .apply("join", a.getFirst(), List.of(s), Map.of(), line);
      case "isdigit" -> (a, k, line) -> !s.isEmpty() && s.codePoints().allMatch(Character::isDigit);
      case "isupper" ->
          (a, k, line) ->
              s.equals(s.toUpperCase(Locale.ROOT)) && !s.equals(s.toLowerCase(Locale.ROOT));
      case "removeprefix" ->
          (a, k, line) ->
              s.startsWith(string(a, 0, line)) ? s.substring(string(a, 0, line).length()) : s;
      case "removesuffix" ->
          (a, k, line) -> {
            String end = string(a, 0, line);
            return s.endsWith(end) ? s.substring(0, s.length() - end.length()) : s;
          };
      default -> null;
    };
  }

  private static boolean any(
      List<Object> arguments, int line, java.util.function.Predicate<String> test) {
    if (!arguments.isEmpty() && arguments.getFirst() instanceof List<?> several) {
      return several.stream().anyMatch(x -> x instanceof String t && test.test(t));
    }
    return test.test(string(arguments, 0, line));
  }

  static String string(List<Object> arguments, int i, int line) {
    if (i < arguments.size() && arguments.get(i) instanceof String s) {
      return s;
    }
    throw new TemplateException(line, "a string is needed as argument " + (i + 1));
  }

  private static @Nullable String characters(List<Object> a, int line) {
    return a.isEmpty() || a.getFirst() == Values.NONE ? null : string(a, 0, line);
  }

  /** Strips white space, or any of the given characters. */
  static String strip(String s, @Nullable String characters, boolean left, boolean right) {
    int from = 0;
    int to = s.length();
    while (left && from < to && strips(s.charAt(from), characters)) {
      from++;
    }
    while (right && to > from && strips(s.charAt(to - 1), characters)) {
      to--;
    }
    return s.substring(from, to);
  }

  private static boolean strips(char c, @Nullable String characters) {
    return characters != null
        ? characters.indexOf(c) >= 0
        : Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  private static Object split(String s, List<Object> a, Map<String, Object> named, int line) {
    long most = -1;
    Object limit = a.size() > 1 ? a.get(1) : named.get("maxsplit");
    if (limit instanceof Long n) {
      most = n;
    }
    Object separator = a.isEmpty() ? named.getOrDefault("sep", Values.NONE) : a.getFirst();
    if (separator == Values.NONE) {
      if (most >= 0) {
        throw new TemplateException(line, "split at white space with a limit is not supported");
      }
      String t = strip(s, null, true, true);
      return t.isEmpty()
          ? List.of()
          : Arrays.stream(t.split("(?U)\\s+")).map(x -> (Object) x).toList();
    }
    if (!(separator instanceof String by) || by.isEmpty()) {
      throw new TemplateException(line, "split needs a separator that is not empty");
    }
    List<Object> out = new ArrayList<>();
    int from = 0;
    for (int at = s.indexOf(by); at >= 0 && out.size() != most; at = s.indexOf(by, from)) {
      out.add(s.substring(from, at));
      from = at + by.length();
    }
    out.add(s.substring(from));
    return out;
  }
}
