package org.deft4j.bench.accuracy;

import java.util.List;
import java.util.Map;

/**
 * A way to search that takes part in the comparison.
 *
 * @param name its line in the table
 * @param strategy the strategy's name
 * @param options the strategy's options
 * @param evaluator the evaluator's name, or {@link #NONE} where the strategy asks for none
 */
public record Entrant(String name, String strategy, Map<String, String> options, String evaluator) {
  /** In place of an evaluator's name. */
  public static final String NONE = "none";

  /** Copies the options. */
  public Entrant {
    options = Map.copyOf(options);
  }

  /** Greedy decoding, the best of eight samples, and tree of thoughts with both evaluators. */
  public static List<Entrant> standard() {
    return List.of(
        new Entrant("greedy", "greedy", Map.of(), NONE),
        new Entrant("best-of-8", "best-of-n", Map.of("width", "8"), "checker"),
        new Entrant("tot", "tot-bfs", Map.of(), "checker"),
        new Entrant("tot", "tot-bfs", Map.of(), "judge"));
  }

  /** Names the entrant in the log. */
  public String key() {
    return name + "/" + evaluator;
  }
}
