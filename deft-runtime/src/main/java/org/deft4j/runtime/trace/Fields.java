package org.deft4j.runtime.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a JSON object, read with their types.
 *
 * <p>Every error is an {@link IllegalArgumentException} that names the field.
 *
 * @param map the object
 */
record Fields(Map<?, ?> map) {
  static Fields of(@Nullable Object value) {
    if (value instanceof Map<?, ?> m) {
      return new Fields(m);
    }
    throw new IllegalArgumentException("an object must stand here");
  }

  boolean has(String name) {
    return map.get(name) != null;
  }

  String text(String name) {
    return value(name, String.class, "a text");
  }

  String text(String name, String otherwise) {
    return has(name) ? text(name) : otherwise;
  }

  boolean flag(String name) {
    return value(name, Boolean.class, "true or false");
  }

  boolean flag(String name, boolean otherwise) {
    return has(name) ? flag(name) : otherwise;
  }

  long integer(String name) {
    return value(name, Long.class, "an integer");
  }

  long integer(String name, long otherwise) {
    return has(name) ? integer(name) : otherwise;
  }

  int small(String name) {
    return Math.toIntExact(integer(name));
  }

  /** A number; NaN where it is null, as JSON has none. */
  double number(String name) {
    if (map.containsKey(name) && map.get(name) == null) {
      return Double.NaN;
    }
    return value(name, Number.class, "a number").doubleValue();
  }

  Fields object(String name) {
    return new Fields(value(name, Map.class, "an object"));
  }

  List<?> list(String name) {
    return value(name, List.class, "a list");
  }

  List<Long> integers(String name) {
    List<Long> all = new ArrayList<>();
    for (Object o : list(name)) {
      if (!(o instanceof Long n)) {
        throw new IllegalArgumentException(name + " must hold integers");
      }
      all.add(n);
    }
    return all;
  }

  Map<String, String> texts(String name) {
    Map<String, String> all = new TreeMap<>();
    if (has(name)) {
      object(name)
          .map()
          .forEach((k, v) -> {
            if (!(v instanceof String text)) {
              throw new IllegalArgumentException(name + " must hold texts");
            }
            all.put((String) k, text);
          });
    }
    return all;
  }

  private <T> T value(String name, Class<T> type, String what) {
    Object value = map.get(name);
    if (!type.isInstance(value)) {
      throw new IllegalArgumentException(
          value == null ? "the field " + name + " is missing" : name + " must be " + what);
    }
    return type.cast(value);
  }
}
