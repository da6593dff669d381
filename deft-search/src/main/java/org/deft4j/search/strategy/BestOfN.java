package org.deft4j.search.strategy;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * Samples n answers and takes the one that the evaluator likes best; ends early when it proves one.
 */
public final class BestOfN implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "best-of-n";

  /** Its name where equal answers add up their scores. */
  public static final String WEIGHTED = "weighted-best-of-n";

  private final Config config;
  private Board board = new Board(Start.ROOT);
  private Chains chains = new Chains(board, 0, ThoughtGenerator.greedy());
  private final Set<Long> evaluated = new HashSet<>();
  private boolean joint;
  private boolean proves;
  private boolean stopped;

  /**
   * Settings.
   *
   * @param width how many answers are sampled
   * @param depth most thoughts in a chain
   * @param temperature of sampling
   * @param weighted whether equal answers add up their scores
   */
  public record Config(int width, int depth, double temperature, boolean weighted) {
    /** 8 answers at temperature 0.8, each scored alone. */
    public static final Config DEFAULT = new Config(8, 64, 0.8, false);

    /** 8 answers at temperature 0.8; equal answers add up their scores. */
    public static final Config WEIGHTED = new Config(8, 64, 0.8, true);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("width", width);
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
    }
  }

  /** With default settings. */
  public BestOfN() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public BestOfN(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsEvaluator(config.weighted() ? WEIGHTED : NAME, context);
    joint = context.joint();
    proves = context.proves();
    board = new Board(context.root());
    chains = new Chains(board, config.depth(), ThoughtGenerator.sample(config.temperature()));
    chains.begin(config.width());
  }

  @Override
  public List<Ask> ask(int slots) {
    if (stopped) {
      return board.drain();
    }
    if (proves && chains.answers().stream().anyMatch(Ranking::solved)) {
      stopped = true;
      board.cancelAll();
      return board.drain();
    }
    chains.proceed();
    List<Long> fresh =
        chains.answers().stream()
            .map(Thought::ordinal)
            .filter(t -> !evaluated.contains(t))
            .toList();
    // An evaluator that compares answers waits for all of them.
    if (!fresh.isEmpty() && !(joint && board.waiting())) {
      evaluated.addAll(fresh);
      if (joint) {
        board.evaluate(fresh);
      } else {
        fresh.forEach(t -> board.evaluate(List.of(t)));
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
    List<Thought> answers = chains.answers();
    Comparator<Thought> order =
        config.weighted() && !proves ? Ranking.bySummedValues(answers) : Ranking.byScore();
    return Ranking.best(answers, order);
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    private final Config defaults;

    /** Makes {@code best-of-n}. */
    public Factory() {
      this(Config.DEFAULT);
    }

    /** Makes it with other defaults. */
    public Factory(Config defaults) {
      this.defaults = defaults;
    }

    @Override
    public String description() {
      return defaults.weighted()
          ? "samples n answers; equal ones add up their scores, the largest sum wins"
          : "samples n answers and takes the one that the evaluator likes best";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(
          new OptionSpec("width", "" + defaults.width(), "answers sampled, >= 1"),
          new OptionSpec("depth", "" + defaults.depth(), "most thoughts in a chain, >= 1"),
          new OptionSpec("temperature", "" + defaults.temperature(), "of sampling, 0 or more"),
          new OptionSpec(
              "weighted", "" + defaults.weighted(), "whether equal answers add up their scores"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + (defaults.weighted() ? WEIGHTED : NAME), options());
      return new BestOfN(
          new Config(
              options.integer("width", defaults.width(), 1),
              options.integer("depth", defaults.depth(), 1),
              options.number("temperature", defaults.temperature(), 0, 100),
              options.flag("weighted", defaults.weighted())));
    }
  }
}
