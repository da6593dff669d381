package org.deft4j.tasks.sorting;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A list of digits 0 to 9, as a value.
 *
 * @param values the digits in order
 */
public record Digits(List<Integer> values) {
  /** Checks and copies. */
  public Digits {
    values = List.copyOf(values);
    for (int i = 0; i < values.size(); i++) {
      if (values.get(i) < 0 || values.get(i) > 9) {
        throw new IllegalArgumentException(
            "number " + (i + 1) + " is " + values.get(i) + "; sorting takes digits 0 to 9");
      }
    }
  }

  /**
   * Reads {@code [3, 1, 2]}; blanks are free, and the brackets may be left out.
   *
   * @throws IllegalArgumentException saying in one line what is wrong
   */
  public static Digits parse(String text) {
    String inner = text.strip();
    if (inner.startsWith("[") != inner.endsWith("]") || inner.isEmpty()) {
      throw new IllegalArgumentException("'" + shorten(text) + "' is no list like [3, 1, 2]");
    }
    if (inner.startsWith("[")) {
      inner = inner.substring(1, inner.length() - 1);
    }
    List<Integer> values = new ArrayList<>();
    if (inner.isBlank()) {
      return new Digits(values);
    }
    for (String part : inner.split(",", -1)) {
      try {
        values.add(Integer.parseInt(part.strip()));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "'" + shorten(part.strip()) + "' in the list is no number; write [3, 1, 2]", e);
      }
    }
    return new Digits(values);
  }

  private static String shorten(String text) {
    String line = text.lines().findFirst().orElse("");
    return line.length() > 40 ? line.substring(0, 40) + "..." : line;
  }

  /** How many there are. */
  public int size() {
    return values.size();
  }

  /** The same digits in ascending order. */
  public Digits sorted() {
    return new Digits(values.stream().sorted().toList());
  }

  /**
   * Errors of an answer, as Graph of Thoughts counts them (Besta et al., 2024): for each digit the
   * difference of its counts, and the adjacent pairs of the answer that descend.
   */
  public int errorsOf(Digits answer) {
    int[] counts = new int[10];
    values.forEach(d -> counts[d]++);
    answer.values.forEach(d -> counts[d]--);
    int errors = 0;
    for (int count : counts) {
      errors += Math.abs(count);
    }
    for (int i = 1; i < answer.size(); i++) {
      errors += answer.values.get(i - 1) > answer.values.get(i) ? 1 : 0;
    }
    return errors;
  }

  /** As {@code [3, 1, 2]}. */
  @Override
  public String toString() {
    return values.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
  }
}
