package org.deft4j.search.spi;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Named options as texts, read with their types. Every error is an {@link IllegalArgumentException}
 * whose message names the option and its bad value.
 */
public final class Options {
  private static final Options NONE = new Options(Map.of());

  private final Map<String, String> values;

  private Options(Map<String, String> values) {
    this.values = new TreeMap<>(values);
  }

  /** No options: every default holds. */
  public static Options none() {
    return NONE;
  }

  /** Options by name. */
  public static Options of(Map<String, String> values) {
    return new Options(values);
  }

  /** These options and one more, which wins over an earlier one of its name. */
  public Options with(String name, String value) {
    Map<String, String> more = new TreeMap<>(values);
    more.put(name, value);
    return new Options(more);
  }

  /** These options, and those of {@code defaults} that are not among them. */
  public Options orElse(Map<String, String> defaults) {
    Map<String, String> all = new TreeMap<>(defaults);
    all.putAll(values);
    return new Options(all);
  }

  /** Whether the option was given. */
  public boolean has(String name) {
    return values.containsKey(name);
  }

  /** The options given, by name. */
  public Map<String, String> asMap() {
    return Map.copyOf(values);
  }

  /**
   * Refuses options that nobody reads.
   *
   * @param owner what the options are for, as in {@code strategy beam}
   * @param known what it understands
   */
  public Options requireKnown(String owner, List<OptionSpec> known) {
    List<String> names = known.stream().map(OptionSpec::name).toList();
    for (String name : values.keySet()) {
      if (!names.contains(name)) {
        throw new IllegalArgumentException(
            owner
                + " has no option '"
                + name
                + "'; it has "
                + (names.isEmpty() ? "none" : String.join(", ", names)));
      }
    }
    return this;
  }

  /** A text. */
  public String text(String name, String otherwise) {
    String value = values.get(name);
    return value == null ? otherwise : value;
  }

  /** An integer of at least {@code least}. */
  public int integer(String name, int otherwise, int least) {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    int n;
    try {
      n = Integer.parseInt(value.strip());
    } catch (NumberFormatException e) {
      throw bad(name, value, "an integer", e);
    }
    if (n < least) {
      throw bad(name, value, "at least " + least, null);
    }
    return n;
  }

  /** A number between two bounds, both allowed. */
  public double number(String name, double otherwise, double least, double most) {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    double x;
    try {
      x = Double.parseDouble(value.strip());
    } catch (NumberFormatException e) {
      throw bad(name, value, "a number", e);
    }
    if (!(x >= least && x <= most)) {
      throw bad(name, value, "in " + least + ".." + most, null);
    }
    return x;
  }

  /** {@code true} or {@code false}. */
  public boolean flag(String name, boolean otherwise) {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    return switch (value.strip().toLowerCase(Locale.ROOT)) {
      case "true", "yes", "on" -> true;
      case "false", "no", "off" -> false;
      default -> throw bad(name, value, "true or false", null);
    };
  }

  /** One of the constants of an enum, written in any case and with {@code -} for {@code _}. */
  public <E extends Enum<E>> E choice(String name, E otherwise, Class<E> type) {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    StringBuilder all = new StringBuilder();
    for (E e : type.getEnumConstants()) {
      String spelling = e.name().toLowerCase(Locale.ROOT).replace('_', '-');
      if (spelling.equals(value.strip().toLowerCase(Locale.ROOT))) {
        return e;
      }
      all.append(all.isEmpty() ? "" : ", ").append(spelling);
    }
    throw bad(name, value, "one of " + all, null);
  }

  private static IllegalArgumentException bad(
      String name, String value, String rule, @Nullable Exception cause) {
    return new IllegalArgumentException(
        "option " + name + " must be " + rule + ", was '" + value + "'", cause);
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
