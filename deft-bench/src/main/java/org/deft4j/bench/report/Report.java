package org.deft4j.bench.report;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The results of one run of a benchmark: where it ran, with which settings, rows of values and, for
 * charts, series.
 */
public final class Report {
  /** Version of the JSON document; raised when a field changes its meaning or goes. */
  public static final int VERSION = 1;

  /** Marks a document of this format. */
  public static final String FORMAT = "deft-bench";

  private final String benchmark;
  private final Instant date = Instant.now().truncatedTo(ChronoUnit.SECONDS);
  private final Map<String, Object> machine = new LinkedHashMap<>();
  private final Map<String, Object> settings = new LinkedHashMap<>();
  private final List<Map<String, Object>> rows = new ArrayList<>();
  private final List<Chart> charts = new ArrayList<>();
  private final List<Map<String, Object>> comparisons = new ArrayList<>();

  /**
   * An empty report.
   *
   * @param benchmark its name behind {@code deft bench}
   */
  public Report(String benchmark) {
    this.benchmark = benchmark;
    machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    machine.put("processors", Runtime.getRuntime().availableProcessors());
    machine.put("java", Runtime.version().toString());
  }

  /** Says something about the machine, for instance its device. */
  public Report machine(String key, Object value) {
    machine.put(key, value);
    return this;
  }

  /** Says how the benchmark was set. */
  public Report setting(String key, Object value) {
    settings.put(key, value);
    return this;
  }

  /** Adds a row of texts, numbers and nulls. */
  public void add(Map<String, ? extends @Nullable Object> row) {
    Map<String, Object> copy = new LinkedHashMap<>();
    row.forEach((k, v) -> {
      if (v != null) {
        copy.put(k, v);
      }
    });
    rows.add(copy);
  }

  /** Adds a chart. */
  public void add(Chart chart) {
    charts.add(chart);
  }

  /** Adds what came of setting one row against another. */
  public void comparison(Map<String, Object> row) {
    comparisons.add(new LinkedHashMap<>(row));
  }

  /** The rows so far. */
  public List<Map<String, Object>> rows() {
    return List.copyOf(rows);
  }

  /** The document for {@code JsonWriter}. */
  public Map<String, Object> toMap() {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("format", FORMAT);
    document.put("version", VERSION);
    document.put("benchmark", benchmark);
    document.put("date", date.toString());
    document.put("machine", machine);
    document.put("settings", settings);
    document.put("rows", rows);
    if (!comparisons.isEmpty()) {
      document.put("comparisons", comparisons);
    }
    document.put("charts", charts.stream().map(Chart::toMap).toList());
    return document;
  }

  /** The rows as CSV (RFC 4180): a header of all keys, then a line a row. */
  public String csv() {
    Set<String> keys = new LinkedHashSet<>();
    rows.forEach(r -> keys.addAll(r.keySet()));
    StringBuilder out = new StringBuilder();
    out.append(keys.stream().map(Report::field).collect(Collectors.joining(","))).append("\r\n");
    for (Map<String, Object> row : rows) {
      out.append(keys.stream().map(k -> field(row.get(k))).collect(Collectors.joining(",")));
      out.append("\r\n");
    }
    return out.toString();
  }

  private static String field(@Nullable Object value) {
    if (value == null || value instanceof Double d && !Double.isFinite(d)) {
      return "";
    }
    String s = value.toString();
    return s.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r')
        ? '"' + s.replace("\"", "\"\"") + '"'
        : s;
  }

  /** The head of a Markdown table. */
  public static String head(Collection<Column> columns) {
    StringBuilder out = new StringBuilder("|");
    columns.forEach(c -> out.append(' ').append(c.title()).append(" |"));
    out.append("\n|");
    columns.forEach(c -> out.append(c.format().isEmpty() ? "---|" : "--:|"));
    return out.append('\n').toString();
  }

  /** A row of a Markdown table. */
  public static String line(Collection<Column> columns, Map<String, ?> row) {
    StringBuilder out = new StringBuilder("|");
    columns.forEach(c -> out.append(' ').append(c.print(row.get(c.key()))).append(" |"));
    return out.append('\n').toString();
  }
}
