package org.deft4j.search.strategy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * Beam search over thoughts, as in "search and learn" (Beeching et al., 2024): of all continuations
 * of the beams the best are the next beams. Answers leave the beam and compete at the end. With
 * {@code lookahead} a candidate is ranked by the score of its greedy continuation. Without an
 * evaluator the mean log-probability of a path's tokens ranks it.
 */
public final class Beam implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "beam";

  private final Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private Optional<BeamTree> tree = Optional.empty();
  private boolean stopped;

  /** How the scores along a path become its rank. */
  public enum Aggregate {
    /** The last thought's score. */
    LAST,
    /** The mean. */
    MEAN,
    /** The least. */
    MIN,
    /** The product. */
    PRODUCT;

    /** The rank of a path whose scores stand last thought first; 0 for none. */
    double of(double[] values) {
      if (values.length == 0) {
        return 0;
      }
      return switch (this) {
        case LAST -> values[0];
        case MEAN -> Arrays.stream(values).average().orElse(0);
        case MIN -> Arrays.stream(values).min().orElse(0);
        case PRODUCT -> Arrays.stream(values).reduce(1, (a, b) -> a * b);
      };
    }
  }

  /**
   * Settings.
   *
   * @param width how many beams live on after a level
   * @param branch how many continuations a beam gets; the first level has width x branch
   * @param depth most levels
   * @param temperature of sampling
   * @param aggregate how the scores along a path become its rank
   * @param lookahead how many greedy thoughts beyond a candidate are made to score it; 0 for none
   */
  public record Config(
      int width, int branch, int depth, double temperature, Aggregate aggregate, int lookahead) {
    /** 4 beams of 4 continuations at temperature 0.8, ranked by the last score. */
    public static final Config DEFAULT = new Config(4, 4, 40, 0.8, Aggregate.LAST, 0);

    /** Checks ranges. */
    public Config {
      BeamTree.Shape unused =
          new BeamTree.Shape(width, branch, depth, temperature, aggregate, lookahead);
    }

    BeamTree.Shape shape() {
      return new BeamTree.Shape(width, branch, depth, temperature, aggregate, lookahead);
    }
  }

  /** With default settings. */
  public Beam() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public Beam(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    if (config.lookahead() > 0) {
      Start.needsEvaluator(NAME + " with lookahead", context);
    }
    this.context = context;
    board = new Board(context.root());
    tree = Optional.of(new BeamTree(board, context, config.shape()));
  }

  @Override
  public List<Ask> ask(int slots) {
    BeamTree beams = tree.orElseThrow();
    if (!stopped) {
      beams.proceed();
      if (context.proves() && beams.answers().stream().anyMatch(Ranking::solved)) {
        beams.stop();
      }
      stopped = beams.over();
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
    return tree.flatMap(BeamTree::best);
  }

  /** The options of beams, with these defaults. */
  static List<OptionSpec> options(Config d, String width) {
    return List.of(
        new OptionSpec("width", "" + d.width(), width),
        new OptionSpec("branch", "" + d.branch(), "continuations of each beam, >= 1"),
        new OptionSpec("depth", "" + d.depth(), "most levels, >= 1"),
        new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"),
        new OptionSpec("aggregate", "last", "scores along a path: last, mean, min or product"),
        new OptionSpec(
            "lookahead",
            "" + d.lookahead(),
            "greedy thoughts beyond a candidate, whose last one scores it; 0 for none"));
  }

  /** Settings from options. */
  static Config config(Options options, Config d) {
    return new Config(
        options.integer("width", d.width(), 1),
        options.integer("branch", d.branch(), 1),
        options.integer("depth", d.depth(), 1),
        options.number("temperature", d.temperature(), 0, 100),
        options.choice("aggregate", d.aggregate(), Aggregate.class),
        options.integer("lookahead", d.lookahead(), 0));
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "of all continuations of the beams the best are the next beams";
    }

    @Override
    public List<OptionSpec> options() {
      return Beam.options(Config.DEFAULT, "beams that live on after a level, >= 1");
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      return new Beam(config(options, Config.DEFAULT));
    }
  }
}
