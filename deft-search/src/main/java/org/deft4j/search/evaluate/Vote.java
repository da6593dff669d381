package org.deft4j.search.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.Capabilities;

/**
 * Lets the model choose among the thoughts of a level: one question lists them all, and the
 * probability of each name as the next token is its score. This is the expected share of votes,
 * read off one forward pass instead of counted over samples. The candidates' texts are computed
 * again, as part of the question.
 */
public final class Vote implements ThoughtEvaluator {
  /** Its name. */
  public static final String NAME = "vote";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean oracle() {
    return false;
  }

  @Override
  public boolean joint() {
    return true;
  }

  @Override
  public void check(Problem problem, PromptLayout layout, Capabilities capabilities) {
    if (!capabilities.choices()) {
      throw new DeftException(
          DeftException.USAGE, "this model gives no probabilities of choices, which vote needs");
    }
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    // Equal thoughts stand for one candidate: listed twice, they would split its votes.
    Map<ThoughtState, Thought> distinct = new LinkedHashMap<>();
    paths.forEach(path -> distinct.putIfAbsent(path.getLast().state(), path.getLast()));
    List<Thought> candidates = List.copyOf(distinct.values());
    List<ThoughtState> states = List.copyOf(distinct.keySet());
    int[] named = paths.stream().mapToInt(p -> states.indexOf(p.getLast().state())).toArray();
    if (candidates.size() == 1) {
      return Evaluation.of(paths.stream().map(p -> new Score(1, false, NAME)).toList());
    }
    Probe probe =
        new Probe.Choice(
            Thought.ROOT,
            layout
                .vote(candidates)
                .orElseThrow(() ->
                    new DeftException(
                        DeftException.USAGE,
                        "task "
                            + problem.task()
                            + " has no vote over "
                            + candidates.size()
                            + " thoughts for this model: use agreement or judge")));
    return new Evaluation(
        List.of(probe),
        readings -> {
          List<Score> shares = shares(readings.getFirst().logProbs());
          return Arrays.stream(named).mapToObj(shares::get).toList();
        });
  }

  private static List<Score> shares(List<Float> logProbs) {
    double max = logProbs.stream().mapToDouble(Float::doubleValue).max().orElseThrow();
    double sum = logProbs.stream().mapToDouble(p -> Math.exp(p - max)).sum();
    List<Score> scores = new ArrayList<>();
    for (float p : logProbs) {
      double share = Math.exp(p - max) / sum;
      scores.add(new Score(Double.isNaN(share) ? 1.0 / logProbs.size() : share, false, NAME));
    }
    return scores;
  }

  /** Makes it by name. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "the model chooses among the thoughts of a level, in one question";
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      return new Vote();
    }
  }
}
