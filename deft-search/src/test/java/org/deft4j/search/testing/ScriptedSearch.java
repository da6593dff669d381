package org.deft4j.search.testing;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.Told;
import org.jspecify.annotations.Nullable;

/**
 * Runs a strategy on a tree with known values, with a number of results outstanding at a time that
 * come back one by one, in order or shuffled: what a strategy does at batch 1 and at batch 64.
 */
public final class ScriptedSearch {
  private final SearchStrategy strategy;
  private final Script script;
  private final Map<Long, Thought> thoughts = new HashMap<>();
  private final Map<Long, Integer> samples = new HashMap<>();
  private final List<Ask> asked = new ArrayList<>();
  private final List<Unit> outstanding = new ArrayList<>();
  private final Map<Long, int[]> left = new HashMap<>();
  private final Map<Long, Integer> results = new HashMap<>();
  private long nextOrdinal = 1;
  private long came;
  private long waited;

  /** What is in the tree. */
  public interface Script {
    /**
     * What a sample says.
     *
     * @param path from the root to the thought that is continued
     * @param sample how many samples of that thought came before it
     */
    ThoughtState sample(List<Thought> path, int sample);

    /** The value of a thought. */
    double value(Thought thought);

    /** Whether the thought can be continued. */
    default boolean continues(Thought thought) {
      return thought.answer().isEmpty();
    }

    /** Whether the evaluator calls it solved. */
    default boolean solved(Thought thought) {
      return false;
    }
  }

  /** One result that is on its way. */
  private record Unit(long ask, @Nullable Thought thought, long scored) {}

  /** A search with an evaluator that scores alone and proves nothing, seed 0. */
  public ScriptedSearch(SearchStrategy strategy, Script script) {
    this(
        strategy,
        script,
        new StrategyContext(StrategySimulator.root(), "scripted", false, true, false, 0));
  }

  /** A search in this context. */
  public ScriptedSearch(SearchStrategy strategy, Script script, StrategyContext context) {
    this.strategy = strategy;
    this.script = script;
    thoughts.put(Thought.ROOT, context.root());
    strategy.start(context);
  }

  /**
   * Runs to the end.
   *
   * @param batch most results outstanding that the strategy is offered slots for
   * @param order which outstanding result comes next; null for the oldest
   */
  public ScriptedSearch run(int batch, @Nullable Random order) {
    for (int round = 0; round < 10_000_000; round++) {
      for (Ask ask : strategy.ask(Math.max(0, batch - outstanding.size()))) {
        asked.add(ask);
        accept(ask);
      }
      if (outstanding.isEmpty()) {
        return this;
      }
      came++;
      waited += outstanding.size();
      tell(outstanding.remove(order == null ? 0 : order.nextInt(outstanding.size())));
    }
    throw new AssertionError("the strategy does not end");
  }

  private void accept(Ask ask) {
    switch (ask) {
      case Ask.Expand e -> {
        Thought from = thought(e.from());
        List<Thought> path = path(e.from());
        int n = from.expandable() ? e.count() : 0;
        left.put(e.id(), new int[] {n});
        results.put(e.id(), n);
        for (int i = 0; i < n; i++) {
          int sample = samples.merge(e.from(), 1, Integer::sum) - 1;
          Thought t = grown(from, script.sample(path, sample));
          thoughts.put(t.ordinal(), t);
          outstanding.add(new Unit(e.id(), t, -1));
        }
        if (n == 0) {
          strategy.tell(new Told.Closed(e.id(), 0, Told.Why.DONE));
        }
      }
      case Ask.Evaluate e -> {
        left.put(e.id(), new int[] {e.thoughts().size()});
        results.put(e.id(), e.thoughts().size());
        e.thoughts().forEach(t -> outstanding.add(new Unit(e.id(), null, t)));
      }
      case Ask.Cancel c -> {
        int before = outstanding.size();
        outstanding.removeIf(u -> u.ask() == c.id());
        int gone = before - outstanding.size();
        if (gone > 0) {
          strategy.tell(
              new Told.Closed(c.id(), results.getOrDefault(c.id(), 0) - gone, Told.Why.CANCELLED));
        }
      }
      default -> {
        // Nothing is answered to what frees thoughts.
      }
    }
  }

  private Thought grown(Thought from, ThoughtState state) {
    Thought t =
        new Thought(
            nextOrdinal++,
            from.ordinal(),
            from.depth() + 1,
            "step",
            state.text(),
            state,
            1,
            -1,
            false,
            Optional.empty());
    return t.withExpandable(!t.dead() && script.continues(t));
  }

  private void tell(Unit unit) {
    if (unit.thought() != null) {
      strategy.tell(new Told.Grown(unit.ask(), unit.thought()));
    } else {
      Thought t = thought(unit.scored());
      Score score = new Score(script.value(t), script.solved(t), "scripted");
      thoughts.put(t.ordinal(), t.withScore(score));
      strategy.tell(new Told.Scored(unit.ask(), t.ordinal(), score));
    }
    int[] rest = left.getOrDefault(unit.ask(), new int[] {1});
    if (--rest[0] == 0) {
      strategy.tell(
          new Told.Closed(unit.ask(), results.getOrDefault(unit.ask(), 0), Told.Why.DONE));
    }
  }

  private Thought thought(long ordinal) {
    return java.util.Objects.requireNonNull(thoughts.get(ordinal), "no thought " + ordinal);
  }

  /** The path from the root to a thought. */
  public List<Thought> path(long ordinal) {
    List<Thought> path = new ArrayList<>();
    for (Thought t = thought(ordinal); ; t = thought(t.parent())) {
      path.addFirst(t);
      if (t.isRoot()) {
        return path;
      }
    }
  }

  /** Every thought made, by ordinal, the root first. */
  public List<Thought> thoughts() {
    return new java.util.TreeMap<>(thoughts).values().stream().toList();
  }

  /** Every ask, in order. */
  public List<Ask> asked() {
    return List.copyOf(asked);
  }

  /** How many results were outstanding, on average over the results that came. */
  public double meanOutstanding() {
    return waited / (double) Math.max(1, came);
  }
}
