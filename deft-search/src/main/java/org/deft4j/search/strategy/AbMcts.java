package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * Adaptive branching Monte Carlo tree search (Inoue et al., 2025): at every node a Thompson draw
 * decides between making another child, wider, and entering one that is there, deeper. {@code
 * ab-mcts-a} draws from conjugate posteriors ({@link ThompsonPolicy}), {@code ab-mcts-m} from a
 * hierarchical model ({@link HierarchicalPolicy}).
 *
 * <p>Simulations in flight count as scores at the expected value ({@code fantasy}), and there are
 * never more of them than a part of those that have ended ({@code ramp}), so that many at once
 * build the tree that one at a time would. A draw that would enter a thought without a value waits.
 */
public final class AbMcts implements SearchStrategy {
  /** The name with conjugate posteriors. */
  public static final String CONJUGATE = "ab-mcts-a";

  /** The name with the hierarchical model. */
  public static final String HIERARCHICAL = "ab-mcts-m";

  private final Config config;
  private final FlatTree tree = new FlatTree(Thought.ROOT);
  private Optional<TreePolicy> policy = Optional.empty();
  private Optional<Simulations> simulations = Optional.empty();

  /** How scores are modelled. */
  public enum Model {
    /** Normal scores, normal-inverse-chi-squared prior. */
    NORMAL,
    /** Scores in 0..1, Beta prior. */
    BETA,
    /** Scores grouped by child, a hierarchical normal model. */
    HIERARCHICAL
  }

  /**
   * Settings.
   *
   * @param model how scores are modelled
   * @param iterations most simulations
   * @param parallel most simulations in flight
   * @param ramp most simulations in flight for each that has ended: with less known, fewer
   *     decisions are made at once
   * @param depth most thoughts on a path
   * @param temperature of sampling
   * @param fantasy how much of a score one in flight counts, 0 to 1
   * @param mean of the normal prior
   * @param kappa of the normal prior: how many scores the mean is worth
   * @param nu of the normal prior: how many scores the variance is worth
   * @param tauSquared of the normal prior: its variance
   * @param a of the Beta prior
   * @param b of the Beta prior
   * @param sweeps of the hierarchical model's sampler for a decision
   */
  public record Config(
      Model model,
      int iterations,
      int parallel,
      double ramp,
      int depth,
      double temperature,
      double fantasy,
      double mean,
      double kappa,
      double nu,
      double tauSquared,
      double a,
      double b,
      int sweeps) {
    /** Priors of the paper's code: (0, 1, 1, 0.1) and Beta(0.5, 0.5); 64 simulations. */
    public static final Config CONJUGATE =
        new Config(Model.NORMAL, 64, 16, 0.1, 64, 0.8, 1, 0, 1, 1, 0.1, 0.5, 0.5, 8);

    /** The same with the hierarchical model. */
    public static final Config HIERARCHICAL = CONJUGATE.with(Model.HIERARCHICAL);

    /** Checks ranges. */
    public Config {
      Simulations.Settings unused =
          new Simulations.Settings(
              iterations, parallel, ramp, depth, temperature, Simulations.Rollout.NONE, 1);
      Start.share("fantasy", fantasy);
      ThompsonPolicy.Prior normal =
          new ThompsonPolicy.Prior.Normal(mean, kappa, nu, tauSquared, fantasy);
      ThompsonPolicy.Prior beta = new ThompsonPolicy.Prior.Beta(a, b, fantasy);
      Start.atLeastOne("sweeps", sweeps);
    }

    /** These settings with another model. */
    public Config with(Model other) {
      return new Config(
          other,
          iterations,
          parallel,
          ramp,
          depth,
          temperature,
          fantasy,
          mean,
          kappa,
          nu,
          tauSquared,
          a,
          b,
          sweeps);
    }

    /** These settings with another number of simulations, of which so many are in flight. */
    public Config withIterations(int all, int atOnce) {
      return new Config(
          model,
          all,
          atOnce,
          ramp,
          depth,
          temperature,
          fantasy,
          mean,
          kappa,
          nu,
          tauSquared,
          a,
          b,
          sweeps);
    }
  }

  /** With conjugate posteriors and default settings. */
  public AbMcts() {
    this(Config.CONJUGATE);
  }

  /** With these settings. */
  public AbMcts(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsScores(config.model() == Model.HIERARCHICAL ? HIERARCHICAL : CONJUGATE, context);
    long seed = context.seed();
    TreePolicy made =
        switch (config.model()) {
          case NORMAL ->
              new ThompsonPolicy(
                  tree,
                  new ThompsonPolicy.Prior.Normal(
                      config.mean(),
                      config.kappa(),
                      config.nu(),
                      config.tauSquared(),
                      config.fantasy()),
                  seed);
          case BETA ->
              new ThompsonPolicy(
                  tree,
                  new ThompsonPolicy.Prior.Beta(config.a(), config.b(), config.fantasy()),
                  seed);
          case HIERARCHICAL ->
              new HierarchicalPolicy(tree, config.fantasy(), config.sweeps(), seed);
        };
    policy = Optional.of(made);
    simulations =
        Optional.of(
            new Simulations(
                context,
                new Simulations.Settings(
                    config.iterations(),
                    config.parallel(),
                    config.ramp(),
                    config.depth(),
                    config.temperature(),
                    Simulations.Rollout.NONE,
                    1),
                tree,
                made));
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

  /** The policy, for tests, once started. */
  TreePolicy policy() {
    return policy.orElseThrow();
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    private final boolean hierarchical;

    private Factory(boolean hierarchical) {
      this.hierarchical = hierarchical;
    }

    /** Makes {@code ab-mcts-a}. */
    public static Factory conjugate() {
      return new Factory(false);
    }

    /** Makes {@code ab-mcts-m}. */
    public static Factory hierarchical() {
      return new Factory(true);
    }

    @Override
    public String description() {
      return hierarchical
          ? "adaptive branching: wider or deeper by draws from a hierarchical model"
          : "adaptive branching: wider or deeper by draws from conjugate posteriors";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.CONJUGATE;
      List<OptionSpec> all = new ArrayList<>();
      all.add(new OptionSpec("iterations", "" + d.iterations(), "most simulations, >= 1"));
      all.add(new OptionSpec("parallel", "" + d.parallel(), "most of them in flight, >= 1"));
      all.add(
          new OptionSpec("ramp", "" + d.ramp(), "most in flight for each that has ended, above 0"));
      all.add(new OptionSpec("depth", "" + d.depth(), "most thoughts on a path, >= 1"));
      all.add(new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"));
      all.add(
          new OptionSpec(
              "fantasy", "" + d.fantasy(), "how much of a score one in flight counts, 0..1"));
      if (hierarchical) {
        all.add(new OptionSpec("sweeps", "" + d.sweeps(), "of the sampler a decision, >= 1"));
      } else {
        all.add(new OptionSpec("model", "normal", "of scores: normal or beta"));
        all.add(new OptionSpec("mean", "" + d.mean(), "of the normal prior"));
        all.add(new OptionSpec("kappa", "" + d.kappa(), "scores that its mean is worth, > 0"));
        all.add(new OptionSpec("nu", "" + d.nu(), "scores that its variance is worth, > 0"));
        all.add(new OptionSpec("tau-squared", "" + d.tauSquared(), "its variance, > 0"));
        all.add(new OptionSpec("a", "" + d.a(), "of the Beta prior, > 0"));
        all.add(new OptionSpec("b", "" + d.b(), "of the Beta prior, > 0"));
      }
      return all;
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + (hierarchical ? HIERARCHICAL : CONJUGATE), options());
      Config d = Config.CONJUGATE;
      Model model =
          hierarchical ? Model.HIERARCHICAL : options.choice("model", d.model(), Model.class);
      if (!hierarchical && model == Model.HIERARCHICAL) {
        throw new IllegalArgumentException(
            "option model must be normal or beta; the hierarchical one is strategy ab-mcts-m");
      }
      return new AbMcts(
          new Config(
              model,
              options.integer("iterations", d.iterations(), 1),
              options.integer("parallel", d.parallel(), 1),
              options.number("ramp", d.ramp(), 1e-9, 1e9),
              options.integer("depth", d.depth(), 1),
              options.number("temperature", d.temperature(), 0, 100),
              options.number("fantasy", d.fantasy(), 0, 1),
              options.number("mean", d.mean(), -1e9, 1e9),
              options.number("kappa", d.kappa(), 1e-9, 1e9),
              options.number("nu", d.nu(), 1e-9, 1e9),
              options.number("tau-squared", d.tauSquared(), 1e-12, 1e9),
              options.number("a", d.a(), 1e-9, 1e9),
              options.number("b", d.b(), 1e-9, 1e9),
              options.integer("sweeps", d.sweeps(), 1)));
    }
  }
}
