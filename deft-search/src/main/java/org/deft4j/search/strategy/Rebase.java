package org.deft4j.search.strategy;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * REBASE, reward-balanced search (Wu et al., 2024): every level makes {@code width} thoughts,
 * shared out among the last level's by the softmax of their scores. Each answer takes one off the
 * width; equal answers add up their scores.
 */
public final class Rebase implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "rebase";

  private final Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private Optional<BalancedTree> tree = Optional.empty();
  private boolean stopped;

  /**
   * Settings.
   *
   * @param width thoughts of a level
   * @param balance temperature of the softmax that shares them out: small follows the best score,
   *     large shares evenly
   * @param depth most levels
   * @param temperature of sampling
   */
  public record Config(int width, double balance, int depth, double temperature) {
    /** 16 thoughts a level, balance 0.2, 25 levels, temperature 1. */
    public static final Config DEFAULT = new Config(16, 0.2, 25, 1);

    /** Checks ranges. */
    public Config {
      BalancedTree.Shape unused = new BalancedTree.Shape(width, balance, depth, temperature);
    }

    BalancedTree.Shape shape() {
      return new BalancedTree.Shape(width, balance, depth, temperature);
    }
  }

  /** With default settings. */
  public Rebase() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public Rebase(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsEvaluator(NAME, context);
    this.context = context;
    board = new Board(context.root());
    tree = Optional.of(new BalancedTree(board, context, config.shape(), (level, shares) -> level));
  }

  @Override
  public List<Ask> ask(int slots) {
    BalancedTree levels = tree.orElseThrow();
    if (!stopped) {
      levels.proceed();
      stopped = levels.over() || context.proves() && levels.solved();
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
    return tree.flatMap(BalancedTree::best);
  }

  /** The options of the search, with these defaults. */
  static List<OptionSpec> options(Config d) {
    return List.of(
        new OptionSpec("width", "" + d.width(), "thoughts of a level, >= 1"),
        new OptionSpec(
            "balance", "" + d.balance(), "temperature of sharing them out by score, above 0"),
        new OptionSpec("depth", "" + d.depth(), "most levels, >= 1"),
        new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"));
  }

  /** Settings from options. */
  static Config config(Options options, Config d) {
    return new Config(
        options.integer("width", d.width(), 1),
        options.number("balance", d.balance(), 1e-6, 1e6),
        options.integer("depth", d.depth(), 1),
        options.number("temperature", d.temperature(), 0, 100));
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "shares each level's thoughts out by the softmax of the last level's scores";
    }

    @Override
    public List<OptionSpec> options() {
      return Rebase.options(Config.DEFAULT);
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      return new Rebase(config(options, Config.DEFAULT));
    }
  }
}
