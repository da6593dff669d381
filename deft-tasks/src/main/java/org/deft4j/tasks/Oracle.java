package org.deft4j.tasks;

import java.util.List;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;

/**
 * Scores answers by the task's own grade, reference answer and all: what a perfect evaluator would
 * do, and what Graph of Thoughts' published figures of keyword counting rest on. Of no use for a
 * problem whose answer is unknown; reports set its runs apart.
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
    return Evaluation.of(paths.stream().map(p -> score(problem, p.getLast())).toList());
  }

  private static Score score(Problem problem, Thought thought) {
    if (thought.answer().isEmpty()) {
      return new Score(0, false, NAME);
    }
    Verdict verdict = problem.grade(thought.answer());
    return new Score(verdict.score(), verdict.solved(), NAME);
  }

  /** Makes it by name. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "the task's grade with the reference answer: for comparisons, as it knows the answer";
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      return new Oracle();
    }
  }
}
