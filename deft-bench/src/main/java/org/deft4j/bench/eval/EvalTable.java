package org.deft4j.bench.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.deft4j.bench.report.Chart;
import org.deft4j.bench.report.Report;

/**
 * Rows added up: a line for each strategy and budget, and for each that searches how it stands
 * against the best baseline of the same budget, problem by problem.
 */
public final class EvalTable {
  /** The verdict where there is no interval. */
  private static final String ALONE = "one problem tells nothing";

  private final List<Line> lines;
  private final List<Comparison> comparisons;

  /**
   * A strategy at a budget.
   *
   * @param entry the strategy
   * @param budget in samples
   * @param runs problems times seeds
   * @param oracle whether the evaluator used the reference answer
   * @param solved share of selected answers that were right
   * @param low lower end of its 95 % interval over problems
   * @param high upper end
   * @param covered share of trees with a right answer
   * @param decoded mean tokens sampled
   * @param computed mean tokens computed
   * @param sent mean tokens without cache
   * @param seconds mean wall time
   * @param kvByteSeconds mean bytes of keys and values times seconds
   * @param outOfMemory runs that ended for lack of memory
   */
  public record Line(
      Entry entry,
      int budget,
      int runs,
      boolean oracle,
      double solved,
      double low,
      double high,
      double covered,
      double decoded,
      double computed,
      double sent,
      double seconds,
      double kvByteSeconds,
      long outOfMemory) {}

  /**
   * A search against the best baseline of its budget.
   *
   * @param entry the search
   * @param budget in samples
   * @param baseline what it was compared with
   * @param difference of the shares of right answers
   * @param low lower end of its 95 % interval
   * @param high upper end
   * @param verdict in words
   */
  public record Comparison(
      Entry entry,
      int budget,
      Entry baseline,
      double difference,
      double low,
      double high,
      String verdict) {}

  private EvalTable(List<Line> lines, List<Comparison> comparisons) {
    this.lines = List.copyOf(lines);
    this.comparisons = List.copyOf(comparisons);
  }

  /** The lines, by strategy and budget. */
  public List<Line> lines() {
    return lines;
  }

  /** The comparisons, by strategy and budget. */
  public List<Comparison> comparisons() {
    return comparisons;
  }

  static EvalTable of(List<EvalRow> rows, List<Entry> entries, List<Integer> budgets) {
    List<Line> lines = new ArrayList<>();
    Map<String, Map<String, Double>> solved = new LinkedHashMap<>();
    for (Entry e : entries) {
      for (int b : budgets) {
        List<EvalRow> own =
            rows.stream().filter(r -> r.entry().equals(e.key()) && r.budget() == b).toList();
        if (own.isEmpty()) {
          continue;
        }
        Map<String, Double> byProblem = byProblem(own, EvalRow::solved);
        solved.put(e.key() + "\n" + b, byProblem);
        Bootstrap.Interval share = Bootstrap.mean(array(byProblem));
        lines.add(
            new Line(
                e,
                b,
                own.size(),
                own.stream().anyMatch(EvalRow::oracle),
                share.mean(),
                share.low(),
                share.high(),
                mean(own, r -> r.covered() ? 1 : 0),
                mean(own, EvalRow::decoded),
                mean(own, EvalRow::computed),
                mean(own, EvalRow::sent),
                mean(own, EvalRow::seconds),
                mean(own, EvalRow::kvByteSeconds),
                own.stream().filter(EvalRow::outOfMemory).count()));
      }
    }
    List<Comparison> comparisons = new ArrayList<>();
    for (Line line : lines) {
      if (!line.entry().baseline()) {
        best(lines, line.budget())
            .ifPresent(b ->
                compare(
                        line.entry(),
                        line.budget(),
                        b.entry(),
                        solved.getOrDefault(line.entry().key() + "\n" + line.budget(), Map.of()),
                        solved.getOrDefault(b.entry().key() + "\n" + line.budget(), Map.of()))
                    .ifPresent(comparisons::add));
      }
    }
    return new EvalTable(lines, comparisons);
  }

  private static Map<String, Double> byProblem(List<EvalRow> rows, Predicate<EvalRow> what) {
    Map<String, double[]> sums = new TreeMap<>();
    for (EvalRow r : rows) {
      double[] s = sums.computeIfAbsent(r.problem(), _ -> new double[2]);
      s[0] += what.test(r) ? 1 : 0;
      s[1]++;
    }
    Map<String, Double> means = new TreeMap<>();
    sums.forEach((p, s) -> means.put(p, s[0] / s[1]));
    return means;
  }

  private static double[] array(Map<String, Double> map) {
    return map.values().stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double mean(List<EvalRow> rows, ToDoubleFunction<EvalRow> what) {
    return rows.stream().mapToDouble(what).average().orElse(Double.NaN);
  }

  private static Optional<Line> best(List<Line> lines, int budget) {
    return lines.stream()
        .filter(l -> l.entry().baseline() && l.budget() == budget)
        .max(java.util.Comparator.comparingDouble(Line::solved));
  }

  /** Pairs by problem; seeds of a problem are averaged first, as they are not independent of it. */
  private static Optional<Comparison> compare(
      Entry entry,
      int budget,
      Entry baseline,
      Map<String, Double> own,
      Map<String, Double> theirs) {
    double[] differences =
        own.entrySet().stream()
            .filter(e -> theirs.containsKey(e.getKey()))
            .mapToDouble(e -> e.getValue() - theirs.getOrDefault(e.getKey(), 0.0))
            .toArray();
    if (differences.length == 0) {
      return Optional.empty();
    }
    Bootstrap.Interval i = Bootstrap.mean(differences);
    String verdict =
        Double.isNaN(i.low())
            ? ALONE
            : i.above()
                ? "beats it"
                : i.below() ? "is worse than it" : "does not beat it: the interval holds 0";
    return Optional.of(
        new Comparison(entry, budget, baseline, i.mean(), i.low(), i.high(), verdict));
  }

  /** Figures in a format; nothing where the first is none. */
  private static String cell(String format, Object... values) {
    return values[0] instanceof Double d && d.isNaN()
        ? ""
        : String.format(Locale.ROOT, format, values);
  }

  /**
   * Comma-separated values, a line a strategy and budget; the interval of a single problem is left
   * empty.
   */
  public String csv() {
    StringBuilder out =
        new StringBuilder(
            "strategy,budget,runs,oracle,solved,low,high,covered,decoded,computed,sent,seconds,"
                + "kv_byte_seconds,out_of_memory\n");
    for (Line l : lines) {
      out.append(
          String.format(
              Locale.ROOT,
              "\"%s\",%d,%d,%s,%.4f,%s,%s,%.4f,%.1f,%.1f,%.1f,%.4f,%.0f,%d%n",
              l.entry().key().replace("\"", "\"\""),
              l.budget(),
              l.runs(),
              l.oracle(),
              l.solved(),
              cell("%.4f", l.low()),
              cell("%.4f", l.high()),
              l.covered(),
              l.decoded(),
              l.computed(),
              l.sent(),
              l.seconds(),
              l.kvByteSeconds(),
              l.outOfMemory()));
    }
    return out.toString();
  }

  /** A table and what it says, in Markdown. */
  public String markdown() {
    StringBuilder out =
        new StringBuilder(
            "| strategy | budget | solved | 95 % | covered | decoded | computed | s | KV MB s |\n"
                + "|---|---|---|---|---|---|---|---|---|\n");
    for (Line l : lines) {
      out.append(
          String.format(
              Locale.ROOT,
              "| %s%s | %d | %.1f %% | %s | %.1f %% | %.0f | %.0f | %.3f | %.2f |%n",
              l.entry().key(),
              l.oracle() ? " (oracle)" : "",
              l.budget(),
              100 * l.solved(),
              Double.isNaN(l.low()) ? "–" : cell("%.1f-%.1f", 100 * l.low(), 100 * l.high()),
              100 * l.covered(),
              l.decoded(),
              l.computed(),
              l.seconds(),
              l.kvByteSeconds() / 1e6));
    }
    out.append('\n');
    for (Line l : lines) {
      if (l.outOfMemory() > 0) {
        out.append(
            String.format(
                Locale.ROOT,
                "- %s at budget %d: %d of %d runs ended for lack of memory.%n",
                l.entry().key(),
                l.budget(),
                l.outOfMemory(),
                l.runs()));
      }
    }
    for (Comparison c : comparisons) {
      out.append(
          String.format(
              Locale.ROOT,
              "- %s at budget %d against %s, the best baseline: %+.1f points%s; %s.%n",
              c.entry().key(),
              c.budget(),
              c.baseline().key(),
              100 * c.difference(),
              Double.isNaN(c.low()) ? "" : cell(" [%+.1f, %+.1f]", 100 * c.low(), 100 * c.high()),
              c.verdict()));
    }
    if (comparisons.stream().anyMatch(c -> !Double.isNaN(c.low()))
        && comparisons.stream().noneMatch(c -> c.low() > 0)) {
      out.append("\nSearch did not beat the cheap baselines at any budget of this run.\n");
    }
    return out.toString();
  }

  /**
   * Adds the lines as rows, what the searches came to as {@code comparisons}, and charts of the
   * share of right answers over what was spent. The name of a run whose evaluator used the
   * reference answer says so.
   */
  public Report addTo(Report report) {
    lines.forEach(l -> report.add(row(l)));
    charts().forEach(report::add);
    comparisons.forEach(c -> report.comparison(map(c)));
    return report;
  }

  private static Map<String, Object> row(Line l) {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("strategy", l.entry().key());
    m.put("budget", l.budget());
    m.put("runs", l.runs());
    m.put("oracle", l.oracle());
    m.put("solved", l.solved());
    finite(m, "low", l.low());
    finite(m, "high", l.high());
    m.put("covered", l.covered());
    m.put("decoded", l.decoded());
    m.put("computed", l.computed());
    m.put("sent", l.sent());
    m.put("seconds", l.seconds());
    m.put("kvByteSeconds", l.kvByteSeconds());
    m.put("outOfMemory", l.outOfMemory());
    return m;
  }

  private static Map<String, Object> map(Comparison c) {
    Map<String, Object> m = new LinkedHashMap<>();
    m.put("strategy", c.entry().key());
    m.put("budget", c.budget());
    m.put("baseline", c.baseline().key());
    m.put("difference", c.difference());
    finite(m, "low", c.low());
    finite(m, "high", c.high());
    m.put("verdict", c.verdict());
    return m;
  }

  /** One problem has no interval; JSON has no NaN. */
  private static void finite(Map<String, Object> map, String key, double value) {
    if (Double.isFinite(value)) {
      map.put(key, value);
    }
  }

  /** Right answers over each kind of cost, and right answers in the tree over tokens sampled. */
  public List<Chart> charts() {
    return List.of(
        chart("solved-decoded", "right answers", "tokens sampled", Line::decoded, Line::solved),
        chart("solved-computed", "right answers", "tokens computed", Line::computed, Line::solved),
        chart("solved-seconds", "right answers", "seconds", Line::seconds, Line::solved),
        chart(
            "solved-kv",
            "right answers",
            "megabytes of keys and values times seconds",
            l -> l.kvByteSeconds() / 1e6,
            Line::solved),
        chart(
            "covered-decoded",
            "trees with a right answer",
            "tokens sampled",
            Line::decoded,
            Line::covered));
  }

  private Chart chart(
      String name, String what, String over, ToDoubleFunction<Line> x, ToDoubleFunction<Line> y) {
    Map<String, List<Line>> byEntry = new LinkedHashMap<>();
    for (Line l : lines) {
      String key = l.entry().key() + (l.oracle() ? " (oracle)" : "");
      byEntry.computeIfAbsent(key, k -> new ArrayList<>()).add(l);
    }
    List<Chart.Series> series = new ArrayList<>();
    byEntry.forEach((key, of) ->
        series.add(
            new Chart.Series(
                key,
                of.stream().map(x::applyAsDouble).toList(),
                of.stream().map(l -> 100 * y.applyAsDouble(l)).toList())));
    return new Chart(
        name,
        "Share of " + what + " over " + over,
        Chart.Kind.CURVES,
        over + ", mean of a problem",
        what + ", %",
        series);
  }
}
