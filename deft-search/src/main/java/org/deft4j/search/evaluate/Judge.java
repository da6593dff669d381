package org.deft4j.search.evaluate;

import java.util.List;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Question;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.Capabilities;

/**
 * Asks the model whether a thought is right: P(yes) / (P(yes) + P(no)) of the next token, read on a
 * branch forked at the thought. The branch runs in the batch of the search and computes the
 * question alone; nothing is sampled.
 */
public final class Judge implements ThoughtEvaluator {
  /** Its name. */
  public static final String NAME = "judge";

  /** From this probability on a thought counts as solved. */
  public static final double THRESHOLD = 0.9;

  private final double threshold;

  /** A judge that is sure from {@link #THRESHOLD} on. */
  public Judge() {
    this(THRESHOLD);
  }

  /**
   * A judge.
   *
   * @param threshold from this probability on a thought counts as solved, above 1 for never
   */
  public Judge(double threshold) {
    this.threshold = threshold;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean oracle() {
    return false;
  }

  @Override
  public void check(Problem problem, PromptLayout layout, Capabilities capabilities) {
    if (!capabilities.choices()) {
      throw new DeftException(
          DeftException.USAGE, "this model gives no probabilities of choices, which judge needs");
    }
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    List<Probe> probes =
        paths.stream()
            .<Probe>map(
                path -> new Probe.Choice(path.getLast().ordinal(), question(problem, layout, path)))
            .toList();
    return new Evaluation(
        probes, readings -> readings.stream().map(r -> score(r.logProbs())).toList());
  }

  private static Question question(Problem problem, PromptLayout layout, List<Thought> path) {
    return layout
        .judge(path)
        .orElseThrow(() ->
            new DeftException(
                DeftException.USAGE,
                "task " + problem.task() + " has no question for a judge: use another evaluator"));
  }

  private Score score(List<Float> logProbs) {
    // A difference of logits: stable however unlikely both answers are.
    double p = 1 / (1 + Math.exp(logProbs.get(1) - logProbs.get(0)));
    double value = Double.isNaN(p) ? 0.5 : p;
    return new Score(value, value >= threshold, NAME);
  }

  /** Makes it by name. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "the model's own P(yes) to whether a thought is right, read on a forked branch";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(
          new OptionSpec(
              "threshold",
              "" + THRESHOLD,
              "probability from which on an answer counts as solved; above 1 for never"));
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      return new Judge(options.number("threshold", THRESHOLD, 0, 2));
    }
  }
}
