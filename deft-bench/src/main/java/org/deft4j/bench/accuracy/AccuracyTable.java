package org.deft4j.bench.accuracy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the rows of a log add up to.
 *
 * @param lines one for each data file and entrant, in their order
 * @param merges how good merges of documents are
 * @param sizes how long the problems are for the model
 * @param texts the merges themselves
 */
public record AccuracyTable(
    List<Line> lines, List<MergeLine> merges, List<Size> sizes, List<MergeText> texts) {
  /** Copies lists. */
  public AccuracyTable {
    lines = List.copyOf(lines);
    merges = List.copyOf(merges);
    sizes = List.copyOf(sizes);
    texts = List.copyOf(texts);
  }

  /**
   * One entrant on one file.
   *
   * @param data the file's name
   * @param task its task
   * @param entrant the entrant
   * @param problems how many problems
   * @param solved how many of them were solved
   * @param failed how many the model does not take; they count as wrong
   * @param meanError mean of the task's error measure
   * @param medianError its median
   * @param meanTokens tokens sampled a problem
   * @param meanSeconds seconds a problem
   * @param maxSeconds seconds of the slowest problem
   */
  public record Line(
      String data,
      String task,
      Entrant entrant,
      int problems,
      int solved,
      int failed,
      double meanError,
      double medianError,
      double meanTokens,
      double meanSeconds,
      double maxSeconds) {}

  /**
   * How long a file's problems are.
   *
   * @param data the file's name
   * @param problems how many
   * @param tooLarge how many the model does not take
   * @param meanTokens of a prompt, of those that it takes
   * @param mostTokens of the longest such prompt
   * @param tokensPerWord tokens of prompts for each word
   */
  public record Size(
      String data,
      int problems,
      int tooLarge,
      double meanTokens,
      int mostTokens,
      double tokensPerWord) {}

  static AccuracyTable of(List<AccuracyRow> rows, List<Sample> samples) {
    Map<String, AccuracyRow> byKey = new LinkedHashMap<>();
    rows.forEach(r -> byKey.put(r.key(), r));
    List<Line> lines = new ArrayList<>();
    List<MergeLine> merges = new ArrayList<>();
    List<Size> sizes = new ArrayList<>();
    List<MergeText> texts = new ArrayList<>();
    for (Sample sample : samples) {
      for (Entrant entrant : sample.entrants()) {
        // The log may hold more than this run asked for, after one with a larger limit.
        List<AccuracyRow> own = new ArrayList<>();
        sample
            .problems()
            .forEach(p -> {
              AccuracyRow row =
                  byKey.get(AccuracyRow.key(sample.file().name(), p.id(), entrant.key()));
              if (row != null) {
                own.add(row);
              }
            });
        if (!own.isEmpty()) {
          lines.add(line(sample.file(), entrant, own));
        }
      }
      merges.addAll(MergeLine.of(sample, byKey));
      texts.addAll(MergeText.of(sample, byKey));
      sizes.add(
          new Size(
              sample.file().name(),
              sample.problems().size(),
              sample.tooLarge(),
              sample.meanTokens(),
              sample.mostTokens(),
              sample.tokensPerWord()));
    }
    return new AccuracyTable(lines, merges, sizes, texts);
  }

  private static Line line(DataFile file, Entrant entrant, List<AccuracyRow> own) {
    return new Line(
        file.name(),
        file.task(),
        entrant,
        own.size(),
        (int) own.stream().filter(AccuracyRow::solved).count(),
        (int) own.stream().filter(r -> !r.failure().isEmpty()).count(),
        own.stream().mapToDouble(AccuracyRow::error).average().orElse(0),
        median(own.stream().mapToDouble(AccuracyRow::error).toArray()),
        own.stream().mapToLong(AccuracyRow::tokens).average().orElse(0),
        own.stream().mapToDouble(AccuracyRow::seconds).average().orElse(0),
        own.stream().mapToDouble(AccuracyRow::seconds).max().orElse(0));
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    int n = values.length;
    return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  }

  /** As Markdown: a table of all, one of merges if there are some, and one of sizes. */
  public String markdown() {
    StringBuilder out = new StringBuilder();
    out.append("| problems | method | evaluator | solved | mean error | median error | failed |");
    out.append(" tokens a problem | seconds a problem | slowest |\n");
    out.append("|---|---|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for (Line l : lines) {
      row(
          out,
          "| %s | %s | %s | %.0f %% of %d | %.2f | %.2f | %d | %,.0f | %.2f | %.2f |\n",
          l.data(),
          l.entrant().name(),
          l.entrant().evaluator(),
          100.0 * l.solved() / l.problems(),
          l.problems(),
          l.meanError(),
          l.medianError(),
          l.failed(),
          l.meanTokens(),
          l.meanSeconds(),
          l.maxSeconds());
    }
    if (!merges.isEmpty()) {
      out.append("\n| merges of | method | evaluator | merges | coverage | repetition |");
      out.append(" of plain | words |\n|---|---|---|---:|---:|---:|---:|---:|\n");
      for (MergeLine m : merges) {
        row(
            out,
            "| %s | %s | %s | %d of %d | %.3f | %.3f | %.2f | %.0f |\n",
            m.data(),
            m.method(),
            m.evaluator(),
            m.merges(),
            m.problems(),
            m.coverage(),
            m.repetition(),
            m.ofPlain(),
            m.words());
      }
    }
    out.append("\n| problems | rows | too large | tokens a prompt | longest | tokens a word |\n");
    out.append("|---|---:|---:|---:|---:|---:|\n");
    for (Size s : sizes) {
      row(
          out,
          "| %s | %d | %d | %,.0f | %,d | %.2f |\n",
          s.data(),
          s.problems(),
          s.tooLarge(),
          s.meanTokens(),
          s.mostTokens(),
          s.tokensPerWord());
    }
    return out.toString();
  }

  private static void row(StringBuilder out, String format, Object... values) {
    out.append(String.format(Locale.ROOT, format, values));
  }

  /** For {@code JsonWriter}. */
  public Map<String, Object> toMap() {
    List<Object> list = new ArrayList<>();
    for (Line l : lines) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("data", l.data());
      map.put("task", l.task());
      map.put("method", l.entrant().name());
      map.put("strategy", l.entrant().strategy());
      map.put("options", l.entrant().options());
      map.put("evaluator", l.entrant().evaluator());
      map.put("problems", l.problems());
      map.put("solved", l.solved());
      map.put("failed", l.failed());
      map.put("meanError", l.meanError());
      map.put("medianError", l.medianError());
      map.put("meanTokens", l.meanTokens());
      map.put("meanSeconds", l.meanSeconds());
      map.put("maxSeconds", l.maxSeconds());
      list.add(map);
    }
    List<Object> ofMerges = new ArrayList<>();
    for (MergeLine m : merges) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("data", m.data());
      map.put("method", m.method());
      map.put("evaluator", m.evaluator());
      map.put("problems", m.problems());
      map.put("merges", m.merges());
      map.put("coverage", m.coverage());
      map.put("repetition", m.repetition());
      map.put("ofPlain", m.ofPlain());
      map.put("words", m.words());
      ofMerges.add(map);
    }
    List<Object> ofSizes = new ArrayList<>();
    for (Size s : sizes) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("data", s.data());
      map.put("problems", s.problems());
      map.put("tooLarge", s.tooLarge());
      map.put("meanTokens", s.meanTokens());
      map.put("mostTokens", s.mostTokens());
      map.put("tokensPerWord", s.tokensPerWord());
      ofSizes.add(map);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("lines", list);
    all.put("merges", ofMerges);
    all.put("sizes", ofSizes);
    return all;
  }
}
