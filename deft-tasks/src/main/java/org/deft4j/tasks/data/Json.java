package org.deft4j.tasks.data;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.tree.DeftException;

/**
 * Problem files in JSON: lists, objects and strings; numbers, booleans and null are kept as the
 * text that they are written with. Strict but for that; the depth of nesting is bounded.
 */
public final class Json {
  private static final int MAX_DEPTH = 32;
  private static final Pattern STRING =
      Pattern.compile("\"((?:[^\"\\\\\\x00-\\x1f]|\\\\(?:[\"\\\\/bfnrt]|u[0-9a-fA-F]{4}))*+)\"");
  private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))");
  private static final Pattern BARE =
      Pattern.compile("-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][-+]?\\d+)?|true|false|null");
  private static final Pattern SPACE = Pattern.compile("[ \\t\\r\\n]*+");

  private final Matcher at;
  private int depth;

  /** What was taken last: the only group of the pattern, or all of it. */
  private String token = "";

  private Json(String text) {
    at = SPACE.matcher(text);
    take(SPACE);
  }

  /**
   * Reads a file in UTF-8.
   *
   * @return a list, a map from names, or a text
   * @throws DeftException with exit code 2, naming file and line
   */
  public static Object read(Path file) {
    return parse(text(file), file, 1);
  }

  /**
   * The text of a file in UTF-8.
   *
   * @throws DeftException with exit code 2, naming it
   */
  public static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new DeftException(DeftException.USAGE, "no file " + file, e);
    } catch (CharacterCodingException e) {
      throw new DeftException(DeftException.USAGE, file + " is not UTF-8 text", e);
    } catch (IOException e) {
      throw new DeftException(DeftException.USAGE, "cannot read " + file + ": " + e, e);
    }
  }

  /**
   * Reads one value.
   *
   * @param line of the file on which the text begins, for messages
   */
  public static Object parse(String text, Path file, int line) {
    Json json = new Json(text);
    try {
      Object value = json.value();
      if (json.at.regionStart() < text.length()) {
        throw new IllegalArgumentException("has text after its value");
      }
      return value;
    } catch (IllegalArgumentException e) {
      long lines = text.substring(0, json.at.regionStart()).chars().filter(c -> c == '\n').count();
      throw new DeftException(
          DeftException.USAGE, file + " line " + (line + lines) + " " + e.getMessage(), e);
    }
  }

  /** A value that must be a list. */
  public static List<?> list(Object value, Path file, String where) {
    if (value instanceof List<?> list) {
      return list;
    }
    throw new DeftException(DeftException.USAGE, file + " " + where + " is no list");
  }

  /** A value that must be a list of texts. */
  public static List<String> texts(Object value, Path file, String where) {
    List<String> texts = new ArrayList<>();
    for (Object o : list(value, file, where)) {
      if (!(o instanceof String s)) {
        throw new DeftException(DeftException.USAGE, file + " " + where + " holds no texts");
      }
      texts.add(s);
    }
    return texts;
  }

  private boolean take(Pattern p) {
    at.usePattern(p);
    boolean found = at.lookingAt();
    if (found) {
      token = at.group(at.groupCount());
      at.region(at.end(), at.regionEnd());
    }
    return found;
  }

  private boolean take(char c) {
    boolean found = take(Pattern.compile(Pattern.quote("" + c)));
    if (found) {
      take(SPACE);
    }
    return found;
  }

  private Object value() {
    if (++depth > MAX_DEPTH) {
      throw new IllegalArgumentException("is nested too deeply");
    }
    Object value = take('[') ? items() : take('{') ? fields() : plain();
    depth--;
    return value;
  }

  private List<Object> items() {
    List<Object> items = new ArrayList<>();
    if (take(']')) {
      return items;
    }
    do {
      items.add(value());
    } while (take(','));
    expect(']');
    return items;
  }

  private Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (take('}')) {
      return fields;
    }
    do {
      String name = string();
      expect(':');
      fields.put(name, value());
    } while (take(','));
    expect('}');
    return fields;
  }

  private String plain() {
    if (take(BARE)) {
      String text = token;
      take(SPACE);
      return text;
    }
    return string();
  }

  private String string() {
    if (!take(STRING)) {
      throw new IllegalArgumentException("is no JSON: a value is missing or broken");
    }
    String text = ESCAPE.matcher(token).replaceAll(Json::unescaped);
    take(SPACE);
    return text;
  }

  private static String unescaped(java.util.regex.MatchResult m) {
    if (m.group(1) != null) {
      return Matcher.quoteReplacement("" + (char) Integer.parseInt(m.group(1), 16));
    }
    String c = Objects.requireNonNull(m.group(2));
    return Matcher.quoteReplacement(
        switch (c) {
          case "b" -> "\b";
          case "f" -> "\f";
          case "n" -> "\n";
          case "r" -> "\r";
          case "t" -> "\t";
          default -> c;
        });
  }

  private void expect(char c) {
    if (!take(c)) {
      throw new IllegalArgumentException("is no JSON: '" + c + "' is missing");
    }
  }
}
