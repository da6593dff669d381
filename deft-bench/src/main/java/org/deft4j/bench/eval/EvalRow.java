package org.deft4j.bench.eval;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deft4j.bench.rows.RowLog;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.jspecify.annotations.Nullable;

/**
 * What came of one problem at one budget with one seed.
 *
 * @param entry key of the {@link Entry}
 * @param budget in samples
 * @param seed of all sampling
 * @param problem the problem's place in the list and its id
 * @param solved whether the selected answer was right
 * @param covered whether any answer in the tree was
 * @param oracle whether the evaluator used the reference answer
 * @param decoded tokens sampled, evaluators' included
 * @param computed those, and tokens of prompts computed
 * @param sent those, and tokens of prompts that were found in the cache
 * @param seconds wall time
 * @param kvByteSeconds bytes of keys and values times seconds
 * @param stopped id of the {@link StopReason}; empty where there was no search, or the log is older
 */
record EvalRow(
    String entry,
    int budget,
    long seed,
    String problem,
    boolean solved,
    boolean covered,
    boolean oracle,
    long decoded,
    long computed,
    long sent,
    double seconds,
    double kvByteSeconds,
    String stopped) {
  static final RowLog.Form<EvalRow> FORM =
      new RowLog.Form<>(EvalRow::key, EvalRow::toMap, EvalRow::read);

  static EvalRow of(
      String entry, int budget, long seed, String problem, boolean oracle, SearchResult r) {
    long decoded = r.tokens().decoded() + r.tokens().evaluator();
    long computed = decoded + r.tokens().prefilled();
    return new EvalRow(
        entry,
        budget,
        seed,
        problem,
        r.solved(),
        r.covered(),
        oracle,
        decoded,
        computed,
        computed + r.tokens().reused(),
        r.seconds(),
        r.kvByteSeconds(),
        r.stopped().id());
  }

  /** Of a problem that the model does not take: not solved, and nothing spent. */
  static EvalRow failed(String entry, int budget, long seed, String problem, boolean oracle) {
    return new EvalRow(entry, budget, seed, problem, false, false, oracle, 0, 0, 0, 0, 0, "");
  }

  /** Whether the search ended for lack of memory: what it might have found with more is unknown. */
  boolean outOfMemory() {
    return stopped.equals(StopReason.MEMORY.id());
  }

  String key() {
    return key(entry, budget, seed, problem);
  }

  static String key(String entry, int budget, long seed, String problem) {
    return entry + "\n" + budget + "\n" + seed + "\n" + problem;
  }

  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("strategy", entry);
    map.put("budget", budget);
    map.put("seed", seed);
    map.put("problem", problem);
    map.put("solved", solved);
    map.put("covered", covered);
    map.put("oracle", oracle);
    map.put("decoded", decoded);
    map.put("computed", computed);
    map.put("sent", sent);
    map.put("seconds", seconds);
    map.put("kvByteSeconds", kvByteSeconds);
    map.put("stopped", stopped);
    return map;
  }

  /**
   * From a line of the log.
   *
   * @throws ClassCastException or {@link NullPointerException} for a line that is none
   */
  static EvalRow read(Map<?, ?> m) {
    return new EvalRow(
        (String) value(m, "strategy"),
        ((Number) value(m, "budget")).intValue(),
        ((Number) value(m, "seed")).longValue(),
        (String) value(m, "problem"),
        (Boolean) value(m, "solved"),
        (Boolean) value(m, "covered"),
        (Boolean) value(m, "oracle"),
        ((Number) value(m, "decoded")).longValue(),
        ((Number) value(m, "computed")).longValue(),
        ((Number) value(m, "sent")).longValue(),
        ((Number) value(m, "seconds")).doubleValue(),
        ((Number) value(m, "kvByteSeconds")).doubleValue(),
        m.get("stopped") instanceof String s ? s : "");
  }

  private static Object value(Map<?, ?> map, String name) {
    @Nullable Object value = map.get(name);
    if (value == null) {
      throw new IllegalArgumentException("a row without " + name);
    }
    return value;
  }
}
