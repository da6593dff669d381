package org.deft4j.tasks.merging;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.tasks.tagged.Tags;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Documents to merge into one that says everything once.
 *
 * @param id names it within its source
 * @param documents at least two
 * @param wording how models of text are asked
 * @param parts whether a model with tags for it makes a thought of each document's part
 */
public record MergeProblem(String id, List<String> documents, Wording wording, boolean parts)
    implements Problem {
  /** The line between documents in a problem's text. */
  public static final String SEPARATOR = "<<< next document >>>";

  /** A merge that covers less is no solution. */
  private static final double SOLVED_COVERAGE = 0.9;

  /** Repetition of a solution, as a share of that of the documents one after the other. */
  private static final double SOLVED_REPETITION = 1 / 3.0;

  /** Where the documents themselves hardly repeat anything, a merge may repeat this much. */
  private static final double FREE_REPETITION = 0.02;

  /** How much of a search's score says how near a merge is to a solution. */
  private static final double NEAR_WEIGHT = 0.8;

  /** Copies the list. */
  public MergeProblem {
    documents = List.copyOf(documents);
  }

  @Override
  public String task() {
    return DocumentMergingTask.NAME;
  }

  @Override
  public String text() {
    return String.join("\n" + SEPARATOR + "\n", documents);
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return Tags.ofText(codec, PartLayout.TAG)
        .<PromptLayout>map(tags -> new PartLayout(this, tags, parts))
        .orElseGet(() -> wording.layout(new MergeStages(this, codec), codec));
  }

  /** The score of a merge. */
  public MergeScore score(String merge) {
    return MergeScore.of(documents, merge);
  }

  /** Compares a merge with its sources alone: there is no reference merge. */
  @Override
  public Optional<Verdict> verify(String answer) {
    MergeScore score = score(answer);
    double most = mostRepetition(documents);
    boolean solved = score.coverage() >= SOLVED_COVERAGE && score.repetition() <= most;
    return Optional.of(new Verdict(1 - score.f1(), merit(score, most), solved));
  }

  private static double mostRepetition(List<String> documents) {
    return Math.max(
        FREE_REPETITION, SOLVED_REPETITION * MergeScore.repetition(String.join("\n", documents)));
  }

  /**
   * What a search goes by: how near a merge is to a solution, and among equals its score. The score
   * alone would take any repetition of a few percent for the next line, though it may be all that
   * the documents repeat.
   */
  private static double merit(MergeScore score, double most) {
    double covers = Math.min(1, score.coverage() / SOLVED_COVERAGE);
    double fresh = score.repetition() <= most ? 1 : most / score.repetition();
    double near = covers == 0 ? 0 : 2 * covers * fresh / (covers + fresh);
    return NEAR_WEIGHT * near + (1 - NEAR_WEIGHT) * score.f1();
  }

  /**
   * The merit of what is kept so far, held against the documents it is from: a line {@value
   * #SEPARATOR} ends each one's part.
   */
  @Override
  public OptionalDouble promise(String step) {
    List<String> lines = step.lines().toList();
    int done = (int) lines.stream().filter(SEPARATOR::equals).count();
    String merge =
        lines.stream().filter(l -> !l.equals(SEPARATOR)).collect(Collectors.joining("\n"));
    if (done < 1 || done > documents.size()) {
      return OptionalDouble.empty();
    }
    List<String> told = documents.subList(0, done);
    return OptionalDouble.of(merit(MergeScore.of(told, merge), mostRepetition(told)));
  }

  /** Merges are long: fewer at once than of short answers, and a level for each part. */
  @Override
  public Map<String, String> settings(String strategy) {
    return strategy.equals(TotBfs.NAME)
        ? Map.of(
            "width",
            "4",
            "keep",
            "2",
            "depth",
            "" + (parts ? documents.size() + 1 : 2),
            "resample",
            parts ? "0" : "0.5")
        : Map.of();
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    return answer.flatMap(this::verify).orElse(new Verdict(1, 0, false));
  }
}
