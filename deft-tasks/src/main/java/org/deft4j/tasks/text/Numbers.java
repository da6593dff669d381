package org.deft4j.tasks.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Lists of whole numbers as tasks write them: {@code [3, 1, 2]}. */
public final class Numbers {
  private Numbers() {}

  /**
   * Reads a list; blanks are free, and the brackets may be left out.
   *
   * @throws IllegalArgumentException saying in one line what is wrong
   */
  public static List<Integer> parse(String text) {
    String inner = text.strip();
    if (inner.startsWith("[") != inner.endsWith("]") || inner.isEmpty()) {
      throw new IllegalArgumentException("'" + shorten(text) + "' is no list like [3, 1, 2]");
    }
    if (inner.startsWith("[")) {
      inner = inner.length() < 2 ? "" : inner.substring(1, inner.length() - 1);
    }
    List<Integer> values = new ArrayList<>();
    if (inner.isBlank()) {
      return values;
    }
    for (String part : inner.split(",", -1)) {
      try {
        values.add(Integer.parseInt(part.strip()));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "'" + shorten(part.strip()) + "' in the list is no number; write [3, 1, 2]", e);
      }
    }
    return values;
  }

  /** The first closed list in a model's words, brackets included. */
  public static Optional<String> find(String text) {
    int close = text.indexOf(']');
    int open = close < 0 ? -1 : text.lastIndexOf('[', close);
    return open < 0 ? Optional.empty() : Optional.of(text.substring(open, close + 1));
  }

  /** As {@code [3, 1, 2]}. */
  public static String write(List<Integer> values) {
    return values.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
  }

  /** The first line of a text, cut to what fits a message. */
  public static String shorten(String text) {
    String line = text.lines().findFirst().orElse("");
    return line.length() > 40 ? line.substring(0, 40) + "..." : line;
  }
}
