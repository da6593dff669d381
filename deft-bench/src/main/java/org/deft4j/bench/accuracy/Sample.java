package org.deft4j.bench.accuracy;

import java.util.List;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.ProblemTooLargeException;
import org.deft4j.tasks.merging.MergeProblem;
import org.deft4j.tree.decode.TokenCodec;

/**
 * The problems of a data file, and how long they are for a model.
 *
 * @param file the file
 * @param entrants what solves them
 * @param problems its problems
 * @param tooLarge how many of them the model does not take; the figures below are of the others
 * @param meanTokens tokens of a prompt
 * @param mostTokens tokens of the longest prompt
 * @param tokensPerWord tokens of all prompts for each word of the problems, parted by blanks
 */
record Sample(
    DataFile file,
    List<Entrant> entrants,
    List<Problem> problems,
    int tooLarge,
    double meanTokens,
    int mostTokens,
    double tokensPerWord) {
  static Sample of(AccuracyBenchmark.Entry entry, List<Problem> problems, TokenCodec codec) {
    int tooLarge = 0;
    int most = 0;
    long tokens = 0;
    long words = 0;
    for (Problem problem : problems) {
      try {
        int size = problem.layout(codec).root().size();
        most = Math.max(most, size);
        tokens += size;
        words += words(problem);
      } catch (ProblemTooLargeException e) {
        tooLarge++;
      }
    }
    int fit = problems.size() - tooLarge;
    return new Sample(
        entry.file(),
        entry.entrants(),
        List.copyOf(problems),
        tooLarge,
        fit == 0 ? 0 : tokens / (double) fit,
        most,
        words == 0 ? 0 : tokens / (double) words);
  }

  private static int words(Problem problem) {
    // The line between documents is no word of theirs.
    String text =
        problem instanceof MergeProblem m ? String.join("\n", m.documents()) : problem.text();
    return text.strip().split("\\s+").length;
  }
}
