package org.deft4j.cli.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.cli.report.SearchLog.Node;
import org.jspecify.annotations.Nullable;

/** Thoughts as columns: ten thousand of them as objects would be mostly field names. */
final class Columns {
  private final Map<String, Integer> stages = new LinkedHashMap<>();
  private final Map<String, Integer> sources = new LinkedHashMap<>();
  private final Map<String, List<@Nullable Object>> columns = new LinkedHashMap<>();

  Columns(Collection<Node> nodes) {
    for (Node n : nodes) {
      put("ordinal", n.ordinal);
      put("parent", n.parent);
      put("depth", n.depth);
      put("stage", index(stages, n.stage));
      put("text", n.text);
      put("state", n.state.ordinal());
      // Mostly the text itself.
      put("says", n.says.equals(n.text.strip()) ? null : n.says);
      put("tokens", n.tokens);
      put("logProb", Double.isNaN(n.logProb) ? null : Timeline.rounded(n.logProb));
      put("score", Double.isNaN(n.score) ? null : n.score);
      put("source", index(sources, n.source));
      put("solved", n.solved ? 1 : 0);
      put("pruned", n.pruned ? 1 : 0);
      put("why", n.why);
      put("at", Timeline.rounded(n.at));
    }
  }

  private static int index(Map<String, Integer> names, String name) {
    return names.computeIfAbsent(name, _ -> names.size());
  }

  private void put(String column, @Nullable Object value) {
    columns.computeIfAbsent(column, _ -> new ArrayList<>()).add(value);
  }

  List<String> stages() {
    return List.copyOf(stages.keySet());
  }

  List<String> sources() {
    return List.copyOf(sources.keySet());
  }

  Map<String, List<@Nullable Object>> columns() {
    return columns;
  }
}
