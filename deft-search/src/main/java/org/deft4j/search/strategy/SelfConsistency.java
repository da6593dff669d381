package org.deft4j.search.strategy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * Samples n answers and takes the commonest (Wang et al., 2022); needs no evaluator. The score of
 * its answer is its share of all samples. It stops sampling once no other answer can win.
 */
public final class SelfConsistency implements SearchStrategy {
  /** The name under which its scores are reported. */
  public static final String NAME = "self-consistency";

  private final Config config;
  private Board board = new Board(Start.ROOT);
  private Chains chains = new Chains(board, 0, ThoughtGenerator.greedy());
  private boolean stopped;

  /**
   * Settings.
   *
   * @param width how many answers are sampled
   * @param depth most thoughts in a chain
   * @param temperature of sampling
   */
  public record Config(int width, int depth, double temperature) {
    /** 10 answers at temperature 0.7. */
    public static final Config DEFAULT = new Config(10, 64, 0.7);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("width", width);
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
    }
  }

  /** With default settings. */
  public SelfConsistency() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public SelfConsistency(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    board = new Board(context.root());
    chains = new Chains(board, config.depth(), ThoughtGenerator.sample(config.temperature()));
    chains.begin(config.width());
  }

  @Override
  public List<Ask> ask(int slots) {
    if (!stopped) {
      if (decided()) {
        stopped = true;
        board.cancelAll();
      } else {
        chains.proceed();
      }
    }
    return board.drain();
  }

  /** Whether the leader wins whatever the samples that are missing will say. */
  private boolean decided() {
    List<Integer> votes =
        votes().values().stream().sorted(java.util.Comparator.reverseOrder()).toList();
    if (votes.isEmpty()) {
      return false;
    }
    int given = votes.stream().mapToInt(Integer::intValue).sum();
    int second = votes.size() > 1 ? votes.get(1) : 0;
    return board.waiting() && votes.get(0) > second + (config.width() - given);
  }

  private Map<String, Integer> votes() {
    Map<String, Integer> votes = new HashMap<>();
    for (Thought t : chains.answers()) {
      votes.merge(t.answer().orElseThrow(), 1, Integer::sum);
    }
    return votes;
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    Map<String, Integer> votes = votes();
    return chains.answers().stream()
        .map(t ->
            t.withScore(
                new Score(
                    votes.getOrDefault(t.answer().orElseThrow(), 0) / (double) config.width(),
                    false,
                    NAME)))
        .min(Ranking.byScore());
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "samples n answers and takes the commonest; needs no evaluator";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(
          new OptionSpec("width", "" + Config.DEFAULT.width(), "answers sampled, >= 1"),
          new OptionSpec("depth", "" + Config.DEFAULT.depth(), "most thoughts in a chain, >= 1"),
          new OptionSpec(
              "temperature", "" + Config.DEFAULT.temperature(), "of sampling, 0 or more"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      return new SelfConsistency(
          new Config(
              options.integer("width", d.width(), 1),
              options.integer("depth", d.depth(), 1),
              options.number("temperature", d.temperature(), 0, 100)));
    }
  }
}
