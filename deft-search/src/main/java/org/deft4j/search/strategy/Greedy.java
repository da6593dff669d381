package org.deft4j.search.strategy;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/** One chain of thoughts, each token the likeliest: the baseline of every comparison. */
public final class Greedy implements SearchStrategy {
  private final Config config;
  private Board board = new Board(Start.ROOT);
  private Chains chains = new Chains(board, 0, ThoughtGenerator.greedy());

  /**
   * Settings.
   *
   * @param depth most thoughts in the chain
   */
  public record Config(int depth) {
    /** A chain of up to 64 thoughts. */
    public static final Config DEFAULT = new Config(64);

    /** Checks the range. */
    public Config {
      Start.atLeastOne("depth", depth);
    }
  }

  /** With default settings. */
  public Greedy() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public Greedy(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    board = new Board(context.root());
    chains = new Chains(board, config.depth(), ThoughtGenerator.greedy());
    chains.begin(1);
  }

  @Override
  public List<Ask> ask(int slots) {
    chains.proceed();
    return board.drain();
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    return chains.answers().stream().findFirst();
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "one chain of thoughts, each token the likeliest";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(
          new OptionSpec("depth", "" + Config.DEFAULT.depth(), "most thoughts in the chain, >= 1"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy greedy", options());
      return new Greedy(new Config(options.integer("depth", Config.DEFAULT.depth(), 1)));
    }
  }
}
