package org.deft4j.search.strategy;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
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
import org.deft4j.search.strategy.TotBfs.Generate;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Tree of thoughts, depth first (Yao et al., 2023, algorithm 2): the continuations of a state are
 * scored, those below a threshold are pruned, the best is entered first, and the search backtracks
 * where nothing is left. A state is entered once, however it was reached.
 *
 * <p>Backtracking frees a subtree; siblings that still wait stay where they are. The search ends at
 * an answer that the evaluator calls solved, when all is explored, or after a number of states.
 */
public final class TotDfs implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "tot-dfs";

  private final Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private final Deque<Frame> stack = new ArrayDeque<>();
  private final Map<ThoughtState, Long> scored = Level.nothingScored();
  private final Set<ThoughtState> entered = new HashSet<>();
  private final Map<Long, Thought> answers = new HashMap<>();
  private int steps;
  private boolean stopped;

  /** A state whose continuations are being tried. */
  private static final class Frame {
    final Thought at;
    final Level level;

    /** Continuations not tried yet, best first; null until they are scored. */
    @Nullable Deque<Thought> rest;

    Frame(Thought at, Level level) {
      this.at = at;
      this.level = level;
    }
  }

  /**
   * Settings.
   *
   * @param width continuations made of a state
   * @param keep how many of them are tried, best first
   * @param depth most thoughts on a path
   * @param steps most states that are continued
   * @param threshold continuations scored below it are pruned, in 0..1
   * @param temperature of sampling
   * @param generate how thoughts are made
   */
  public record Config(
      int width,
      int keep,
      int depth,
      int steps,
      double threshold,
      double temperature,
      Generate generate) {
    /** 8 continuations, 3 tried, 100 states, as in the crosswords of the paper. */
    public static final Config DEFAULT = new Config(8, 3, 20, 100, 0.05, 0.7, Generate.SAMPLE);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("width", width);
      Start.atLeastOne("keep", keep);
      Start.atLeastOne("depth", depth);
      Start.atLeastOne("steps", steps);
      Start.share("threshold", threshold);
      Start.temperature(temperature);
    }
  }

  /** With default settings. */
  public TotDfs() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public TotDfs(Config config) {
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
    enter(context.root());
  }

  private void enter(Thought at) {
    entered.add(at.state());
    steps++;
    Level level = new Level(board, context, scored, List.of());
    ThoughtGenerator sample = ThoughtGenerator.sample(config.temperature());
    level.expand(
        at.ordinal(),
        config.width(),
        config.generate() == Generate.PROPOSE
            ? new ThoughtGenerator.Propose(sample.sampling())
            : sample);
    stack.push(new Frame(at, level));
  }

  @Override
  public List<Ask> ask(int slots) {
    while (!stopped) {
      Frame top = stack.peek();
      if (top == null) {
        stop();
        break;
      }
      top.level.proceed();
      note(top.level);
      boolean solved = answers.values().stream().anyMatch(Ranking::solved);
      if (solved && (context.proves() || top.level.done())) {
        stop();
      } else if (!top.level.done()) {
        break;
      } else if (board.cut()) {
        stop();
      } else {
        advance(top);
      }
    }
    return board.drain();
  }

  private void note(Level level) {
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

  private void advance(Frame top) {
    Deque<Thought> rest = top.rest;
    if (rest == null) {
      rest = new ArrayDeque<>(select(top.level));
      top.rest = rest;
      for (Thought t : top.level.candidates()) {
        if (rest.stream().noneMatch(kept -> kept.ordinal() == t.ordinal())) {
          board.prune(t.ordinal(), reason(t, rest));
        }
      }
    }
    Thought next = rest.poll();
    if (next == null) {
      stack.pop();
      if (!top.at.isRoot()) {
        board.prune(top.at.ordinal(), PruneReason.EXPLORED);
      }
    } else if (steps >= config.steps()) {
      stop();
    } else if (!entered.contains(next.state())) {
      enter(next);
    }
  }

  private PruneReason reason(Thought t, Collection<Thought> kept) {
    if (!t.expandable() || t.depth() >= config.depth()) {
      return PruneReason.ENDED;
    }
    if (Ranking.value(t) < config.threshold()) {
      return PruneReason.BELOW_THRESHOLD;
    }
    return entered.contains(t.state()) ? PruneReason.REPEATED : PruneReason.of(t, kept);
  }

  private List<Thought> select(Level level) {
    Set<ThoughtState> states = new HashSet<>();
    return level.candidates().stream()
        .filter(t -> t.expandable() && t.depth() < config.depth())
        .filter(t -> Ranking.value(t) >= config.threshold() && !entered.contains(t.state()))
        .sorted(Ranking.byScore())
        .filter(t -> states.add(t.state()))
        .limit(config.keep())
        .toList();
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    if (!stack.isEmpty()) {
      note(stack.peek().level);
    }
    return answers.values().stream().min(Ranking.byScore());
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "tree of thoughts, depth first: the best continuation is entered first, bad ones are"
          + " pruned, dead ends backtrack";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.DEFAULT;
      return List.of(
          new OptionSpec("width", "" + d.width(), "continuations made of a state, >= 1"),
          new OptionSpec("keep", "" + d.keep(), "how many of them are tried, best first, >= 1"),
          new OptionSpec("depth", "" + d.depth(), "most thoughts on a path, >= 1"),
          new OptionSpec("steps", "" + d.steps(), "most states that are continued, >= 1"),
          new OptionSpec(
              "threshold", "" + d.threshold(), "continuations scored below are pruned, 0..1"),
          new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"),
          new OptionSpec("generate", "sample", "how thoughts are made: sample or propose"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      return new TotDfs(
          new Config(
              options.integer("width", d.width(), 1),
              options.integer("keep", d.keep(), 1),
              options.integer("depth", d.depth(), 1),
              options.integer("steps", d.steps(), 1),
              options.number("threshold", d.threshold(), 0, 1),
              options.number("temperature", d.temperature(), 0, 100),
              options.choice("generate", d.generate(), Generate.class)));
    }
  }
}
