package org.deft4j.bench.accuracy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.deft4j.bench.rows.RowLog;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Verdict;

/**
 * One problem solved, or not, by one entrant.
 *
 * @param data name of the data file
 * @param problem the problem's id within it
 * @param entrant the entrant's {@linkplain Entrant#key key}
 * @param solved whether the answer is right
 * @param error the task's measure of what is wrong
 * @param failure why the model could not be asked at all; empty where it was
 * @param answer what it answered; empty for nothing
 * @param tokens tokens sampled, for thoughts and by evaluators
 * @param prefilled tokens of prompts and questions that were computed
 * @param seconds wall time
 */
public record AccuracyRow(
    String data,
    String problem,
    String entrant,
    boolean solved,
    double error,
    String failure,
    String answer,
    long tokens,
    long prefilled,
    double seconds) {
  static final RowLog.Form<AccuracyRow> FORM =
      new RowLog.Form<>(AccuracyRow::key, AccuracyRow::toMap, AccuracyRow::read);

  static AccuracyRow of(String data, Entrant entrant, SearchResult r) {
    return new AccuracyRow(
        data,
        r.problem().id(),
        entrant.key(),
        r.solved(),
        r.grade().error(),
        "",
        r.answer().orElse(""),
        r.tokens().decoded() + r.tokens().evaluator(),
        r.tokens().prefilled(),
        Math.rint(r.seconds() * 1e6) / 1e6);
  }

  /** Of a problem that the model does not take: as wrong as no answer. */
  static AccuracyRow failed(String data, Problem problem, Entrant entrant, String why) {
    Verdict none = problem.grade(Optional.empty());
    return new AccuracyRow(
        data, problem.id(), entrant.key(), none.solved(), none.error(), why, "", 0, 0, 0);
  }

  /** What the row is about: no two rows of a log share it. */
  public String key() {
    return key(data, problem, entrant);
  }

  static String key(String data, String problem, String entrant) {
    return data + "\n" + problem + "\n" + entrant;
  }

  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("data", data);
    map.put("problem", problem);
    map.put("entrant", entrant);
    map.put("solved", solved);
    map.put("error", error);
    map.put("failure", failure);
    map.put("answer", answer);
    map.put("tokens", tokens);
    map.put("prefilled", prefilled);
    map.put("seconds", seconds);
    return map;
  }

  /**
   * From a line of the log.
   *
   * @throws IllegalArgumentException or {@link ClassCastException} for a line that is none
   */
  static AccuracyRow read(Map<?, ?> m) {
    return new AccuracyRow(
        (String) value(m, "data"),
        (String) value(m, "problem"),
        (String) value(m, "entrant"),
        (Boolean) value(m, "solved"),
        ((Number) value(m, "error")).doubleValue(),
        (String) value(m, "failure"),
        (String) value(m, "answer"),
        ((Number) value(m, "tokens")).longValue(),
        ((Number) value(m, "prefilled")).longValue(),
        ((Number) value(m, "seconds")).doubleValue());
  }

  private static Object value(Map<?, ?> map, String name) {
    Object value = map.get(name);
    if (value == null) {
      throw new IllegalArgumentException("a row without " + name);
    }
    return value;
  }
}
