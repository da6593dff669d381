package org.deft4j.search.evaluate;

import java.time.Duration;
import java.util.List;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;

/**
 * Scores by a program: a checker of one's own, unit tests, a solver. It runs on a virtual thread
 * beside the search, which goes on meanwhile, and for a limited time: late is a score of 0. The
 * program must be interruptible to be stopped then.
 */
public final class Programmatic implements ThoughtEvaluator {
  private final String name;
  private final Check check;
  private final Duration limit;
  private final boolean proves;
  private final boolean oracle;

  /** The program. */
  @FunctionalInterface
  public interface Check {
    /**
     * What it says of a thought; called on a virtual thread, several at once.
     *
     * @param problem the problem
     * @param path from the root to the thought
     */
    Verdict apply(Problem problem, List<Thought> path) throws Exception;
  }

  /**
   * An evaluator.
   *
   * @param name its name
   * @param check the program
   * @param limit longest time for one thought
   * @param proves whether what it calls solved is solved beyond doubt
   * @param oracle whether it uses the reference answer
   */
  public Programmatic(String name, Check check, Duration limit, boolean proves, boolean oracle) {
    this.name = name;
    this.check = check;
    this.limit = limit;
    this.proves = proves;
    this.oracle = oracle;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean oracle() {
    return oracle;
  }

  @Override
  public boolean proves() {
    return proves;
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    List<Probe> probes =
        paths.stream()
            .<Probe>map(path ->
                new Probe.Compute(
                    path.getLast().ordinal(), () -> run(problem, List.copyOf(path)), limit))
            .toList();
    return new Evaluation(probes, readings -> readings.stream().map(this::score).toList());
  }

  private Reading run(Problem problem, List<Thought> path) throws Exception {
    Verdict verdict = check.apply(problem, path);
    return new Reading(List.of((float) verdict.score(), verdict.solved() ? 1f : 0f), "");
  }

  private Score score(Reading reading) {
    if (reading.logProbs().size() < 2) {
      return new Score(0, false, name);
    }
    double value = Math.min(1, Math.max(0, reading.logProbs().get(0)));
    return new Score(value, reading.logProbs().get(1) > 0, name);
  }
}
