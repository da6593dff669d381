package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;
import org.deft4j.search.strategy.ThoughtGenerator.Sampling;
import org.deft4j.tree.DeftException;

/**
 * Tree of thoughts, breadth first (Yao et al., 2023): each level makes a number of thoughts, an
 * evaluator scores them, the best few are kept and continued.
 *
 * <p>Where the thoughts kept are answers already, a level improves them, and a share of it starts
 * afresh from the problem; the best answer so far always stays in the race. The search ends at the
 * first answer that the evaluator proves, at the end of a level whose best answer it calls solved,
 * or after the last level.
 */
public final class TotBfs implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "tot-bfs";

  private final Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private final Map<ThoughtState, Long> scored = Level.nothingScored();
  private Level level = new Level(board, context, scored, List.of());
  private int depth;
  private boolean stopped;

  /** How a level's thoughts are made. */
  public enum Generate {
    /** Independent samples. */
    SAMPLE,
    /** One answer that lists them. */
    PROPOSE
  }

  /**
   * Settings.
   *
   * @param width thoughts of a level, over all states that are continued
   * @param first thoughts of the first level, 0 for {@code width}; 1 tries the likeliest answer
   *     alone and widens only if it is not solved
   * @param keep states kept after a level
   * @param depth most levels
   * @param temperature of sampling
   * @param generate how thoughts are made
   * @param greedyFirst whether one thought of the first level is decoded greedily
   * @param resample share of a level that starts afresh where it would improve answers, in 0..1
   */
  public record Config(
      int width,
      int first,
      int keep,
      int depth,
      double temperature,
      Generate generate,
      boolean greedyFirst,
      double resample) {
    /** 10 thoughts a level, 3 kept, 5 levels, temperature 0.7, half of the later ones fresh. */
    public static final Config DEFAULT = new Config(10, 0, 3, 5, 0.7, Generate.SAMPLE, true, 0.5);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("width", width);
      if (first < 0) {
        throw new IllegalArgumentException("first must be at least 0, was " + first);
      }
      Start.atLeastOne("keep", keep);
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
      if (!(resample >= 0 && resample <= 1)) {
        throw new IllegalArgumentException("resample must be in 0..1, was " + resample);
      }
    }
  }

  /** With default settings. */
  public TotBfs() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public TotBfs(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsEvaluator(NAME, context);
    if (config.generate() == Generate.PROPOSE && !context.canPropose()) {
      throw new DeftException(
          DeftException.USAGE,
          "this task cannot list thoughts for this model: use generate=sample");
    }
    this.context = context;
    board = new Board(context.root());
    level = new Level(board, context, scored, List.of());
    depth = 1;
    int sampled = config.first() == 0 ? config.width() : config.first();
    if (config.greedyFirst() && config.generate() == Generate.SAMPLE) {
      level.expand(Thought.ROOT, 1, ThoughtGenerator.greedy());
      sampled--;
    }
    if (sampled > 0) {
      level.expand(Thought.ROOT, sampled, how());
    }
  }

  private ThoughtGenerator how() {
    Sampling sampling = Sampling.GREEDY.withTemperature(config.temperature());
    return config.generate() == Generate.PROPOSE
        ? new ThoughtGenerator.Propose(sampling)
        : new ThoughtGenerator.Sample(sampling);
  }

  @Override
  public List<Ask> ask(int slots) {
    while (!stopped) {
      level.proceed();
      if (context.proves() && answers().stream().anyMatch(Ranking::solved)) {
        stop();
      } else if (!level.done()) {
        break;
      } else {
        next();
      }
    }
    return board.drain();
  }

  private void stop() {
    stopped = true;
    board.cancelAll();
  }

  private void next() {
    Optional<Thought> best = current();
    if (best.filter(Ranking::solved).isPresent() || depth >= config.depth() || board.cut()) {
      stop();
      return;
    }
    List<Thought> kept = select();
    List<Thought> needed = new ArrayList<>(kept);
    best.ifPresent(needed::add);
    boolean refining = kept.stream().allMatch(t -> t.answer().isPresent());
    List<Thought> continued = kept.stream().filter(Thought::expandable).toList();
    int fresh = !refining ? 0 : continued.isEmpty() ? config.width() : freshShare();
    if (continued.isEmpty() && (!refining || config.resample() == 0)) {
      stop();
      return;
    }
    board.keepOnly(needed, PruneReason.OUTRANKED);
    depth++;
    level = new Level(board, context, scored, refining ? kept : List.of());
    if (fresh > 0) {
      level.expand(Thought.ROOT, fresh, how());
    }
    int rest = config.width() - fresh;
    for (int i = 0; i < continued.size(); i++) {
      // Better ranked states get the thoughts that do not divide evenly.
      int share = rest / continued.size() + (i < rest % continued.size() ? 1 : 0);
      if (share > 0) {
        level.expand(continued.get(i).ordinal(), share, how());
      }
    }
  }

  private int freshShare() {
    return (int) Math.round(config.width() * config.resample());
  }

  /** The best states of the level, each once. */
  private List<Thought> select() {
    Set<ThoughtState> states = new HashSet<>();
    return level.candidates().stream()
        .sorted(order())
        .filter(t -> states.add(t.state()))
        .limit(config.keep())
        .toList();
  }

  private Comparator<Thought> order() {
    // A proof needs no votes, and a comparing evaluator has counted them.
    return context.proves() || context.joint()
        ? Ranking.byScore()
        : Ranking.byWeightedVotes(voters());
  }

  private List<Thought> voters() {
    return board.thoughts().stream().map(this::withScoreOfState).toList();
  }

  private List<Thought> answers() {
    return voters().stream().filter(t -> t.answer().isPresent()).toList();
  }

  private Thought withScoreOfState(Thought t) {
    Long by = t.score().isPresent() ? null : scored.get(t.state());
    return by == null ? t : board.thought(by).score().map(t::withScore).orElse(t);
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    // Shares of a vote compare within a level only: the last one that was scored decides.
    if (context.joint()) {
      Optional<Thought> here =
          Ranking.best(
              level.candidates().stream().filter(t -> t.score().isPresent()).toList(), order());
      if (here.isPresent()) {
        return here;
      }
    }
    return Ranking.best(answers(), order());
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "tree of thoughts, breadth first: a level of thoughts, the best few kept and"
          + " continued";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.DEFAULT;
      return List.of(
          new OptionSpec("width", "" + d.width(), "thoughts of a level, >= 1"),
          new OptionSpec("first", "" + d.first(), "thoughts of the first level, 0 for width"),
          new OptionSpec("keep", "" + d.keep(), "states kept after a level, >= 1"),
          new OptionSpec("depth", "" + d.depth(), "most levels, >= 1"),
          new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"),
          new OptionSpec("generate", "sample", "how thoughts are made: sample or propose"),
          new OptionSpec(
              "greedy-first",
              "" + d.greedyFirst(),
              "whether one thought of the first level is decoded greedily"),
          new OptionSpec(
              "resample",
              "" + d.resample(),
              "share of a level that starts afresh where it would improve answers, 0..1"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      return new TotBfs(
          new Config(
              options.integer("width", d.width(), 1),
              options.integer("first", d.first(), 0),
              options.integer("keep", d.keep(), 1),
              options.integer("depth", d.depth(), 1),
              options.number("temperature", d.temperature(), 0, 100),
              options.choice("generate", d.generate(), Generate.class),
              options.flag("greedy-first", d.greedyFirst()),
              options.number("resample", d.resample(), 0, 1)));
    }
  }
}
