package org.deft4j.search.evaluate;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;

/**
 * The share of a level's thoughts that say the same: the vote of self-consistency as an evaluator.
 * Works with every model and costs nothing.
 */
public final class Agreement implements ThoughtEvaluator {
  /** Its name. */
  public static final String NAME = "agreement";

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
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    List<ThoughtState> states = paths.stream().map(path -> path.getLast().state()).toList();
    Map<ThoughtState, Long> votes =
        states.stream().collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    return Evaluation.of(
        states.stream()
            .map(s -> new Score(votes.getOrDefault(s, 0L) / (double) states.size(), false, NAME))
            .toList());
  }

  /** Makes it by name. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "the share of a level's thoughts that say the same; free";
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      return new Agreement();
    }
  }
}
