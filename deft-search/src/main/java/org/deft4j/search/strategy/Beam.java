package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * Beam search over thoughts: of all continuations of the beams the best are the next beams. Answers
 * leave the beam and compete at the end. Without an evaluator the mean log-probability of a path's
 * tokens ranks it.
 */
public final class Beam implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "beam";

  private final Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private final Map<ThoughtState, Long> scored = Level.nothingScored();
  private Level level = new Level(board, context, scored, List.of());
  private final Map<Long, Thought> answers = new HashMap<>();
  private int depth;
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
    PRODUCT
  }

  /**
   * Settings.
   *
   * @param width how many beams live on after a level
   * @param branch how many continuations a beam gets; the first level has width x branch
   * @param depth most levels
   * @param temperature of sampling
   * @param aggregate how the scores along a path become its rank
   */
  public record Config(int width, int branch, int depth, double temperature, Aggregate aggregate) {
    /** 4 beams of 4 continuations at temperature 0.8, ranked by the last score. */
    public static final Config DEFAULT = new Config(4, 4, 40, 0.8, Aggregate.LAST);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("width", width);
      Start.atLeastOne("branch", branch);
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
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
    this.context = context;
    board = new Board(context.root());
    level = new Level(board, context, scored, List.of());
    level.expand(
        Thought.ROOT,
        Math.multiplyExact(config.width(), config.branch()),
        ThoughtGenerator.sample(config.temperature()));
    depth = 1;
  }

  @Override
  public List<Ask> ask(int slots) {
    while (!stopped) {
      level.proceed();
      noteAnswers();
      if (context.proves() && answers.values().stream().anyMatch(Ranking::solved)) {
        stop();
      } else if (!level.done()) {
        break;
      } else {
        next();
      }
    }
    return board.drain();
  }

  private void noteAnswers() {
    for (Thought t : level.candidates()) {
      if (t.answer().isPresent()) {
        answers.put(t.ordinal(), t);
      }
    }
  }

  private void stop() {
    stopped = true;
    board.cancelAll();
  }

  private void next() {
    Map<ThoughtState, Thought> distinct = new HashMap<>();
    List<Thought> ranked =
        level.candidates().stream()
            .filter(t -> t.answer().isEmpty() && t.expandable())
            .sorted(order())
            .filter(t -> distinct.putIfAbsent(t.state(), t) == null)
            .limit(config.width())
            .toList();
    List<Thought> needed = new ArrayList<>(ranked);
    current().ifPresent(needed::add);
    board.keepOnly(needed);
    if (ranked.isEmpty() || depth >= config.depth() || board.cut()) {
      stop();
      return;
    }
    depth++;
    level = new Level(board, context, scored, List.of());
    for (Thought t : ranked) {
      level.expand(t.ordinal(), config.branch(), ThoughtGenerator.sample(config.temperature()));
    }
  }

  private Comparator<Thought> order() {
    return Comparator.comparing(Ranking::solved, Comparator.reverseOrder())
        .thenComparingDouble(t -> -rank(t))
        .thenComparingLong(Thought::ordinal);
  }

  private double rank(Thought last) {
    List<Thought> path = new ArrayList<>();
    for (Thought t = last; !t.isRoot(); t = board.thought(t.parent())) {
      path.add(t);
    }
    if (!context.canEvaluate()) {
      int tokens = path.stream().mapToInt(Thought::tokens).sum();
      return path.stream().mapToDouble(Thought::logProb).sum() / Math.max(1, tokens);
    }
    return switch (config.aggregate()) {
      case LAST -> Ranking.value(last);
      case MEAN -> path.stream().mapToDouble(Ranking::value).average().orElse(0);
      case MIN -> path.stream().mapToDouble(Ranking::value).min().orElse(0);
      case PRODUCT -> path.stream().mapToDouble(Ranking::value).reduce(1, (a, b) -> a * b);
    };
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    noteAnswers();
    return answers.values().stream().min(order());
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "of all continuations of the beams the best are the next beams";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.DEFAULT;
      return List.of(
          new OptionSpec("width", "" + d.width(), "beams that live on after a level, >= 1"),
          new OptionSpec("branch", "" + d.branch(), "continuations of each beam, >= 1"),
          new OptionSpec("depth", "" + d.depth(), "most levels, >= 1"),
          new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"),
          new OptionSpec("aggregate", "last", "scores along a path: last, mean, min or product"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      return new Beam(
          new Config(
              options.integer("width", d.width(), 1),
              options.integer("branch", d.branch(), 1),
              options.integer("depth", d.depth(), 1),
              options.number("temperature", d.temperature(), 0, 100),
              options.choice("aggregate", d.aggregate(), Aggregate.class)));
    }
  }
}
