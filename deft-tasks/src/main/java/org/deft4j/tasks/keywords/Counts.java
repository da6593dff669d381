package org.deft4j.tasks.keywords;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How often each name occurs.
 *
 * @param byName counts of at least 1, sorted by name
 */
public record Counts(SortedMap<String, Integer> byName) {
  private static final Pattern OBJECT = Pattern.compile("\\{([^{}]*)}");
  private static final Pattern ITEM = Pattern.compile("(\\S.*?) (\\d{1,6})");
  private static final Pattern PAIR = Pattern.compile("\\s*\"([^\"]+)\"\\s*:\\s*(\\d{1,6})\\s*");

  /** Copies, and drops counts of nothing. */
  public Counts {
    TreeMap<String, Integer> copy = new TreeMap<>(byName);
    copy.values().removeIf(n -> n <= 0);
    byName = java.util.Collections.unmodifiableSortedMap(copy);
  }

  /**
   * Counts names in a text, as whole words, case and all. A name within a longer one is the longer
   * one alone.
   */
  public static Counts in(String text, Collection<String> names) {
    TreeMap<String, Integer> counts = new TreeMap<>();
    if (names.isEmpty()) {
      return new Counts(counts);
    }
    String any =
        names.stream()
            .sorted(Comparator.comparingInt(String::length).reversed())
            .map(Pattern::quote)
            .collect(Collectors.joining("|"));
    Matcher m = Pattern.compile("(?<!\\p{L})(?:" + any + ")(?!\\p{L})").matcher(text);
    while (m.find()) {
      counts.merge(m.group(), 1, Integer::sum);
    }
    return new Counts(counts);
  }

  /** Counts of a list of mentions. */
  public static Counts of(Collection<String> mentions) {
    TreeMap<String, Integer> counts = new TreeMap<>();
    mentions.forEach(name -> counts.merge(name, 1, Integer::sum));
    return new Counts(counts);
  }

  /**
   * Reads {@code {"Norway": 3, "Peru": 1}} out of a model's words: the last closed object.
   *
   * @return empty where there is none, or it holds anything but names with whole numbers, or a name
   *     twice
   */
  public static Optional<Counts> parse(String text) {
    Matcher object = OBJECT.matcher(text);
    String inner = null;
    while (object.find()) {
      inner = object.group(1);
    }
    if (inner == null) {
      return Optional.empty();
    }
    TreeMap<String, Integer> counts = new TreeMap<>();
    if (!inner.isBlank()) {
      for (String part : inner.split(",", -1)) {
        Matcher pair = PAIR.matcher(part);
        if (!pair.matches()
            || counts.put(pair.group(1).strip(), Integer.parseInt(pair.group(2))) != null) {
          return Optional.empty();
        }
      }
    }
    return Optional.of(new Counts(counts));
  }

  /**
   * Reads {@code Norway 3, Peru 1}.
   *
   * @return empty where a part is no name with a whole number, or a name stands there twice
   */
  public static Optional<Counts> parseList(String text) {
    TreeMap<String, Integer> counts = new TreeMap<>();
    if (!text.isBlank()) {
      for (String part : text.split(",", -1)) {
        Matcher item = ITEM.matcher(part.strip());
        if (!item.matches() || counts.put(item.group(1), Integer.parseInt(item.group(2))) != null) {
          return Optional.empty();
        }
      }
    }
    return Optional.of(new Counts(counts));
  }

  /** The counts of these names alone. */
  public Counts only(Collection<String> names) {
    TreeMap<String, Integer> own = new TreeMap<>(byName);
    own.keySet().retainAll(Set.copyOf(names));
    return new Counts(own);
  }

  /** All mentions together. */
  public int total() {
    return byName.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** Sum over all names of how far the counts lie apart: Graph of Thoughts' error. */
  public int distance(Counts other) {
    Set<String> names = new HashSet<>(byName.keySet());
    names.addAll(other.byName.keySet());
    int errors = 0;
    for (String name : names) {
      errors += Math.abs(count(byName, name) - count(other.byName, name));
    }
    return errors;
  }

  private static int count(Map<String, Integer> counts, String name) {
    return counts.getOrDefault(name, 0);
  }

  /** As {@code {"Norway": 3, "Peru": 1}}. */
  @Override
  public String toString() {
    return byName.entrySet().stream()
        .map(e -> "\"" + e.getKey() + "\": " + e.getValue())
        .collect(Collectors.joining(", ", "{", "}"));
  }
}
