package org.deft4j.search.strategy;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * Token-level beam search: the likeliest whole texts instead of the likeliest next tokens. The best
 * thought that the beam finds is continued by another beam until it answers; of several answers the
 * evaluator takes its favourite, or without one the likeliest wins. Nothing is sampled.
 */
public final class TokenBeam implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "token-beam";

  private final Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private Level level = new Level(board, context, Level.nothingScored(), List.of());
  private final Set<Thought> answers = new HashSet<>();
  private int depth;
  private boolean stopped;

  /**
   * Settings.
   *
   * @param width hypotheses that are kept
   * @param results how many of the beam's best are thoughts; at most {@code width}
   * @param depth most thoughts in a chain
   * @param lengthPenalty a hypothesis of n tokens is ranked by its log-probability divided by
   *     {@code n} to this power
   */
  public record Config(int width, int results, int depth, double lengthPenalty) {
    /** 4 hypotheses, length penalty 1 as in Hugging Face Transformers, all of them thoughts. */
    public static final Config DEFAULT = new Config(4, 4, 64, 1);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("width", width);
      Start.atLeastOne("results", results);
      Start.atLeastOne("depth", depth);
      if (results > width) {
        throw new IllegalArgumentException(
            "results must be at most width, were " + results + " and " + width);
      }
      ThoughtGenerator.TokenBeam unused = new ThoughtGenerator.TokenBeam(width, lengthPenalty);
    }
  }

  /** With default settings. */
  public TokenBeam() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public TokenBeam(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    this.context = context;
    board = new Board(context.root());
    expand(Thought.ROOT);
  }

  private void expand(long from) {
    depth++;
    level = new Level(board, context, Level.nothingScored(), List.of());
    level.expand(
        from,
        config.results(),
        new ThoughtGenerator.TokenBeam(config.width(), config.lengthPenalty()));
  }

  @Override
  public List<Ask> ask(int slots) {
    while (!stopped) {
      level.proceed();
      if (!level.done()) {
        break;
      }
      note();
      // The first of a beam is its best.
      Optional<Thought> best =
          level.candidates().stream()
              .filter(t -> t.answer().isEmpty() && t.expandable())
              .findFirst();
      stopped = !answers.isEmpty() || best.isEmpty() || depth >= config.depth() || board.cut();
      if (!stopped) {
        board.keepOnly(List.of(best.orElseThrow()), PruneReason.OUTRANKED);
        expand(best.orElseThrow().ordinal());
      }
    }
    return board.drain();
  }

  private void note() {
    for (Thought t : level.candidates()) {
      if (t.answer().isPresent()) {
        answers.add(t);
      }
    }
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    return level.candidates().stream()
        .filter(t -> t.answer().isPresent())
        .min(
            context.canEvaluate()
                ? Ranking.byScore()
                : java.util.Comparator.comparingLong(Thought::ordinal));
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "token-level beam search: the likeliest whole texts; nothing is sampled";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.DEFAULT;
      return List.of(
          new OptionSpec("width", "" + d.width(), "hypotheses that are kept, >= 1"),
          new OptionSpec("results", "", "how many become thoughts (default: all of width)"),
          new OptionSpec("depth", "" + d.depth(), "most thoughts in a chain, >= 1"),
          new OptionSpec(
              "length-penalty",
              "" + d.lengthPenalty(),
              "log-probability is divided by the length to this power, 0..10"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      int width = options.integer("width", d.width(), 1);
      return new TokenBeam(
          new Config(
              width,
              options.text("results", "").isEmpty() ? width : options.integer("results", width, 1),
              options.integer("depth", d.depth(), 1),
              options.number("length-penalty", d.lengthPenalty(), 0, 10)));
    }
  }
}
