package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * Monte Carlo tree search over thoughts. A simulation descends by upper confidence bounds, adds one
 * thought, has it scored (or the end of a rollout from it) and passes the value up.
 *
 * <p>Simulations in flight count as visits without a value (WU-UCT), so that many at once build
 * nearly the tree that one at a time would; a thought that has no value yet is waited for where it
 * might be the one to enter.
 *
 * <p>{@code iterations} counts thoughts, where a search with fixed actions counts expansions.
 */
public final class Mcts implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "mcts";

  private final Config config;
  private final FlatTree tree = new FlatTree(Thought.ROOT);
  private final UctPolicy policy;
  private Optional<Simulations> simulations = Optional.empty();

  /** How children are ranked. */
  public enum Selection {
    /** Upper confidence bounds on trees (Kocsis and Szepesvari, 2006). */
    UCT,
    /** With the model's probability of a thought as prior (AlphaZero). */
    PUCT
  }

  /** What a node is worth. */
  public enum Backup {
    /** The mean of its simulations. */
    MEAN,
    /** The best of them. */
    MAX
  }

  /** How simulations that are in flight count. */
  public enum Parallel {
    /** As visits without a value. */
    WU,
    /** As visits of value 0. */
    VIRTUAL_LOSS
  }

  /** How a new thought is played out before it is scored. */
  public enum Rollout {
    /** Not at all. */
    NONE,
    /** The likeliest continuation. */
    GREEDY,
    /** A sampled continuation. */
    SAMPLE
  }

  /**
   * Settings.
   *
   * @param iterations most simulations
   * @param parallel most simulations in flight
   * @param width k of widening: a node of N visits has up to {@code k N^alpha} samples
   * @param alpha alpha of widening; 0 for a fixed number of {@code width} samples
   * @param depth most thoughts on a path
   * @param selection how children are ranked
   * @param exploration weight of the exploration term
   * @param backup what a node is worth
   * @param discount what a value keeps of itself on each level up, in 0..1
   * @param inFlight how simulations in flight count
   * @param detour whether a simulation takes the next best way where the best leads to a thought
   *     that has no value yet: more in flight, a broader tree; else it waits
   * @param rollout how a new thought is played out
   * @param rolloutDepth most thoughts of a rollout
   * @param temperature of sampling
   */
  public record Config(
      int iterations,
      int parallel,
      double width,
      double alpha,
      int depth,
      Selection selection,
      double exploration,
      Backup backup,
      double discount,
      Parallel inFlight,
      boolean detour,
      Rollout rollout,
      int rolloutDepth,
      double temperature) {
    /** 64 simulations, UCT of weight 1, mean backup, widening 2 N^0.5, 5 levels, no rollout. */
    public static final Config DEFAULT =
        new Config(
            64,
            16,
            2,
            0.5,
            5,
            Selection.UCT,
            1,
            Backup.MEAN,
            1,
            Parallel.WU,
            false,
            Rollout.NONE,
            5,
            0.8);

    /** Checks ranges. */
    public Config {
      UctPolicy.Rule unused =
          new UctPolicy.Rule(false, exploration, false, discount, false, false, width, alpha);
      Simulations.Settings unused2 =
          new Simulations.Settings(
              iterations, parallel, 1, depth, temperature, Simulations.Rollout.NONE, rolloutDepth);
    }

    /** These settings with another number of simulations, of which so many are in flight. */
    public Config withIterations(int all, int atOnce) {
      return new Config(
          all,
          atOnce,
          width,
          alpha,
          depth,
          selection,
          exploration,
          backup,
          discount,
          inFlight,
          detour,
          rollout,
          rolloutDepth,
          temperature);
    }
  }

  /** With default settings. */
  public Mcts() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public Mcts(Config config) {
    this.config = config;
    this.policy =
        new UctPolicy(
            tree,
            new UctPolicy.Rule(
                config.selection() == Selection.PUCT,
                config.exploration(),
                config.backup() == Backup.MAX,
                config.discount(),
                config.inFlight() == Parallel.VIRTUAL_LOSS,
                config.detour(),
                config.width(),
                config.alpha()));
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsScores(NAME, context);
    simulations =
        Optional.of(
            new Simulations(
                context,
                new Simulations.Settings(
                    config.iterations(),
                    config.parallel(),
                    Double.POSITIVE_INFINITY,
                    config.depth(),
                    config.temperature(),
                    switch (config.rollout()) {
                      case NONE -> Simulations.Rollout.NONE;
                      case GREEDY -> Simulations.Rollout.GREEDY;
                      case SAMPLE -> Simulations.Rollout.SAMPLE;
                    },
                    config.rolloutDepth()),
                tree,
                policy));
  }

  @Override
  public List<Ask> ask(int slots) {
    return simulations.orElseThrow().ask(slots);
  }

  @Override
  public void tell(Told result) {
    simulations.orElseThrow().tell(result);
  }

  @Override
  public Optional<Thought> current() {
    return simulations.flatMap(Simulations::current);
  }

  /** The tree, for tests. */
  FlatTree tree() {
    return tree;
  }

  /** The policy, for tests. */
  UctPolicy policy() {
    return policy;
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "Monte Carlo tree search: UCT or PUCT, many simulations at once";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.DEFAULT;
      List<OptionSpec> all = new ArrayList<>();
      all.add(new OptionSpec("iterations", "" + d.iterations(), "most simulations, >= 1"));
      all.add(new OptionSpec("parallel", "" + d.parallel(), "most of them in flight, >= 1"));
      all.add(
          new OptionSpec(
              "width", "" + d.width(), "k: a node of N visits has k N^alpha samples, >= 1"));
      all.add(new OptionSpec("alpha", "" + d.alpha(), "see width; 0 for k samples, 0..1"));
      all.add(new OptionSpec("depth", "" + d.depth(), "most thoughts on a path, >= 1"));
      all.add(new OptionSpec("selection", "uct", "how children are ranked: uct or puct"));
      all.add(new OptionSpec("exploration", "" + d.exploration(), "weight of exploration, >= 0"));
      all.add(
          new OptionSpec("backup", "mean", "a node is worth its simulations' mean or their max"));
      all.add(
          new OptionSpec("discount", "" + d.discount(), "what a value keeps on each level, 0..1"));
      all.add(
          new OptionSpec(
              "in-flight",
              "wu",
              "simulations in flight count as visits without a value (wu) or of value 0"
                  + " (virtual-loss)"));
      all.add(
          new OptionSpec(
              "detour",
              "" + d.detour(),
              "whether to take the next best way where the best waits for a value"));
      all.add(
          new OptionSpec(
              "rollout", "none", "how a thought is played out to score it: none, greedy, sample"));
      all.add(new OptionSpec("rollout-depth", "" + d.rolloutDepth(), "most thoughts of a rollout"));
      all.add(new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"));
      return all;
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      return new Mcts(
          new Config(
              options.integer("iterations", d.iterations(), 1),
              options.integer("parallel", d.parallel(), 1),
              options.number("width", d.width(), 1, 1e9),
              options.number("alpha", d.alpha(), 0, 1),
              options.integer("depth", d.depth(), 1),
              options.choice("selection", d.selection(), Selection.class),
              options.number("exploration", d.exploration(), 0, 1e9),
              options.choice("backup", d.backup(), Backup.class),
              options.number("discount", d.discount(), 0, 1),
              options.choice("in-flight", d.inFlight(), Parallel.class),
              options.flag("detour", d.detour()),
              options.choice("rollout", d.rollout(), Rollout.class),
              options.integer("rollout-depth", d.rolloutDepth(), 1),
              options.number("temperature", d.temperature(), 0, 100)));
    }
  }
}
