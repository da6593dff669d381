package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
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
 * Graph of thoughts (Besta et al., 2024): runs a {@link GraphPlan}. Operations whose thoughts are
 * there run side by side. What an aggregation makes hangs below the nearest common ancestor of the
 * thoughts that it joins, so that their shared prefix is computed once.
 */
public final class Graph implements SearchStrategy {
  /** Its name. */
  public static final String NAME = "graph";

  private final Config config;
  private StrategyContext context = new StrategyContext(Start.ROOT, "", false, false, false, 0);
  private Board board = new Board(Start.ROOT);
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Map<Long, Thought> answers = new HashMap<>();
  private List<Thought> source = List.of();
  private int rounds;
  private boolean stopped;
  private boolean finishing;

  /** An operation that runs or has run. */
  private static final class Node {
    final GraphPlan.Operation operation;
    Optional<Level> level = Optional.empty();
    List<Thought> output = List.of();
    boolean done;

    Node(GraphPlan.Operation operation) {
      this.operation = operation;
    }
  }

  /**
   * Settings.
   *
   * @param plan the graph
   * @param depth how often it is gone through, from the second time on beginning with what it gave
   * @param temperature of sampling
   */
  public record Config(GraphPlan plan, int depth, double temperature) {
    /** Five tries, the best improved by ten, the best of those: the end of the paper's graphs. */
    public static final String DEFAULT_PLAN = "generate:5; keep:1; improve:10; keep:1";

    /** {@link #DEFAULT_PLAN} once at temperature 1. */
    public static final Config DEFAULT = new Config(GraphPlan.parse(DEFAULT_PLAN), 1, 1);

    /** Checks ranges. */
    public Config {
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
    }
  }

  /** With default settings. */
  public Graph() {
    this(Config.DEFAULT);
  }

  /** With these settings. */
  public Graph(Config config) {
    this.config = config;
  }

  @Override
  public void start(StrategyContext context) {
    Start.needsEvaluator(NAME, context);
    this.context = context;
    board = new Board(context.root());
    source = List.of(context.root());
    again();
  }

  private void again() {
    rounds++;
    nodes.clear();
    config.plan().operations().forEach(o -> nodes.put(o.name(), new Node(o)));
  }

  @Override
  public List<Ask> ask(int slots) {
    boolean more = true;
    while (more && !stopped) {
      more = false;
      for (Node node : nodes.values()) {
        more |= !node.done && advance(node);
      }
      if (context.proves() && answers.values().stream().anyMatch(Ranking::solved)
          || board.cut()
          || finishing && nodes.values().stream().allMatch(n -> n.done || n.level.isEmpty())) {
        stop();
      } else if (nodes.values().stream().allMatch(n -> n.done)) {
        round();
        more = true;
      }
    }
    return board.drain();
  }

  private void stop() {
    stopped = true;
    board.cancelAll();
  }

  private void round() {
    source = sinks();
    boolean solved = current().filter(Ranking::solved).isPresent();
    if (rounds >= config.depth() || source.isEmpty() || solved) {
      stop();
    } else {
      again();
    }
  }

  /** What no other operation takes. */
  private List<Thought> sinks() {
    Set<String> taken = new HashSet<>();
    nodes.values().forEach(n -> taken.addAll(n.operation.inputs()));
    return nodes.values().stream()
        .filter(n -> !taken.contains(n.operation.name()))
        .flatMap(n -> n.output.stream())
        .toList();
  }

  /** Whether something changed that may let others begin. */
  private boolean advance(Node node) {
    if (node.level.isEmpty()) {
      if (finishing || !inputsDone(node)) {
        return false;
      }
      begin(node, inputs(node));
      return node.done;
    }
    Level level = node.level.get();
    level.proceed();
    note(level.candidates());
    if (level.done()) {
      node.output = level.candidates();
      node.done = true;
    }
    return node.done;
  }

  private boolean inputsDone(Node node) {
    return node.operation.inputs().stream().allMatch(i -> node(i).done);
  }

  private Node node(String name) {
    return java.util.Objects.requireNonNull(nodes.get(name));
  }

  private List<Thought> inputs(Node node) {
    if (node.operation.inputs().isEmpty()) {
      return source;
    }
    Set<Long> distinct = new HashSet<>();
    return node.operation.inputs().stream()
        .flatMap(i -> node(i).output.stream())
        .filter(t -> distinct.add(t.ordinal()))
        .toList();
  }

  private void begin(Node node, List<Thought> inputs) {
    ThoughtGenerator sample = ThoughtGenerator.sample(config.temperature());
    int count = node.operation.count();
    switch (node.operation.kind()) {
      case KEEP -> {
        Set<ThoughtState> distinct = new HashSet<>();
        node.output =
            inputs.stream()
                .sorted(Ranking.byScore())
                .filter(t -> distinct.add(t.state()))
                .limit(count)
                .toList();
        node.done = true;
        release();
      }
      case GENERATE, IMPROVE -> {
        boolean passes = node.operation.kind() == GraphPlan.Kind.IMPROVE;
        Level level = level(passes ? inputs : List.of());
        for (Thought t : inputs) {
          if (t.expandable()) {
            level.expand(t.ordinal(), count, sample);
          }
        }
        node.level = Optional.of(level);
      }
      case AGGREGATE -> {
        // One thought alone, or none, is what joining it gives.
        Level level = level(inputs.size() < 2 ? inputs : List.of());
        if (inputs.size() >= 2) {
          level.expand(
              ancestor(inputs),
              count,
              new ThoughtGenerator.Merge(
                  inputs.stream().map(Thought::ordinal).toList(), sample.sampling()));
        }
        node.level = Optional.of(level);
      }
    }
  }

  private Level level(List<Thought> carried) {
    return new Level(board, context, Level.nothingScored(), carried);
  }

  /** The nearest thought that is on the way to all of these, and none of them. */
  private long ancestor(List<Thought> of) {
    Set<Long> common = new HashSet<>();
    List<Long> order = new ArrayList<>();
    for (Thought t = of.getFirst(); !t.isRoot(); ) {
      t = board.thought(t.parent());
      order.add(t.ordinal());
    }
    common.addAll(order);
    for (Thought other : of) {
      Set<Long> mine = new HashSet<>();
      for (Thought t = other; !t.isRoot(); ) {
        t = board.thought(t.parent());
        mine.add(t.ordinal());
      }
      common.retainAll(mine);
    }
    return order.stream().filter(common::contains).findFirst().orElse(Thought.ROOT);
  }

  /** Frees what no operation still takes. */
  private void release() {
    List<Thought> needed = new ArrayList<>(sinks());
    for (Node node : nodes.values()) {
      if (!node.done) {
        node.level.ifPresent(l -> needed.addAll(l.candidates()));
        needed.addAll(inputs(node));
      }
    }
    board.keepOnly(needed, PruneReason.UNNEEDED);
  }

  private void note(List<Thought> thoughts) {
    for (Thought t : thoughts) {
      if (t.answer().isPresent()) {
        answers.put(t.ordinal(), t);
      }
    }
  }

  @Override
  public void tell(Told result) {
    board.tell(result);
  }

  @Override
  public void finish() {
    finishing = true;
  }

  @Override
  public Optional<Thought> current() {
    nodes.values().forEach(n -> n.level.ifPresent(l -> note(l.candidates())));
    return answers.values().stream().min(Ranking.byScore());
  }

  /** Makes it by name. */
  public static final class Factory implements StrategyFactory {
    @Override
    public String description() {
      return "a graph of operations on thoughts: generate, improve, aggregate, keep";
    }

    @Override
    public List<OptionSpec> options() {
      Config d = Config.DEFAULT;
      return List.of(
          new OptionSpec(
              "plan",
              Config.DEFAULT_PLAN,
              "operations as kind:count, each on what the one before gave or on (name+name)"),
          new OptionSpec("depth", "" + d.depth(), "how often the plan is gone through, >= 1"),
          new OptionSpec("temperature", "" + d.temperature(), "of sampling, 0 or more"));
    }

    @Override
    public SearchStrategy create(Options options) {
      options.requireKnown("strategy " + NAME, options());
      Config d = Config.DEFAULT;
      return new Graph(
          new Config(
              GraphPlan.parse(options.text("plan", Config.DEFAULT_PLAN)),
              options.integer("depth", d.depth(), 1),
              options.number("temperature", d.temperature(), 0, 100)));
    }
  }
}
