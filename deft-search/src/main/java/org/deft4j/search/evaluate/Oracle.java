package org.deft4j.search.evaluate;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;

/**
 * Grades with the reference answer: what a search could reach with a perfect evaluator. It declares
 * itself an {@linkplain ThoughtEvaluator#oracle oracle}, and reports say so. Thoughts without an
 * answer score 0.
 */
public final class Oracle implements ThoughtEvaluator {
  /** Its name. */
  public static final String NAME = "oracle";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean oracle() {
    return true;
  }

  @Override
  public boolean proves() {
    return true;
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    return Evaluation.of(
        paths.stream().map(path -> score(problem, path.getLast().answer())).toList());
  }

  private static Score score(Problem problem, Optional<String> answer) {
    if (answer.isEmpty()) {
      return new Score(0, false, NAME);
    }
    Verdict verdict = problem.grade(answer);
    return new Score(verdict.score(), verdict.solved(), NAME);
  }

  /** Makes it by name. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "grades with the reference answer: an upper bound, not a fair result; free";
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      return new Oracle();
    }
  }
}
