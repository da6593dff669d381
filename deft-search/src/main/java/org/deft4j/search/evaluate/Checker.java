package org.deft4j.search.evaluate;

import java.time.Duration;
import java.util.List;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.Capabilities;

/**
 * Runs the task's own check of an answer. It verifies against the problem, never against the
 * reference answer, and so is no oracle; costs no tokens. Steps on the way score what the problem
 * says they promise, and 0 where it does not.
 */
public final class Checker implements ThoughtEvaluator {
  /** Its name. */
  public static final String NAME = "checker";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean oracle() {
    return false;
  }

  @Override
  public boolean proves() {
    return true;
  }

  @Override
  public void check(Problem problem, PromptLayout layout, Capabilities capabilities) {
    if (problem.verify("").isEmpty()) {
      throw new DeftException(
          DeftException.USAGE,
          "task " + problem.task() + " cannot check answers: use another evaluator than checker");
    }
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    return Evaluation.of(paths.stream().map(path -> score(problem, path.getLast())).toList());
  }

  private static Score score(Problem problem, Thought thought) {
    Verdict v = verdict(problem, thought);
    return new Score(v.score(), v.solved(), NAME);
  }

  private static Verdict verdict(Problem problem, Thought thought) {
    Verdict nothing = new Verdict(Double.NaN, 0, false);
    return switch (thought.state()) {
      case ThoughtState.Answer a -> problem.verify(a.text()).orElse(nothing);
      case ThoughtState.Partial p ->
          new Verdict(Double.NaN, problem.promise(p.text()).orElse(0), false);
      case ThoughtState.Dead _ -> nothing;
    };
  }

  /** Makes it by name. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "the task's own check of an answer against the problem, without the reference answer";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(
          new OptionSpec(
              "limit",
              "0",
              "seconds for one check, on a thread of its own, then it scores 0; 0 for none"));
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      double limit = options.number("limit", 0, 0, 1e6);
      return limit == 0
          ? new Checker()
          : new Programmatic(
              NAME,
              (problem, path) -> verdict(problem, path.getLast()),
              Duration.ofMillis(Math.max(1, Math.round(limit * 1000))),
              true,
              false);
    }
  }
}
