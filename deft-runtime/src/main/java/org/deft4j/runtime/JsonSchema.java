package org.deft4j.runtime;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.tree.constrain.Grammar;
import org.jspecify.annotations.Nullable;

/**
 * A shortcut from JSON schemas to grammars: the documents that a schema allows, written without
 * spaces but one after each colon and comma, if the model likes, and with properties in the
 * schema's order.
 *
 * <p>Understood are {@code type} (one or several), {@code properties}, {@code required}, {@code
 * items}, {@code minItems}, {@code maxItems}, {@code minLength}, {@code maxLength}, {@code enum},
 * {@code const}, {@code anyOf}, {@code oneOf}, {@code $ref} into {@code $defs} or {@code
 * definitions}. Objects have no other properties than the named ones. {@code title}, {@code
 * description}, {@code $schema}, {@code default} and {@code examples} say nothing about the text;
 * any other keyword is an error, so that nothing is promised that does not hold.
 */
public final class JsonSchema {
  private static final Set<String> SILENT =
      Set.of(
          "title",
          "description",
          "$schema",
          "$id",
          "default",
          "examples",
          "$defs",
          "definitions",
          "additionalProperties");

  private static final String BASE =
      """
      string ::= "\\"" char* "\\""
      char ::= [^"\\\\\\x00-\\x1f] | "\\\\" (["\\\\/bfnrt] | "u" hex hex hex hex)
      hex ::= [0-9a-fA-F]
      integer ::= "-"? ("0" | [1-9] [0-9]*)
      number ::= integer ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
      boolean ::= "true" | "false"
      null ::= "null"
      colon ::= ":" " "?
      comma ::= "," " "?
      """;

  private final Map<?, ?> root;
  private final Map<String, String> rules = new LinkedHashMap<>();

  private JsonSchema(Map<?, ?> root) {
    this.root = root;
  }

  /**
   * The grammar of a schema.
   *
   * @param schema a JSON text
   * @throws IllegalArgumentException saying what is wrong or not understood
   */
  public static Grammar grammar(String schema) {
    return Grammar.gbnf(gbnf(schema));
  }

  /** The same as a text of rules. */
  public static String gbnf(String schema) {
    if (!(JsonReader.read(schema) instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException("a JSON schema is an object");
    }
    JsonSchema s = new JsonSchema(map);
    StringBuilder out = new StringBuilder("root ::= " + s.rule(map, "#") + "\n");
    s.rules.forEach((name, body) -> out.append(name).append(" ::= ").append(body).append('\n'));
    return out.append(BASE).toString();
  }

  private String rule(@Nullable Object schema, String where) {
    if (!(schema instanceof Map<?, ?> map)) {
      throw new IllegalArgumentException("JSON schema, " + where + ": an object must stand here");
    }
    if (map.containsKey("$ref")) {
      return reference(map.get("$ref"), where);
    }
    if (map.containsKey("const")) {
      only(map, where, "const", "type");
      return literal(JsonWriter.line(map.get("const")));
    }
    if (map.containsKey("enum")) {
      only(map, where, "enum", "type");
      return ways(list(map, "enum", where).stream().map(v -> literal(JsonWriter.line(v))).toList());
    }
    for (String any : List.of("anyOf", "oneOf")) {
      if (map.containsKey(any)) {
        only(map, where, any);
        List<String> ways = new ArrayList<>();
        for (Object o : list(map, any, where)) {
          ways.add(rule(o, where + "/" + any));
        }
        return ways(ways);
      }
    }
    Object type = map.get("type");
    if (type instanceof List<?> several) {
      List<String> ways = new ArrayList<>();
      for (Object t : several) {
        Map<Object, Object> one = new LinkedHashMap<>(map);
        one.put("type", t);
        ways.add(typed(one, t, where));
      }
      return ways(ways);
    }
    return typed(map, type, where);
  }

  private String typed(Map<?, ?> map, @Nullable Object type, String where) {
    return switch (type instanceof String s ? s : "") {
      case "object" -> object(map, where);
      case "array" -> array(map, where);
      case "string" -> {
        only(map, where, "type", "minLength", "maxLength");
        if (!map.containsKey("minLength") && !map.containsKey("maxLength")) {
          yield "string";
        }
        yield "(\"\\\"\" char" + bounds(map, "minLength", "maxLength", where) + " \"\\\"\")";
      }
      case "integer", "number", "boolean", "null" -> {
        only(map, where, "type");
        yield String.valueOf(type);
      }
      default ->
          throw new IllegalArgumentException(
              "JSON schema, "
                  + where
                  + ": the type "
                  + JsonWriter.line(type)
                  + " is not understood");
    };
  }

  private String object(Map<?, ?> map, String where) {
    only(map, where, "type", "properties", "required");
    if (Boolean.TRUE.equals(map.get("additionalProperties"))) {
      throw new IllegalArgumentException(
          "JSON schema, " + where + ": other properties than the named ones are not supported");
    }
    Map<?, ?> properties = map.get("properties") instanceof Map<?, ?> p ? p : Map.of();
    List<?> required = map.containsKey("required") ? list(map, "required", where) : List.of();
    List<String> parts = new ArrayList<>();
    List<Boolean> needed = new ArrayList<>();
    for (Map.Entry<?, ?> e : properties.entrySet()) {
      parts.add(
          literal(JsonWriter.line(e.getKey()))
              + " colon "
              + rule(e.getValue(), where + "/properties/" + e.getKey()));
      needed.add(required.contains(e.getKey()));
    }
    if (parts.isEmpty()) {
      return "\"{}\"";
    }
    // From the last: what may follow once a property was written, and while none was.
    String after = "";
    String before = "";
    for (int i = parts.size() - 1; i >= 0; i--) {
      String here = name();
      rules.put(here, parts.get(i));
      String rest = "comma " + here + (after.isEmpty() ? "" : " " + after);
      String first = here + (after.isEmpty() ? "" : " " + after);
      String nextAfter = name();
      rules.put(
          nextAfter,
          needed.get(i) ? rest : after.isEmpty() ? "(" + rest + ")?" : rest + " | " + after);
      String nextBefore = name();
      rules.put(
          nextBefore, needed.get(i) ? first : first + " | " + (before.isEmpty() ? "\"\"" : before));
      after = nextAfter;
      before = nextBefore;
    }
    return "(\"{\" " + before + " \"}\")";
  }

  private String array(Map<?, ?> map, String where) {
    only(map, where, "type", "items", "minItems", "maxItems");
    if (!map.containsKey("items")) {
      throw new IllegalArgumentException("JSON schema, " + where + ": an array needs 'items'");
    }
    String item = rule(map.get("items"), where + "/items");
    long min = bound(map, "minItems", where, 0);
    long max = bound(map, "maxItems", where, -1);
    if (max == 0) {
      return "\"[]\"";
    }
    String more = "{" + Math.max(0, min - 1) + "," + (max < 0 ? "" : String.valueOf(max - 1)) + "}";
    String some = item + " (comma " + item + ")" + more;
    return "(\"[\" " + (min == 0 ? "(" + some + ")?" : some) + " \"]\")";
  }

  private String reference(@Nullable Object ref, String where) {
    String path = ref instanceof String s ? s : "";
    if (path.equals("#")) {
      return "root";
    }
    String[] steps = path.split("/");
    if (steps.length != 3
        || !steps[0].equals("#")
        || !(root.get(steps[1]) instanceof Map<?, ?> defs)
        || !defs.containsKey(steps[2])) {
      throw new IllegalArgumentException(
          "JSON schema, "
              + where
              + ": $ref must name an entry of $defs or definitions, was "
              + ref);
    }
    String name = "d-" + Integer.toHexString(path.hashCode());
    if (!rules.containsKey(name)) {
      rules.put(name, "\"\"");
      rules.put(name, rule(defs.get(steps[2]), path));
    }
    return name;
  }

  private String name() {
    String name = "r-" + rules.size();
    rules.put(name, "\"\"");
    return name;
  }

  private static String bounds(Map<?, ?> map, String min, String max, String where) {
    long most = bound(map, max, where, -1);
    return "{" + bound(map, min, where, 0) + "," + (most < 0 ? "" : String.valueOf(most)) + "}";
  }

  private static long bound(Map<?, ?> map, String key, String where, long otherwise) {
    Object value = map.get(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Long n && n >= 0 && n < 100_000) {
      return n;
    }
    throw new IllegalArgumentException("JSON schema, " + where + ": " + key + " was " + value);
  }

  private static void only(Map<?, ?> map, String where, String... known) {
    for (Object key : map.keySet()) {
      if (!List.of(known).contains(key) && !SILENT.contains(key)) {
        throw new IllegalArgumentException(
            "JSON schema, " + where + ": the keyword '" + key + "' is not understood here");
      }
    }
  }

  private static List<?> list(Map<?, ?> map, String key, String where) {
    if (map.get(key) instanceof List<?> l && (!l.isEmpty() || key.equals("required"))) {
      return l;
    }
    throw new IllegalArgumentException(
        "JSON schema, " + where + ": " + key + " must be a list with entries");
  }

  private static String ways(List<String> ways) {
    return "(" + String.join(" | ", ways) + ")";
  }

  private static String literal(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }
}
