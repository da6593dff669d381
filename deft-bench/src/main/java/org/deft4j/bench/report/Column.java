package org.deft4j.bench.report;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A column of a printed table.
 *
 * @param key of the values in a report's rows
 * @param title at its head
 * @param format of numbers as in {@link String#format}, for instance {@code %.1f}; empty for texts,
 *     which stand on the left
 */
public record Column(String key, String title, String format) {
  /** A column of texts. */
  public static Column text(String key, String title) {
    return new Column(key, title, "");
  }

  /** A column of numbers. */
  public static Column number(String key, String title, String format) {
    return new Column(key, title, format);
  }

  /** A value as it is printed; what was not measured is a dash. */
  String print(@Nullable Object value) {
    return switch (value) {
      case null -> "-";
      case Double d when !Double.isFinite(d) -> "-";
      case Number n when !format.isEmpty() -> String.format(Locale.ROOT, format, n);
      default -> value.toString();
    };
  }
}
