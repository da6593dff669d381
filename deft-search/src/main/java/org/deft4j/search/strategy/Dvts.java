package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * Diverse verifier tree search (Beeching et al., 2024): independent subtrees, each of which
 * continues the best of its own samples. No subtree waits for another, nor loses its place to one
 * that scores better; their answers compete at the end.
 */
public final class Dvts implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "dvts";

  private final Beam.Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private final List<BeamTree> subtrees = new ArrayList<>();
  private boolean stopped;

  /** With the defaults of {@link Beam}: 4 subtrees of 4 samples a level. */
  public Dvts() {
    this(Beam.Config.DEFAULT);
  }

  /**
   * With these settings.
   *
   * @param config its width is the number of subtrees, its branch the samples of each
   */
  public Dvts(Beam.Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsEvaluator(NAME, context);
    this.context = context;
    board = new Board(context.root());
    BeamTree.Shape one =
        new BeamTree.Shape(
            1,
            config.branch(),
            config.depth(),
            config.temperature(),
            config.aggregate(),
            config.lookahead());
    for (int i = 0; i < config.width(); i++) {
      subtrees.add(new BeamTree(board, context, one));
    }
  }

  @Override
  public List<Ask> ask(int slots) {
    if (!stopped) {
      for (BeamTree subtree : subtrees) {
        subtree.proceed();
      }
      stopped =
          subtrees.stream().allMatch(BeamTree::over)
              || (context.proves()
                  && subtrees.stream()
                      .flatMap(s -> s.answers().stream())
                      .anyMatch(Ranking::solved));
      if (stopped) {
        board.cancelAll();
      }
    }
    return board.drain();
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    // Each subtree knows the ranks of its own paths.
    record Ranked(Thought answer, double rank) {}
    return subtrees.stream()
        .flatMap(s -> s.best().map(t -> new Ranked(t, s.rank(t))).stream())
        .min(
            Comparator.<Ranked, Boolean>comparing(r -> !Ranking.solved(r.answer()))
                .thenComparingDouble(r -> -r.rank())
                .thenComparingLong(r -> r.answer().ordinal()))
        .map(Ranked::answer);
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "independent subtrees, each continues the best of its own samples";
    }

    @Override
    public List<OptionSpec> options() {
      return Beam.options(Beam.Config.DEFAULT, "subtrees, >= 1");
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      return new Dvts(Beam.config(options, Beam.Config.DEFAULT));
    }
  }
}
