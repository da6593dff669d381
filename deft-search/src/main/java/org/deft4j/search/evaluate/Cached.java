package org.deft4j.search.evaluate;

import com.google.common.cache.Cache;
import com.google.common.cache.CacheBuilder;
import java.util.List;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.tree.decode.Capabilities;

/**
 * Remembers scores: a thought whose path reads the same as one before, in any search of the same
 * problem, is not asked about again. Not for evaluators that compare thoughts, whose scores depend
 * on the others. Where the evaluator's probes are sampled, a remembered score is the first one.
 */
public final class Cached implements ThoughtEvaluator {
  private final ThoughtEvaluator evaluator;
  private final Cache<Key, Score> scores;

  private record Key(String task, String problem, List<String> path) {}

  /**
   * A memory of the latest scores.
   *
   * @param evaluator not one that compares
   * @param capacity most scores that are kept
   */
  public Cached(ThoughtEvaluator evaluator, int capacity) {
    if (evaluator.joint()) {
      throw new IllegalArgumentException(
          "scores of " + evaluator.name() + " depend on the other thoughts: they cannot be kept");
    }
    this.evaluator = evaluator;
    this.scores = CacheBuilder.newBuilder().maximumSize(capacity).build();
  }

  @Override
  public String name() {
    return evaluator.name();
  }

  @Override
  public boolean oracle() {
    return evaluator.oracle();
  }

  @Override
  public boolean proves() {
    return evaluator.proves();
  }

  @Override
  public void check(Problem problem, PromptLayout layout, Capabilities capabilities) {
    evaluator.check(problem, layout, capabilities);
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    List<Thought> path = paths.getFirst();
    Key key = new Key(problem.task(), problem.text(), path.stream().map(Thought::text).toList());
    Score known = scores.getIfPresent(key);
    if (known != null) {
      return Evaluation.of(List.of(known));
    }
    Evaluation plan = evaluator.plan(problem, layout, paths);
    return new Evaluation(
        plan.probes(),
        readings -> {
          List<Score> found = List.copyOf(plan.fold().apply(readings));
          scores.put(key, found.getFirst());
          return found;
        });
  }
}
