package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.StrategyFactory;

/**
 * ETS, efficient tree search (Hooper et al., 2025): {@link Rebase} over those thoughts of a level
 * that are worth their part of the key-value cache. Kept are the thoughts that maximise
 *
 * <pre>
 * sum(share / width) - lambdaC * (cost of the nodes on their paths) + lambdaS * (clusters met)
 * </pre>
 *
 * where a share is what REBASE would give, a node that several thoughts share costs once, costs of
 * all nodes sum to 1, and so do the clusters. Clusters are thoughts of like wording ({@link Ngrams}
 * and average linkage; the paper embeds them with a model).
 */
public final class Ets implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "ets";

  private final Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private Optional<BalancedTree> tree = Optional.empty();
  private boolean stopped;

  /** What a node costs. */
  public enum Cost {
    /** All the same, as in the paper's code. */
    NODES,
    /** As many as its tokens: what its keys and values take. */
    TOKENS
  }

  /**
   * Settings.
   *
   * @param rebase how the kept thoughts are continued
   * @param lambdaC weight of the cost
   * @param lambdaS weight of the clusters
   * @param cost what a node costs
   * @param cluster thoughts at most this far apart are alike, in 0..1
   */
  public record Config(
      Rebase.Config rebase, double lambdaC, double lambdaS, Cost cost, double cluster) {
    /** The defaults of {@link Rebase}, weights 1 and 1.4 as in the paper, nodes count. */
    public static final Config DEFAULT = new Config(Rebase.Config.DEFAULT, 1, 1.4, Cost.NODES, 0.3);

    /** Checks ranges. */
    public Config {
      Start.atLeastZero("lambda-c", lambdaC);
      Start.atLeastZero("lambda-s", lambdaS);
      Start.share("cluster", cluster);
    }
  }

  /** With default settings. */
  public Ets() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public Ets(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsEvaluator(NAME, context);
    this.context = context;
    board = new Board(context.root());
    tree = Optional.of(new BalancedTree(board, context, config.rebase().shape(), this::keep));
  }

  private List<Thought> keep(List<Thought> level, int[] shares) {
    if (level.isEmpty()) {
      return level;
    }
    boolean[] kept = selection(level, shares).solve();
    List<Thought> survivors = new ArrayList<>();
    for (int i = 0; i < kept.length; i++) {
      if (kept[i]) {
        survivors.add(level.get(i));
      }
    }
    return survivors;
  }

  private TreeSelection selection(List<Thought> level, int[] shares) {
    Map<Long, Integer> numbers = new HashMap<>();
    List<Thought> nodes = new ArrayList<>();
    int[][] paths = new int[level.size()][];
    for (int i = 0; i < paths.length; i++) {
      List<Integer> path = new ArrayList<>();
      for (Thought t = level.get(i); ; t = board.thought(t.parent())) {
        Thought node = t;
        path.add(
            numbers.computeIfAbsent(
                t.ordinal(),
                o -> {
                  nodes.add(node);
                  return nodes.size() - 1;
                }));
        if (t.isRoot()) {
          break;
        }
      }
      paths[i] = path.stream().mapToInt(Integer::intValue).toArray();
    }
    double[] cost =
        nodes.stream()
            .mapToDouble(t -> config.cost() == Cost.NODES ? 1 : Math.max(1, t.tokens()))
            .toArray();
    double total = Arrays.stream(cost).sum();
    double width = Arrays.stream(shares).sum();
    int[] clusters = Clusters.of(level.stream().map(Thought::text).toList(), config.cluster());
    return new TreeSelection(
        Arrays.stream(shares).mapToDouble(s -> s / width).toArray(),
        paths,
        Arrays.stream(cost).map(c -> config.lambdaC() * c / total).toArray(),
        clusters,
        config.lambdaS() / (Arrays.stream(clusters).max().orElse(0) + 1));
  }

  @Override
  public List<Ask> ask(int slots) {
    BalancedTree levels = tree.orElseThrow();
    if (!stopped) {
      levels.proceed();
      stopped = levels.over() || context.proves() && levels.solved();
      if (stopped) {
        board.cancelAll();
      }
    }
    return board.drain();
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    return tree.flatMap(BalancedTree::best);
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "rebase over the thoughts that are worth their part of the key-value cache";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.DEFAULT;
      List<OptionSpec> all = new ArrayList<>(Rebase.options(d.rebase()));
      all.add(new OptionSpec("lambda-c", "" + d.lambdaC(), "weight of the cache's cost, >= 0"));
      all.add(new OptionSpec("lambda-s", "" + d.lambdaS(), "weight of unlike thoughts, >= 0"));
      all.add(new OptionSpec("cost", "nodes", "what a node costs: nodes (all alike) or tokens"));
      all.add(new OptionSpec("cluster", "" + d.cluster(), "thoughts this near are alike, 0..1"));
      return all;
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      return new Ets(
          new Config(
              Rebase.config(options, d.rebase()),
              options.number("lambda-c", d.lambdaC(), 0, 1e9),
              options.number("lambda-s", d.lambdaS(), 0, 1e9),
              options.choice("cost", d.cost(), Cost.class),
              options.number("cluster", d.cluster(), 0, 1)));
    }
  }
}
