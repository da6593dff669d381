package org.deft4j.search.testing;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.Told;

/**
 * Runs a strategy without a decoder: thoughts and scores are a pure function of the seed and of
 * where they stand. Checks what every strategy must keep, and records what it asked.
 */
public final class StrategySimulator {
  private final SearchStrategy strategy;
  private final StrategyContext context;
  private final long seed;
  private final int answerDepth;
  private final boolean improves;
  private long nodes;
  private final Map<Long, Thought> living = new HashMap<>();
  private final Map<Long, Thought> all = new HashMap<>();
  private final Set<Long> ids = new HashSet<>();
  private final List<Ask> asked = new ArrayList<>();
  private long nextOrdinal = 1;
  private boolean everSolved;

  /**
   * A simulator.
   *
   * @param answerDepth thoughts of this depth, and all below, are answers
   * @param improves whether answers can be continued
   * @param nodes the budget of thoughts
   */
  public StrategySimulator(
      SearchStrategy strategy,
      StrategyContext context,
      long seed,
      int answerDepth,
      boolean improves,
      long nodes) {
    this.strategy = strategy;
    this.context = context;
    this.seed = seed;
    this.answerDepth = answerDepth;
    this.improves = improves;
    this.nodes = nodes;
    living.put(context.root().ordinal(), context.root());
    all.putAll(living);
  }

  /** The root of a simulated search. */
  public static Thought root() {
    return new Thought(
        0, -1, 0, "", "", new ThoughtState.Partial("problem"), 0, 0, true, Optional.empty());
  }

  /**
   * Runs to the end.
   *
   * @param order shuffles the tellings between two rounds of asking; null keeps their order
   * @param repeats how often each result is told
   * @return the asks, in order
   */
  public List<Ask> run(@org.jspecify.annotations.Nullable Random order, int repeats) {
    strategy.start(context);
    for (int round = 0; ; round++) {
      if (round > 10_000) {
        throw new AssertionError("the strategy does not end");
      }
      List<Ask> asks = strategy.ask(64);
      if (asks.isEmpty()) {
        return asked;
      }
      asked.addAll(asks);
      List<Told> results = new ArrayList<>();
      for (Ask ask : asks) {
        answer(ask, results);
      }
      List<Told> tellings = new ArrayList<>();
      for (int i = 0; i < repeats; i++) {
        tellings.addAll(results);
      }
      if (order != null) {
        Collections.shuffle(tellings, order);
      }
      tellings.forEach(this::tell);
    }
  }

  private void tell(Told told) {
    strategy.tell(told);
    strategy
        .current()
        .ifPresent(t -> {
          if (t.answer().isEmpty() || !all.containsKey(t.ordinal())) {
            throw new AssertionError("current() gives no known answer: " + t);
          }
        });
  }

  private void answer(Ask ask, List<Told> results) {
    switch (ask) {
      case Ask.Expand e -> expand(e, results);
      case Ask.Evaluate e -> {
        fresh(e.id());
        if (!context.joint() && e.thoughts().size() != 1) {
          throw new AssertionError("this evaluator takes one thought at a time: " + e);
        }
        for (long t : e.thoughts()) {
          results.add(new Told.Scored(e.id(), t, score(alive(t))));
        }
        results.add(new Told.Closed(e.id(), e.thoughts().size(), Told.Why.DONE));
      }
      case Ask.Cancel c -> {
        if (!ids.contains(c.id())) {
          throw new AssertionError("cancels an ask that was never made: " + c);
        }
      }
      case Ask.Prune p -> {
        if (p.thought() == Thought.ROOT) {
          throw new AssertionError("prunes the root");
        }
        justified(p);
        prune(p.thought());
      }
    }
  }

  /** The reason for letting a thought go must hold. */
  private void justified(Ask.Prune p) {
    Thought t = all.get(p.thought());
    boolean holds =
        t != null
            && switch (p.why()) {
              case REPEATED ->
                  all.values().stream().anyMatch(x -> x != t && x.state().equals(t.state()));
              case EXPLORED -> all.values().stream().anyMatch(x -> x.parent() == t.ordinal());
              case ENDED -> t.answer().isPresent() || !t.expandable();
              case OUTRANKED -> all.values().stream().anyMatch(x -> x != t && !x.isRoot());
              case BELOW_THRESHOLD, LOOKED_AHEAD, UNNEEDED -> true;
            };
    if (!holds) {
      throw new AssertionError("prunes " + t + " for a reason that does not hold: " + p.why());
    }
  }

  private void prune(long thought) {
    living.remove(thought);
    for (Thought t : List.copyOf(living.values())) {
      if (t.parent() == thought) {
        prune(t.ordinal());
      }
    }
  }

  private void fresh(long id) {
    if (!ids.add(id)) {
      throw new AssertionError("uses the ask id " + id + " twice");
    }
  }

  private Thought alive(long ordinal) {
    Thought t = living.get(ordinal);
    if (t == null) {
      throw new AssertionError("asks about thought " + ordinal + ", which is dead or pruned");
    }
    return t;
  }

  private void expand(Ask.Expand e, List<Told> results) {
    fresh(e.id());
    Thought from = alive(e.from());
    int n = (int) Math.min(nodes, from.expandable() ? e.count() : 0);
    nodes -= n;
    for (int i = 0; i < n; i++) {
      Thought t = thought(from, nextOrdinal++, e.how());
      all.put(t.ordinal(), t);
      if (!t.dead()) {
        living.put(t.ordinal(), t);
      }
      results.add(new Told.Grown(e.id(), t));
    }
    results.add(new Told.Closed(e.id(), n, n < e.count() ? Told.Why.BUDGET : Told.Why.DONE));
  }

  private Thought thought(Thought from, long ordinal, ThoughtGenerator how) {
    int depth = from.depth() + 1;
    boolean greedy = how.sampling().temperature() == 0;
    Random r = new Random(seed * 31 + from.state().text().hashCode() + (greedy ? 7 : ordinal));
    int pick = r.nextInt(6);
    boolean answers = depth >= answerDepth;
    String text = (answers && from.answer().isPresent() ? "" : from.state().text()) + "." + pick;
    ThoughtState state =
        pick == 5
            ? new ThoughtState.Dead("unreadable")
            : answers ? new ThoughtState.Answer(text) : new ThoughtState.Partial(text);
    return new Thought(
        ordinal,
        from.ordinal(),
        depth,
        "step",
        text,
        state,
        3,
        -r.nextDouble(),
        pick != 5 && (!answers || improves),
        Optional.empty());
  }

  private Score score(Thought t) {
    double value = new Random(t.state().text().hashCode() * 17L + seed).nextDouble();
    boolean solved = value > 0.95 && t.answer().isPresent();
    everSolved |= solved;
    return new Score(value, solved, context.evaluator());
  }

  /** Whether an answer was scored as solved. */
  public boolean everSolved() {
    return everSolved;
  }

  /** All thoughts that were made. */
  public List<Thought> thoughts() {
    return List.copyOf(all.values());
  }
}
