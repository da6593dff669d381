package org.deft4j.engine.json;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Typed access to the fields of a JSON object that comes from a file. A field of another type, or
 * missing, is an error that names the file and the field; {@code null} counts as missing.
 */
public final class JsonObject {
  private final Map<?, ?> fields;
  private final String path;
  private final Function<String, DeftException> error;

  private JsonObject(Map<?, ?> fields, String path, Function<String, DeftException> error) {
    this.fields = fields;
    this.path = path;
    this.error = error;
  }

  /**
   * Reads a text that holds one object.
   *
   * @param error makes the exception of a message
   */
  public static JsonObject read(String text, Function<String, DeftException> error) {
    try {
      if (JsonReader.read(text) instanceof Map<?, ?> map) {
        return new JsonObject(map, "", error);
      }
    } catch (IllegalArgumentException e) {
      throw error.apply(String.valueOf(e.getMessage()));
    }
    throw error.apply("no JSON object");
  }

  /** The names of all fields, in order. */
  public List<String> names() {
    return fields.keySet().stream().map(String::valueOf).toList();
  }

  /** An error about this object. */
  public DeftException bad(String what) {
    return error.apply(path.isEmpty() ? what : "'" + path + "' " + what);
  }

  /** The value as it was read. */
  public @Nullable Object get(String name) {
    return fields.get(name);
  }

  /** Whether there is such a field, and it is not null. */
  public boolean has(String name) {
    return fields.get(name) != null;
  }

  private DeftException wrong(String name, String wanted) {
    Object v = fields.get(name);
    String field = path.isEmpty() ? name : path + "." + name;
    if (v == null) {
      return error.apply("'" + field + "' is missing");
    }
    String text = String.valueOf(v);
    return error.apply(
        "'%s' must be %s, is %s"
            .formatted(field, wanted, text.length() > 60 ? text.substring(0, 60) + "..." : text));
  }

  /** A required string. */
  public String string(String name) {
    if (fields.get(name) instanceof String s) {
      return s;
    }
    throw wrong(name, "a string");
  }

  /** A string, or {@code other} where there is none. */
  public String string(String name, String other) {
    return has(name) ? string(name) : other;
  }

  /** A required integer within bounds. */
  public int integer(String name, int min, int max) {
    if (fields.get(name) instanceof Number n
        && n.doubleValue() == Math.rint(n.doubleValue())
        && n.doubleValue() >= min
        && n.doubleValue() <= max) {
      return n.intValue();
    }
    throw wrong(name, "an integer in [" + min + ", " + max + "]");
  }

  /** An integer within bounds, or {@code other} where there is none. */
  public int integer(String name, int min, int max, int other) {
    return has(name) ? integer(name, min, max) : other;
  }

  /** A required finite number. */
  public double real(String name) {
    if (fields.get(name) instanceof Number n && Double.isFinite(n.doubleValue())) {
      return n.doubleValue();
    }
    throw wrong(name, "a finite number");
  }

  /** A finite number, or {@code other} where there is none. */
  public double real(String name, double other) {
    return has(name) ? real(name) : other;
  }

  /** A truth value, or {@code other} where there is none. */
  public boolean bool(String name, boolean other) {
    if (!has(name)) {
      return other;
    }
    if (fields.get(name) instanceof Boolean b) {
      return b;
    }
    throw wrong(name, "true or false");
  }

  /** A required list. */
  public List<?> list(String name) {
    if (fields.get(name) instanceof List<?> list) {
      return list;
    }
    throw wrong(name, "a list");
  }

  /** A required object. */
  public JsonObject object(String name) {
    if (fields.get(name) instanceof Map<?, ?> map) {
      return new JsonObject(map, path.isEmpty() ? name : path + "." + name, error);
    }
    throw wrong(name, "an object");
  }

  /** An object, or null where there is none. */
  public @Nullable JsonObject objectOrNull(String name) {
    return has(name) ? object(name) : null;
  }

  /** A required list of objects. */
  public List<JsonObject> objects(String name) {
    List<?> list = list(name);
    return java.util.stream.IntStream.range(0, list.size())
        .mapToObj(i -> {
          if (list.get(i) instanceof Map<?, ?> map) {
            String at = (path.isEmpty() ? name : path + "." + name) + "[" + i + "]";
            return new JsonObject(map, at, error);
          }
          throw wrong(name, "a list of objects");
        })
        .toList();
  }
}
