package org.deft4j.bench.accuracy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deft4j.tasks.merging.MergeProblem;
import org.deft4j.tasks.merging.MergeScore;
import org.deft4j.tasks.merging.PlainMerge;

/**
 * The merges of one method of all problems of a file.
 *
 * @param data the file's name
 * @param method an entrant's name, or what makes merges without a model
 * @param evaluator the entrant's evaluator
 * @param problems how many problems
 * @param merges how many merges there are; the others cover nothing
 * @param coverage mean over all problems
 * @param repetition mean over the merges
 * @param ofPlain the same as a share of the mean repetition of the same problems' documents one
 *     after the other
 * @param words mean words of a merge, parted by blanks
 */
public record MergeLine(
    String data,
    String method,
    String evaluator,
    int problems,
    int merges,
    double coverage,
    double repetition,
    double ofPlain,
    double words) {
  /** Lines of what needs no model, and then of every entrant that has rows. */
  static List<MergeLine> of(Sample sample, Map<String, AccuracyRow> rows) {
    List<MergeProblem> problems =
        sample.problems().stream()
            .filter(MergeProblem.class::isInstance)
            .map(MergeProblem.class::cast)
            .toList();
    List<MergeLine> lines = new ArrayList<>();
    if (problems.isEmpty()) {
      return lines;
    }
    String data = sample.file().name();
    for (PlainMerge plain : PlainMerge.values()) {
      List<String> merges = problems.stream().map(p -> plain.of(p.documents())).toList();
      lines.add(of(data, plain.description(), "no model", problems, merges));
    }
    for (Entrant e : sample.entrants()) {
      List<MergeProblem> done = new ArrayList<>();
      List<String> merges = new ArrayList<>();
      for (MergeProblem p : problems) {
        AccuracyRow row = rows.get(AccuracyRow.key(data, p.id(), e.key()));
        if (row != null) {
          done.add(p);
          merges.add(row.answer());
        }
      }
      if (!done.isEmpty()) {
        lines.add(of(data, e.name(), e.evaluator(), done, merges));
      }
    }
    return lines;
  }

  private static MergeLine of(
      String data,
      String method,
      String evaluator,
      List<MergeProblem> problems,
      List<String> merges) {
    double coverage = 0;
    double repetition = 0;
    double plain = 0;
    double words = 0;
    int made = 0;
    for (int i = 0; i < problems.size(); i++) {
      String merge = merges.get(i);
      if (!merge.isEmpty()) {
        made++;
        MergeScore score = problems.get(i).score(merge);
        coverage += score.coverage();
        repetition += score.repetition();
        List<String> documents = problems.get(i).documents();
        plain += MergeScore.repetition(PlainMerge.CONCATENATION.of(documents));
        words += merge.strip().split("\\s+").length;
      }
    }
    return new MergeLine(
        data,
        method,
        evaluator,
        problems.size(),
        made,
        coverage / problems.size(),
        made == 0 ? 0 : repetition / made,
        plain == 0 ? 0 : repetition / plain,
        made == 0 ? 0 : words / made);
  }
}
