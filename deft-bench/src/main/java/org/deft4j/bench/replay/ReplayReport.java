package org.deft4j.bench.replay;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.deft4j.bench.report.Chart;
import org.deft4j.bench.report.Column;
import org.deft4j.bench.report.Report;
import org.deft4j.tree.plan.AttentionMethod;
import org.jspecify.annotations.Nullable;

/** The DeFT paper's tables and series of a replay: rows and charts of a {@link Report}. */
public final class ReplayReport {
  /** What a terminal shows of a row. */
  public static final List<Column> COLUMNS =
      List.of(
          Column.text("recording", "recording"),
          Column.number("prompt", "prompt", "%d"),
          Column.number("steps", "steps", "%d"),
          Column.text("attention", "method"),
          Column.number("tokensDecoded", "rows", "%.0f"),
          Column.number("attentionMillis", "attention ms", "%.1f"),
          Column.number("stepMillis", "steps ms", "%.0f"),
          Column.number("millisPerStep", "ms a step", "%.3f"),
          Column.number("attentionSpeedup", "attention x", "%.2f"),
          Column.number("speedup", "steps x", "%.2f"),
          Column.number("kvGigabytes", "KV GB a layer", "%.2f"),
          Column.number("ioGigabytes", "IO GB a layer", "%.2f"),
          Column.text("note", "note"));

  private static final int BIN = 100;

  private final Report report;
  private final List<Group> groups = new ArrayList<>();

  /** The runs of one recording at one prompt length. */
  private record Group(Recording recording, int prompt, List<MethodRun> runs) {
    String label() {
      return recording.name() + "-" + recording.record() + "-prompt-" + prompt;
    }
  }

  /** A report to fill. */
  public ReplayReport(Report report) {
    this.report = report;
  }

  /**
   * Adds all methods' runs of a recording at one prompt length.
   *
   * @return their rows; speedups are over {@code sequence}, or {@code radix} where that is missing
   */
  public List<Map<String, Object>> add(List<MethodRun> runs) {
    MethodRun first = runs.getFirst();
    groups.add(new Group(first.recording(), first.prompt(), List.copyOf(runs)));
    MethodRun base = base(runs);
    List<Map<String, Object>> rows = new ArrayList<>();
    for (MethodRun r : runs) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("recording", r.recording().name());
      row.put("record", r.recording().record());
      row.put("prompt", r.prompt());
      row.put("steps", r.steps());
      row.put("attention", r.method().label());
      row.put("stepsMeasured", r.samples().size());
      if (r.failure().isEmpty() && !r.samples().isEmpty()) {
        row.put("tokensDecoded", r.rows());
        row.put("attentionMillis", r.attentionMillis());
        putUnlessNaN(row, "stepMillis", r.stepMillis());
        row.put("millisPerStep", r.millis() / r.steps());
        if (base != null) {
          row.put("base", base.method().label());
          row.put("attentionSpeedup", base.attentionMillis() / r.attentionMillis());
          putUnlessNaN(row, "speedup", base.stepMillis() / r.stepMillis());
        }
        row.put("kvGigabytes", r.kvGigabytes());
        row.put("ioGigabytes", r.ioGigabytes());
        row.put("note", "");
      } else {
        row.put("note", r.failure().isEmpty() ? "nothing decodes" : r.failure());
      }
      report.add(row);
      rows.add(row);
    }
    return rows;
  }

  /** What speedups are over. */
  private static @Nullable MethodRun base(List<MethodRun> runs) {
    for (AttentionMethod m : List.of(AttentionMethod.SEQUENCE, AttentionMethod.RADIX)) {
      for (MethodRun r : runs) {
        if (r.method() == m && !r.samples().isEmpty()) {
          return r;
        }
      }
    }
    return null;
  }

  private static void putUnlessNaN(Map<String, Object> row, String key, double value) {
    if (!Double.isNaN(value)) {
      row.put(key, value);
    }
  }

  /** Adds the charts of all runs: by iteration, thought lengths, speedups. */
  public void addCharts() {
    for (Group g : groups) {
      if (g.runs.stream().anyMatch(r -> !Double.isNaN(r.stepMillis()))) {
        iterations("latency", "ms a step", g, s -> s.stepMicros() / 1e3);
      }
      iterations("attention", "attention, ms a step", g, s -> s.attentionMicros() / 1e3);
    }
    Map<String, Recording> recordings = new LinkedHashMap<>();
    groups.forEach(
        g -> recordings.putIfAbsent(g.recording.name() + "-" + g.recording.record(), g.recording));
    recordings.forEach(this::thoughts);
    speedups("speedup-attention", "Attention", MethodRun::attentionMillis);
    speedups("speedup-steps", "Whole steps", MethodRun::stepMillis);
  }

  private void iterations(String name, String yTitle, Group g, ToDoubleFunction<StepSample> value) {
    List<Chart.Series> series = new ArrayList<>();
    for (MethodRun r : g.runs) {
      List<StepSample> samples =
          r.samples().stream().filter(s -> Double.isFinite(value.applyAsDouble(s))).toList();
      if (!samples.isEmpty()) {
        series.add(
            new Chart.Series(
                r.method().label(),
                samples.stream().map(StepSample::step).toList(),
                samples.stream().map(value::applyAsDouble).toList()));
      }
    }
    if (!series.isEmpty()) {
      report.add(
          new Chart(
              name + "-" + g.label(),
              g.recording.name() + ", prompt " + g.prompt,
              Chart.Kind.LINES,
              "iteration",
              yTitle,
              series));
    }
  }

  private void thoughts(String label, Recording recording) {
    List<Integer> lengths = recording.thoughtLengths();
    if (lengths.isEmpty()) {
      return;
    }
    TreeMap<Integer, Integer> bins = new TreeMap<>();
    int width = lengths.stream().mapToInt(n -> n).max().orElse(0) <= 2 * BIN ? BIN / 10 : BIN;
    lengths.forEach(n -> bins.merge(n / width, 1, Integer::sum));
    List<String> x = new ArrayList<>();
    List<Integer> y = new ArrayList<>();
    for (int b = 0; b <= bins.lastKey(); b++) {
      x.add(b * width + "-" + ((b + 1) * width - 1));
      y.add(bins.getOrDefault(b, 0));
    }
    report.add(
        new Chart(
            "thoughts-" + label,
            recording.name() + ": lengths of thoughts",
            Chart.Kind.BARS,
            "tokens",
            "thoughts",
            List.of(new Chart.Series(recording.name(), x, y))));
  }

  private void speedups(String name, String what, ToDoubleFunction<MethodRun> millis) {
    Map<AttentionMethod, Map<String, Double>> bars = new LinkedHashMap<>();
    for (Group g : groups) {
      MethodRun base = base(g.runs);
      for (MethodRun r : g.runs) {
        double x = base == null ? Double.NaN : millis.applyAsDouble(base) / millis.applyAsDouble(r);
        if (Double.isFinite(x)) {
          bars.computeIfAbsent(r.method(), _ -> new LinkedHashMap<>())
              .put(g.recording.name() + " " + g.prompt, x);
        }
      }
    }
    List<Chart.Series> series = new ArrayList<>();
    bars.forEach((m, by) ->
        series.add(
            new Chart.Series(m.label(), List.copyOf(by.keySet()), List.copyOf(by.values()))));
    if (!series.isEmpty()) {
      report.add(
          new Chart(
              name,
              what + ": times as fast as sequence (where it did not run, radix)",
              Chart.Kind.BARS,
              "recording and prompt",
              "times",
              series));
    }
  }
}
