package org.deft4j.bench.accuracy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.deft4j.search.spi.Problem;
import org.deft4j.tasks.merging.MergeProblem;
import org.deft4j.tasks.merging.MergeScore;

/**
 * A merge to read.
 *
 * @param problem id of its problem, with the file's name
 * @param method what made it, with its evaluator
 * @param score how good it is
 * @param text the merge, a sentence a line
 */
public record MergeText(String problem, String method, MergeScore score, String text) {
  /** The merges of a file by its last entrant, in the order of its problems. */
  static List<MergeText> of(Sample sample, Map<String, AccuracyRow> rows) {
    List<MergeText> texts = new ArrayList<>();
    Entrant last = sample.entrants().getLast();
    for (Problem problem : sample.problems()) {
      AccuracyRow row = rows.get(AccuracyRow.key(sample.file().name(), problem.id(), last.key()));
      if (problem instanceof MergeProblem m && row != null && !row.answer().isEmpty()) {
        texts.add(
            new MergeText(
                sample.file().name() + " " + m.id(),
                last.label(),
                m.score(row.answer()),
                row.answer()));
      }
    }
    return texts;
  }

  /** As a section of Markdown. */
  public String markdown() {
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "\n## %s by %s: coverage %.3f, repetition %.3f\n\n",
            problem,
            method,
            score.coverage(),
            score.repetition()));
    text.lines().forEach(l -> out.append("- ").append(l).append('\n'));
    if (!score.missing().isEmpty()) {
      out.append("\nNot covered:\n\n");
      score.missing().forEach(l -> out.append("- ").append(l).append('\n'));
    }
    return out.toString();
  }
}
