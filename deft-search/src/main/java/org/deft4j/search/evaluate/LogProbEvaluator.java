package org.deft4j.search.evaluate;

import java.util.List;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.Capabilities;

/**
 * How likely the model finds its own words: the exponential of the log-probability of all tokens on
 * the path, summed, or divided by their number. Costs nothing: decoding has already told them.
 */
public final class LogProbEvaluator implements ThoughtEvaluator {
  /** Its name. */
  public static final String NAME = "log-prob";

  private final boolean mean;

  /**
   * An evaluator.
   *
   * @param mean whether the sum is divided by the number of tokens, so that long thoughts do not
   *     lose by their length
   */
  public LogProbEvaluator(boolean mean) {
    this.mean = mean;
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
    if (!capabilities.logProbs()) {
      throw new DeftException(
          DeftException.USAGE, "this model gives no log-probabilities, which log-prob needs");
    }
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    return Evaluation.of(paths.stream().map(this::score).toList());
  }

  private Score score(List<Thought> path) {
    double sum = path.stream().mapToDouble(Thought::logProb).sum();
    if (Double.isNaN(sum)) {
      throw new DeftException(
          DeftException.USAGE,
          "log-prob cannot score thoughts that the model listed: use generate=sample");
    }
    int tokens = path.stream().mapToInt(Thought::tokens).sum();
    double log = mean ? sum / Math.max(1, tokens) : sum;
    return new Score(Math.min(1, Math.exp(log)), false, NAME);
  }

  /** Makes it by name. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "how likely the model finds its own words; free";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(
          new OptionSpec("mean", "true", "whether the sum is divided by the number of tokens"));
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      return new LogProbEvaluator(options.flag("mean", true));
    }
  }
}
