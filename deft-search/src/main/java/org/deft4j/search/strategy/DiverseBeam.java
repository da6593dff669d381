package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
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

/**
 * Diverse beam search (Vijayakumar et al., 2016) over thoughts: the beams stand in groups, and a
 * group pays for thoughts that are like those which earlier groups have chosen on the same level.
 * Likeness is the cosine of character triples of the thoughts' texts; for tokens the paper counts
 * equal ones.
 */
public final class DiverseBeam implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "diverse-beam";

  private final Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private final Map<ThoughtState, Long> scored = Level.nothingScored();
  private final Map<Long, Thought> answers = new HashMap<>();
  private List<Level> groups = List.of();
  private int depth;
  private boolean stopped;

  /**
   * Settings.
   *
   * @param width how many beams live on after a level, over all groups
   * @param groups how many groups; divides the width
   * @param branch how many continuations a beam gets
   * @param depth most levels
   * @param temperature of sampling
   * @param penalty what full likeness to an earlier group's choice costs, in units of the score
   */
  public record Config(
      int width, int groups, int branch, int depth, double temperature, double penalty) {
    /** 4 groups of one beam with 4 continuations, penalty 0.5 as in the paper. */
    public static final Config DEFAULT = new Config(4, 4, 4, 40, 0.8, 0.5);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("width", width);
      Start.atLeastOne("groups", groups);
      Start.atLeastOne("branch", branch);
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
      Start.atLeastZero("penalty", penalty);
      if (width % groups != 0) {
        throw new IllegalArgumentException(
            "groups must divide width, were " + groups + " and " + width);
      }
    }
  }

  /** With default settings. */
  public DiverseBeam() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public DiverseBeam(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsEvaluator(NAME, context);
    this.context = context;
    board = new Board(context.root());
    List<List<Thought>> none = new ArrayList<>();
    for (int g = 0; g < config.groups(); g++) {
      none.add(List.of());
    }
    grow(none);
  }

  /** The next level: below these, or below the root where there are none. */
  private void grow(List<List<Thought>> kept) {
    List<Level> next = new ArrayList<>();
    ThoughtGenerator how = ThoughtGenerator.sample(config.temperature());
    for (List<Thought> beams : kept) {
      Level level = new Level(board, context, scored, List.of());
      if (depth == 0) {
        level.expand(Thought.ROOT, config.width() / config.groups() * config.branch(), how);
      }
      beams.forEach(t -> level.expand(t.ordinal(), config.branch(), how));
      next.add(level);
    }
    groups = next;
    depth++;
  }

  @Override
  public List<Ask> ask(int slots) {
    while (!stopped) {
      groups.forEach(Level::proceed);
      note();
      if (context.proves() && answers.values().stream().anyMatch(Ranking::solved)) {
        stop();
      } else if (!groups.stream().allMatch(Level::done)) {
        break;
      } else {
        next();
      }
    }
    return board.drain();
  }

  private void note() {
    for (Level level : groups) {
      for (Thought t : level.candidates()) {
        if (t.answer().isPresent()) {
          answers.put(t.ordinal(), t);
        }
      }
    }
  }

  private void stop() {
    stopped = true;
    board.cancelAll();
  }

  private void next() {
    List<Ngrams> chosen = new ArrayList<>();
    List<List<Thought>> kept = new ArrayList<>();
    Set<Long> living = new HashSet<>();
    for (Level level : groups) {
      List<Thought> mine = select(level, chosen);
      mine.forEach(t -> {
        chosen.add(Ngrams.of(t.text()));
        living.add(t.ordinal());
      });
      kept.add(mine);
    }
    for (int i = 0; i < kept.size(); i++) {
      for (Thought t : groups.get(i).candidates()) {
        if (!living.contains(t.ordinal())) {
          board.prune(t.ordinal(), PruneReason.of(t, kept.get(i)));
        }
      }
    }
    if (living.isEmpty() || depth >= config.depth() || board.cut()) {
      stop();
    } else {
      grow(kept);
    }
  }

  private List<Thought> select(Level level, List<Ngrams> chosen) {
    Map<Long, Double> ranks = new HashMap<>();
    Set<ThoughtState> distinct = new HashSet<>();
    List<Thought> candidates =
        level.candidates().stream()
            .filter(t -> t.answer().isEmpty() && t.expandable())
            .filter(t -> distinct.add(t.state()))
            .toList();
    for (Thought t : candidates) {
      Ngrams text = Ngrams.of(t.text());
      double likeness = chosen.stream().mapToDouble(text::similarity).max().orElse(0);
      ranks.put(t.ordinal(), Ranking.value(t) - config.penalty() * likeness);
    }
    return candidates.stream()
        .sorted(
            Comparator.<Thought>comparingDouble(t -> -ranks.getOrDefault(t.ordinal(), 0.0))
                .thenComparingLong(Thought::ordinal))
        .limit(config.width() / config.groups())
        .toList();
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    note();
    return answers.values().stream().min(Ranking.byScore());
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "beams in groups; a group pays for thoughts like those that earlier groups chose";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.DEFAULT;
      return List.of(
          new OptionSpec("width", "" + d.width(), "beams that live on after a level, >= 1"),
          new OptionSpec("groups", "", "groups of beams, divides width (default: one a beam)"),
          new OptionSpec("branch", "" + d.branch(), "continuations of each beam, >= 1"),
          new OptionSpec("depth", "" + d.depth(), "most levels, >= 1"),
          new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"),
          new OptionSpec(
              "penalty", "" + d.penalty(), "what full likeness to an earlier choice costs, >= 0"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      int width = options.integer("width", d.width(), 1);
      return new DiverseBeam(
          new Config(
              width,
              options.text("groups", "").isEmpty() ? width : options.integer("groups", width, 1),
              options.integer("branch", d.branch(), 1),
              options.integer("depth", d.depth(), 1),
              options.number("temperature", d.temperature(), 0, 100),
              options.number("penalty", d.penalty(), 0, 1e9)));
    }
  }
}
