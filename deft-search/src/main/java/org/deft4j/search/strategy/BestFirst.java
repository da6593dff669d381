package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * Best-first search: the thought of the highest value that is still open is continued next; ties go
 * to the shallower, then the older one. With a {@code cost} a thought it is A* with the evaluator
 * as heuristic: {@code f = value - cost * depth}. Several thoughts are continued at once, none
 * waits for another. A state that comes up again is not opened again.
 */
public final class BestFirst implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "best-first";

  /** What a level and an ordinal take off an equal rank: far less than scores differ by. */
  private static final double SHALLOWER = 1e-6;

  private static final double OLDER = 1e-12;

  private final Config config;
  private Board board = new Board(Start.ROOT);
  private final PriorityQueue<Thought> open =
      new PriorityQueue<>(
          Comparator.<Thought>comparingDouble(t -> -rank(t))
              .thenComparingInt(Thought::depth)
              .thenComparingLong(Thought::ordinal));
  private final Map<Long, Double> waiting = new HashMap<>();
  private final List<Long> growing = new ArrayList<>();
  private final Map<Long, Long> scoring = new HashMap<>();
  private final Set<Long> seen = new HashSet<>();
  private final Set<ThoughtState> states = new HashSet<>();
  private Optional<Thought> best = Optional.empty();
  private int expansions;
  private boolean stopped;

  /**
   * Settings.
   *
   * @param width most thoughts that are continued at once
   * @param branch continuations of a thought
   * @param depth most thoughts on a path
   * @param steps most thoughts that are continued
   * @param cost what a thought on the path takes off its value; 0 for pure best-first
   * @param temperature of sampling
   */
  public record Config(
      int width, int branch, int depth, int steps, double cost, double temperature) {
    /** 4 at once of 4 continuations each, 64 in all. */
    public static final Config DEFAULT = new Config(4, 4, 40, 64, 0, 0.8);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("width", width);
      Start.atLeastOne("branch", branch);
      Start.atLeastOne("depth", depth);
      Start.atLeastOne("steps", steps);
      Start.atLeastZero("cost", cost);
      Start.temperature(temperature);
    }
  }

  /** With default settings. */
  public BestFirst() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public BestFirst(Config config) {
    this.config = config;
  }

  private double rank(Thought t) {
    return Ranking.value(t) - config.cost() * t.depth();
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsScores(NAME, context);
    board = new Board(context.root());
    states.add(context.root().state());
    open.add(context.root());
  }

  @Override
  public List<Ask> ask(int slots) {
    if (!stopped) {
      growing.removeIf(ask -> {
        evaluate(ask);
        return board.done(ask);
      });
      for (long ask : List.copyOf(new java.util.TreeMap<>(scoring).keySet())) {
        if (board.done(ask)) {
          opened(board.thought(scoring.getOrDefault(ask, Thought.ROOT)));
          scoring.remove(ask);
        }
      }
      if (best.filter(Ranking::solved).isPresent() || board.cut()) {
        stopped = true;
        board.cancelAll();
      } else {
        expand(slots);
      }
    }
    return board.drain();
  }

  private void evaluate(long ask) {
    for (Thought t : board.results(List.of(ask))) {
      if (seen.add(t.ordinal()) && !t.dead()) {
        if (states.add(t.state())) {
          scoring.put(board.evaluate(List.of(t.ordinal())), t.ordinal());
        } else {
          board.prune(t.ordinal(), PruneReason.REPEATED);
        }
      }
    }
  }

  private void opened(Thought t) {
    if (t.answer().isPresent()) {
      best = best.filter(b -> Ranking.byScore().compare(b, t) <= 0).or(() -> Optional.of(t));
    }
    if (t.expandable() && t.depth() < config.depth()) {
      open.add(t);
      waiting.put(t.ordinal(), rank(t) - SHALLOWER * t.depth() - OLDER * t.ordinal());
    }
  }

  /**
   * Its rank among the open thoughts, with ties in the order of the queue; what was continued
   * already is never come back to.
   */
  @Override
  public double revisitValue(long thought) {
    if (scoring.containsValue(thought)) {
      return Double.MAX_VALUE;
    }
    return waiting.getOrDefault(thought, -Double.MAX_VALUE);
  }

  private void expand(int slots) {
    int free = Math.max(slots, growing.isEmpty() ? 1 : 0);
    while (growing.size() < config.width()
        && free > 0
        && !open.isEmpty()
        && expansions < config.steps()) {
      // A thought that is being scored may turn out better than what is open.
      if (!scoring.isEmpty() && growing.isEmpty() && config.width() == 1) {
        return;
      }
      Thought t = open.remove();
      waiting.remove(t.ordinal());
      expansions++;
      free -= config.branch();
      growing.add(
          board.expand(
              t.ordinal(), config.branch(), ThoughtGenerator.sample(config.temperature())));
    }
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    // Answers count from their growth on, scored or not.
    Set<ThoughtState> known = new HashSet<>();
    List<Thought> fresh = new ArrayList<>();
    for (Thought t : board.results(growing)) {
      if (t.answer().isPresent() && known.add(t.state())) {
        fresh.add(t);
      }
    }
    for (long ordinal : scoring.values()) {
      Thought t = board.thought(ordinal);
      if (t.answer().isPresent()) {
        fresh.add(t);
      }
    }
    best.ifPresent(fresh::add);
    return Ranking.best(fresh, Ranking.byScore());
  }

  @Override
  public void finish() {
    expansions = config.steps();
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "continues the best open thought next, wherever it is; with a cost it is A*";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.DEFAULT;
      return List.of(
          new OptionSpec("width", "" + d.width(), "thoughts continued at once, >= 1"),
          new OptionSpec("branch", "" + d.branch(), "continuations of a thought, >= 1"),
          new OptionSpec("depth", "" + d.depth(), "most thoughts on a path, >= 1"),
          new OptionSpec("steps", "" + d.steps(), "most thoughts that are continued, >= 1"),
          new OptionSpec(
              "cost", "" + d.cost(), "what a thought on the path takes off its value, >= 0"),
          new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      return new BestFirst(
          new Config(
              options.integer("width", d.width(), 1),
              options.integer("branch", d.branch(), 1),
              options.integer("depth", d.depth(), 1),
              options.integer("steps", d.steps(), 1),
              options.number("cost", d.cost(), 0, 1e9),
              options.number("temperature", d.temperature(), 0, 100)));
    }
  }
}
