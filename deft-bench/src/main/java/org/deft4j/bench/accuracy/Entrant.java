package org.deft4j.bench.accuracy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A way to search that takes part in the comparison.
 *
 * @param name its line in the table
 * @param strategy the strategy's name
 * @param options the strategy's options, beside those that the problem suggests
 * @param evaluator the evaluator's name, or {@link #NONE} where the strategy asks for none
 */
public record Entrant(String name, String strategy, Map<String, String> options, String evaluator) {
  /** In place of an evaluator's name. */
  public static final String NONE = "none";

  /** Copies the options. */
  public Entrant {
    options = Map.copyOf(options);
  }

  /**
   * Greedy decoding, and the best of eight samples and tree of thoughts with each of these
   * evaluators.
   *
   * @param evaluators the task's own first; best-of-8 has that one alone
   */
  public static List<Entrant> standard(List<String> evaluators) {
    List<Entrant> all = new ArrayList<>();
    all.add(new Entrant("greedy", "greedy", Map.of(), NONE));
    all.add(new Entrant("best-of-8", "best-of-n", Map.of("width", "8"), evaluators.getFirst()));
    for (String evaluator : evaluators) {
      all.add(new Entrant("tot", "tot-bfs", Map.of(), evaluator));
    }
    return all;
  }

  /** How a user names it: name and evaluator. */
  public String label() {
    return name + "/" + evaluator;
  }

  /** Names it with all its settings, in the log. */
  public String key() {
    StringBuilder key = new StringBuilder(label());
    new TreeMap<>(options).forEach((k, v) -> key.append(':').append(k).append('=').append(v));
    return key.toString();
  }
}
