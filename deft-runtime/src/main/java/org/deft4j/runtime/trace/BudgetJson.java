package org.deft4j.runtime.trace;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deft4j.search.budget.SearchBudget;

/** Budgets as JSON objects that name only the limits that are set. */
final class BudgetJson {
  private BudgetJson() {}

  static Map<String, Object> write(SearchBudget b) {
    Map<String, Object> map = new LinkedHashMap<>();
    put(map, "decodeTokens", b.decodeTokens());
    put(map, "evaluatorTokens", b.evaluatorTokens());
    put(map, "prefillTokens", b.prefillTokens());
    put(map, "nodes", b.nodes());
    put(map, "depth", b.depth());
    put(map, "kvBytes", b.kvBytes());
    if (!b.time().equals(SearchBudget.UNLIMITED.time())) {
      map.put("seconds", b.time().toNanos() / 1e9);
    }
    if (b.soft() != 1) {
      map.put("soft", b.soft());
    }
    return map;
  }

  private static void put(Map<String, Object> map, String name, long limit) {
    if (limit != Long.MAX_VALUE) {
      map.put(name, limit);
    }
  }

  static SearchBudget read(Fields f) {
    SearchBudget none = SearchBudget.UNLIMITED;
    return new SearchBudget(
        f.integer("decodeTokens", none.decodeTokens()),
        f.integer("evaluatorTokens", none.evaluatorTokens()),
        f.integer("prefillTokens", none.prefillTokens()),
        f.integer("nodes", none.nodes()),
        f.integer("depth", none.depth()),
        f.integer("kvBytes", none.kvBytes()),
        f.has("seconds") ? Duration.ofNanos((long) (f.number("seconds") * 1e9)) : none.time(),
        f.has("soft") ? f.number("soft") : none.soft());
  }
}
