package org.deft4j.bench.accuracy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the rows of a log add up to, a line for each data file and entrant.
 *
 * @param lines in the order of files and entrants
 */
public record AccuracyTable(List<Line> lines) {
  /** Copies the list. */
  public AccuracyTable {
    lines = List.copyOf(lines);
  }

  /**
   * One entrant on one file.
   *
   * @param data the file's name
   * @param entrant the entrant
   * @param problems how many problems
   * @param solved how many of them were solved exactly
   * @param meanError mean of the task's error measure
   * @param meanTokens tokens sampled a problem
   * @param meanSeconds seconds a problem
   * @param maxSeconds seconds of the slowest problem
   */
  public record Line(
      String data,
      Entrant entrant,
      int problems,
      int solved,
      double meanError,
      double meanTokens,
      double meanSeconds,
      double maxSeconds) {}

  static AccuracyTable of(List<AccuracyRow> rows, List<String> files, List<Entrant> entrants) {
    List<Line> lines = new ArrayList<>();
    for (String file : files) {
      for (Entrant entrant : entrants) {
        List<AccuracyRow> own =
            rows.stream()
                .filter(r -> r.data().equals(file) && r.entrant().equals(entrant.key()))
                .toList();
        if (!own.isEmpty()) {
          lines.add(
              new Line(
                  file,
                  entrant,
                  own.size(),
                  (int) own.stream().filter(AccuracyRow::solved).count(),
                  own.stream().mapToDouble(AccuracyRow::error).average().orElse(0),
                  own.stream().mapToLong(AccuracyRow::tokens).average().orElse(0),
                  own.stream().mapToDouble(AccuracyRow::seconds).average().orElse(0),
                  own.stream().mapToDouble(AccuracyRow::seconds).max().orElse(0)));
        }
      }
    }
    return new AccuracyTable(lines);
  }

  /** As Markdown. */
  public String markdown() {
    StringBuilder out = new StringBuilder();
    out.append("| problems | method | evaluator | exact | mean error | tokens a problem |");
    out.append(" seconds a problem | slowest |\n");
    out.append("|---|---|---|---:|---:|---:|---:|---:|\n");
    for (Line l : lines) {
      out.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %.0f %% of %d | %.2f | %,.0f | %.2f | %.2f |%n",
              l.data(),
              l.entrant().name(),
              l.entrant().evaluator(),
              100.0 * l.solved() / l.problems(),
              l.problems(),
              l.meanError(),
              l.meanTokens(),
              l.meanSeconds(),
              l.maxSeconds()));
    }
    return out.toString();
  }

  /** For {@code JsonWriter}. */
  public Map<String, Object> toMap() {
    List<Object> list = new ArrayList<>();
    for (Line l : lines) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("data", l.data());
      map.put("method", l.entrant().name());
      map.put("strategy", l.entrant().strategy());
      map.put("options", l.entrant().options());
      map.put("evaluator", l.entrant().evaluator());
      map.put("problems", l.problems());
      map.put("exact", l.solved());
      map.put("meanError", l.meanError());
      map.put("meanTokens", l.meanTokens());
      map.put("meanSeconds", l.meanSeconds());
      map.put("maxSeconds", l.maxSeconds());
      list.add(map);
    }
    return Map.of("lines", list);
  }
}
