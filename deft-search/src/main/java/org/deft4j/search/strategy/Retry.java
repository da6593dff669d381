package org.deft4j.search.strategy;

import java.util.ArrayList;
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
 * Samples one answer after another until the evaluator calls one solved: the cheapest baselines of
 * Kapoor et al., "AI Agents That Matter" (2024). {@code retry} keeps its temperature; {@code
 * warming} raises it from try to try.
 */
public final class Retry implements SearchStrategy {
  /** The name with a constant temperature. */
  public static final String NAME = "retry";

  /** The name with a rising temperature. */
  public static final String WARMING = "warming";

  private final String name;
  private final Config config;
  private Board board = new Board(Start.ROOT);
  private final List<Chains> tries = new ArrayList<>();
  private final Set<Long> evaluated = new HashSet<>();
  private boolean stopped;

  /**
   * Settings.
   *
   * @param width most tries
   * @param depth most thoughts in a try
   * @param temperature of the last try
   * @param from temperature of the first try; those between rise evenly
   */
  public record Config(int width, int depth, double temperature, double from) {
    /** 5 tries at temperature 0.8. */
    public static final Config RETRY = new Config(5, 64, 0.8, 0.8);

    /** 5 tries, the first greedy, the last at temperature 0.5. */
    public static final Config WARMING = new Config(5, 64, 0.5, 0);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("width", width);
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
      Start.temperature(from);
    }

    /** Temperature of a try, counted from 0. */
    public double temperature(int attempt) {
      return width == 1 ? from : from + (temperature - from) * attempt / (width - 1);
    }
  }

  /** With a constant temperature. */
  public Retry() {
    this(Config.RETRY);
  }

  /** With these settings. */
  public Retry(Config config) {
    this(config.from() == config.temperature() ? NAME : WARMING, config);
  }

  private Retry(String name, Config config) {
    this.name = name;
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsEvaluator(name, context);
    board = new Board(context.root());
  }

  @Override
  public List<Ask> ask(int slots) {
    if (stopped || board.waiting()) {
      return board.drain();
    }
    if (!tries.isEmpty()) {
      tries.getLast().proceed();
    }
    for (Thought t : answers()) {
      if (evaluated.add(t.ordinal())) {
        board.evaluate(List.of(t.ordinal()));
      }
    }
    if (!board.waiting()) {
      stopped =
          tries.size() >= config.width()
              || board.cut()
              || answers().stream().anyMatch(Ranking::solved);
      if (!stopped) {
        ThoughtGenerator how = ThoughtGenerator.sample(config.temperature(tries.size()));
        tries.add(new Chains(board, config.depth(), how));
        tries.getLast().begin(1);
      }
    }
    return board.drain();
  }

  private List<Thought> answers() {
    return tries.stream().flatMap(c -> c.answers().stream()).toList();
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    Comparator<Thought> order = Ranking.byScore();
    return Ranking.best(answers(), order);
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    private final boolean warming;

    private Factory(boolean warming) {
      this.warming = warming;
    }

    /** Makes {@code retry}. */
    public static Factory retry() {
      return new Factory(false);
    }

    /** Makes {@code warming}. */
    public static Factory warming() {
      return new Factory(true);
    }

    private Config defaults() {
      return warming ? Config.WARMING : Config.RETRY;
    }

    @Override
    public String description() {
      return warming
          ? "tries again at a rising temperature until the evaluator calls an answer solved"
          : "tries again until the evaluator calls an answer solved";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = defaults();
      List<OptionSpec> all = new ArrayList<>();
      all.add(new OptionSpec("width", "" + d.width(), "most tries, >= 1"));
      all.add(new OptionSpec("depth", "" + d.depth(), "most thoughts in a try, >= 1"));
      all.add(
          new OptionSpec(
              "temperature",
              "" + d.temperature(),
              warming ? "of the last try, 0 or more" : "of sampling, 0 or more"));
      if (warming) {
        all.add(new OptionSpec("from", "" + d.from(), "temperature of the first try, 0 or more"));
      }
      return all;
    }

    @Override
    public SearchStrategy create(Options options) {
      String name = warming ? WARMING : NAME;
      options.requireKnown("strategy " + name, options());
      Config d = defaults();
      double temperature = options.number("temperature", d.temperature(), 0, 100);
      return new Retry(
          name,
          new Config(
              options.integer("width", d.width(), 1),
              options.integer("depth", d.depth(), 1),
              temperature,
              warming ? options.number("from", d.from(), 0, 100) : temperature));
    }
  }
}
