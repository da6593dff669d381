package org.deft4j.bench.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A strategy to compare, with its evaluator and settings.
 *
 * @param strategy the strategy's name
 * @param evaluator the evaluator's name; empty for the task's own
 * @param options of the strategy
 */
public record Entry(String strategy, String evaluator, Map<String, String> options) {
  /** Strategies that spend no thought on where to spend: what search has to beat. */
  public static final List<String> BASELINES =
      List.of("greedy", "best-of-n", "weighted-best-of-n", "self-consistency", "retry", "warming");

  /** Copies the map. */
  public Entry {
    options = Map.copyOf(options);
  }

  /**
   * Reads {@code STRATEGY[/EVALUATOR][:NAME=VALUE]...}.
   *
   * @throws IllegalArgumentException for another text
   */
  public static Entry parse(String text) {
    String[] parts = text.split(":", -1);
    String[] names = parts[0].split("/", -1);
    if (names.length > 2 || names[0].isEmpty() || names.length == 2 && names[1].isEmpty()) {
      throw bad(text);
    }
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 1; i < parts.length; i++) {
      int at = parts[i].indexOf('=');
      if (at < 1) {
        throw bad(text);
      }
      options.put(parts[i].substring(0, at), parts[i].substring(at + 1));
    }
    return new Entry(names[0], names.length == 2 ? names[1] : "", options);
  }

  private static IllegalArgumentException bad(String text) {
    return new IllegalArgumentException(
        "a strategy is written NAME, NAME/EVALUATOR or NAME:option=value, was '" + text + "'");
  }

  /** Whether it is one of {@link #BASELINES}. */
  public boolean baseline() {
    return BASELINES.contains(strategy);
  }

  /** The text that {@link #parse} reads, options by name. */
  public String key() {
    List<String> parts = new ArrayList<>();
    parts.add(strategy + (evaluator.isEmpty() ? "" : "/" + evaluator));
    new java.util.TreeMap<>(options).forEach((k, v) -> parts.add(k + "=" + v));
    return String.join(":", parts);
  }
}
