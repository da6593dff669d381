package org.deft4j.examples;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.Board;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.Told;
import org.jspecify.annotations.Nullable;

/**
 * A strategy of one's own: samples one answer after another until the evaluator is sure of one.
 *
 * <p>It decides by what lies on the {@link Board} alone, and so does not depend on the order in
 * which results come.
 */
public final class RetryStrategy implements SearchStrategy {
  private static final double TEMPERATURE = 0.8;

  private final int tries;
  private final Set<Long> evaluated = new HashSet<>();
  private @Nullable Board board;
  private int asked;

  /**
   * A strategy for one search.
   *
   * @param tries most answers to sample, at least 1
   */
  public RetryStrategy(int tries) {
    if (tries < 1) {
      throw new IllegalArgumentException("tries must be at least 1, was " + tries);
    }
    this.tries = tries;
  }

  @Override
  public void start(StrategyContext context) {
    board = new Board(context.root());
  }

  @Override
  public List<Ask> ask(int slots) {
    Board b = started();
    if (b.waiting() || current().flatMap(Thought::score).map(Score::solved).orElse(false)) {
      return b.drain();
    }
    List<Long> fresh =
        answers().stream().map(Thought::ordinal).filter(t -> !evaluated.contains(t)).toList();
    if (!fresh.isEmpty()) {
      evaluated.addAll(fresh);
      b.evaluate(fresh);
    } else if (asked < tries) {
      asked++;
      b.expand(Thought.ROOT, 1, ThoughtGenerator.sample(TEMPERATURE));
    }
    return b.drain();
  }

  @Override
  public void tell(Told result) {
    started().tell(result);
  }

  @Override
  public Optional<Thought> current() {
    return answers().stream()
        .max(
            Comparator.comparing((Thought t) -> t.score().map(Score::solved).orElse(false))
                .thenComparing(t -> t.score().map(Score::value).orElse(0.0))
                .thenComparing(Thought::ordinal, Comparator.reverseOrder()));
  }

  private List<Thought> answers() {
    return started().thoughts().stream().filter(t -> t.answer().isPresent()).toList();
  }

  private Board started() {
    if (board == null) {
      throw new IllegalStateException("start comes first");
    }
    return board;
  }
}
