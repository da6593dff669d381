package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.jspecify.annotations.Nullable;

/**
 * The simulations of a tree search: each continues a selected node by one thought, scores it (or
 * the end of a rollout from it), and teaches the {@link TreePolicy} its value. Many are in flight
 * at once; their results are taken in the order in which they were asked for, whatever the order in
 * which they came.
 *
 * <p>A sample that says what a sibling says already becomes another visit of that sibling and is
 * freed: an expansion that repeats itself costs no second evaluation.
 */
final class Simulations {
  private final StrategyContext context;
  private final Settings settings;
  private final FlatTree tree;
  private final TreePolicy policy;
  private final Map<Long, Simulation> open = new HashMap<>();
  private final TreeMap<Long, Simulation> ready = new TreeMap<>();
  private final Map<Long, Integer> nodes = new HashMap<>();
  private final Map<Integer, Simulation> scoring = new HashMap<>();
  private List<Ask> outbox = new ArrayList<>();
  private Optional<Thought> best = Optional.empty();
  private long nextAsk;
  private int begun;
  private int atWork;
  private boolean starved;
  private boolean over;

  /** How a new thought is played out before it is scored. */
  enum Rollout {
    /** Not at all: the thought itself is scored. */
    NONE,
    /** The likeliest continuation. */
    GREEDY,
    /** A sampled continuation. */
    SAMPLE
  }

  /**
   * Settings of all tree searches.
   *
   * @param iterations most simulations
   * @param parallel most simulations in flight
   * @param depth most thoughts on a path, rollouts not counted
   * @param temperature of sampling
   * @param ramp most simulations in flight for each that has ended; one may always be
   * @param rollout how a new thought is played out
   * @param rolloutDepth most thoughts of a rollout
   */
  record Settings(
      int iterations,
      int parallel,
      double ramp,
      int depth,
      double temperature,
      Rollout rollout,
      int rolloutDepth) {
    Settings {
      Start.atLeastOne("iterations", iterations);
      Start.atLeastOne("parallel", parallel);
      if (!(ramp > 0 && Double.isFinite(ramp))) {
        throw new IllegalArgumentException("ramp must be above 0, was " + ramp);
      }
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
      Start.atLeastOne("rollout-depth", rolloutDepth);
    }
  }

  /** One simulation. */
  private static final class Simulation {
    final int from;
    int node = -1;
    int rolled;
    @Nullable Thought end;
    long firstRolled = -1;
    final List<Simulation> followers = new ArrayList<>();

    // What came of the ask that is open.
    boolean evaluates;
    @Nullable Thought grown;
    @Nullable Score score;
    int expected = -1;
    Told.Why why = Told.Why.DONE;

    Simulation(int from) {
      this.from = from;
    }

    boolean complete() {
      boolean has = evaluates ? score != null : grown != null;
      return expected == 0 || expected > 0 && has;
    }

    void forget() {
      evaluates = false;
      grown = null;
      score = null;
      expected = -1;
      why = Told.Why.DONE;
    }
  }

  Simulations(StrategyContext context, Settings settings, FlatTree tree, TreePolicy policy) {
    this.context = context;
    this.settings = settings;
    this.tree = tree;
    this.policy = policy;
  }

  List<Ask> ask(int slots) {
    if (!over) {
      fold();
      if (context.proves() && best.filter(Ranking::solved).isPresent()) {
        over = true;
        new TreeMap<>(open).keySet().forEach(id -> outbox.add(new Ask.Cancel(id)));
      } else {
        fill(slots);
      }
    }
    List<Ask> asked = outbox;
    outbox = new ArrayList<>();
    return asked;
  }

  private void fill(int slots) {
    int free = atWork == 0 ? Math.max(1, slots) : slots;
    double most = Math.min(settings.parallel(), Math.max(1, settings.ramp() * (begun - atWork)));
    while (free-- > 0 && atWork + 1 <= most && begun < settings.iterations()) {
      int node = starved ? TreePolicy.NONE : policy.select();
      if (node == TreePolicy.NONE) {
        break;
      }
      begun++;
      atWork++;
      tree.begin(node);
      expand(
          new Simulation(node),
          tree.ordinal(node),
          ThoughtGenerator.sample(settings.temperature()));
    }
    over = atWork == 0;
  }

  private void expand(Simulation s, long from, ThoughtGenerator how) {
    s.forget();
    long id = nextAsk++;
    open.put(id, s);
    outbox.add(new Ask.Expand(id, from, 1, how));
  }

  private void evaluate(Simulation s, long thought) {
    s.forget();
    s.evaluates = true;
    long id = nextAsk++;
    open.put(id, s);
    outbox.add(new Ask.Evaluate(id, List.of(thought)));
  }

  void tell(Told told) {
    Simulation s = open.get(told.ask());
    if (s == null) {
      if (told.ask() < 0 || told.ask() >= nextAsk) {
        throw new IllegalArgumentException("nobody asked " + told.ask());
      }
      return;
    }
    switch (told) {
      case Told.Grown g -> {
        s.grown = g.thought();
        note(g.thought());
      }
      case Told.Scored t -> {
        s.score = t.score();
        if (s.end != null) {
          note(s.end.withScore(t.score()));
        }
      }
      case Told.Closed c -> {
        s.expected = c.results();
        s.why = c.why();
      }
    }
    if (s.complete()) {
      ready.put(told.ask(), s);
    }
  }

  private void note(Thought t) {
    if (t.answer().isPresent()) {
      best = best.filter(b -> Ranking.byScore().compare(b, t) <= 0).or(() -> Optional.of(t));
    }
  }

  private void fold() {
    while (!ready.isEmpty()) {
      Map.Entry<Long, Simulation> e = ready.pollFirstEntry();
      open.remove(e.getKey());
      Simulation s = e.getValue();
      if (s.evaluates) {
        scored(s);
      } else if (s.node < 0) {
        grown(s);
      } else {
        rolled(s);
      }
    }
  }

  private void grown(Simulation s) {
    Thought t = s.grown;
    if (t == null) {
      starved |= s.why == Told.Why.BUDGET;
      tree.end(s.from, false);
      if (s.why != Told.Why.BUDGET && s.why != Told.Why.CANCELLED) {
        tree.close(s.from);
      }
      policy.abandon(s.from);
      atWork--;
      return;
    }
    long key = key(t.state());
    s.node = tree.find(s.from, key);
    if (s.node >= 0) {
      policy.joined(s.node);
      if (!t.dead()) {
        outbox.add(new Ask.Prune(t.ordinal(), PruneReason.REPEATED));
      }
      Simulation first = scoring.get(s.node);
      if (first != null) {
        first.followers.add(s);
      } else {
        settle(s, tree.value(s.node));
      }
      return;
    }
    boolean continues = t.expandable() && !t.dead() && t.depth() < settings.depth();
    s.node = tree.add(s.from, t.ordinal(), key, continues);
    nodes.put(t.ordinal(), s.node);
    policy.grown(s.node, t);
    if (t.dead()) {
      settle(s, 0);
      return;
    }
    scoring.put(s.node, s);
    s.end = t;
    playOut(s, t);
  }

  private void playOut(Simulation s, Thought end) {
    boolean on =
        settings.rollout() != Rollout.NONE
            && s.rolled < settings.rolloutDepth()
            && end.expandable()
            && end.answer().isEmpty();
    if (on) {
      expand(
          s,
          end.ordinal(),
          settings.rollout() == Rollout.GREEDY
              ? ThoughtGenerator.greedy()
              : ThoughtGenerator.sample(settings.temperature()));
    } else {
      evaluate(s, end.ordinal());
    }
  }

  private void rolled(Simulation s) {
    Thought t = s.grown;
    if (t == null && s.why == Told.Why.BUDGET) {
      starved = true;
      lost(s);
    } else if (t == null) {
      // No further: what was reached is scored.
      evaluate(s, java.util.Objects.requireNonNull(s.end).ordinal());
    } else {
      s.rolled++;
      s.firstRolled = s.firstRolled < 0 && !t.dead() ? t.ordinal() : s.firstRolled;
      if (t.dead()) {
        settle(s, 0);
      } else {
        s.end = t;
        playOut(s, t);
      }
    }
  }

  private void scored(Simulation s) {
    Score score = s.score;
    if (score == null) {
      starved |= s.why == Told.Why.BUDGET;
      lost(s);
    } else {
      settle(s, score.value());
    }
  }

  /** The simulation ends without a value, and the child with it. */
  private void lost(Simulation s) {
    List<Simulation> all = new ArrayList<>(s.followers);
    all.add(s);
    scoring.remove(s.node);
    tree.close(s.node);
    for (Simulation one : all) {
      tree.end(one.from, false);
      policy.drop(one.node);
      atWork--;
    }
  }

  private void settle(Simulation s, double value) {
    if (s.firstRolled >= 0) {
      outbox.add(new Ask.Prune(s.firstRolled, PruneReason.LOOKED_AHEAD));
    }
    scoring.remove(s.node);
    tree.value(s.node, value);
    tree.settle(s.node);
    tree.end(s.from, true);
    policy.settle(s.node, value);
    atWork--;
    for (Simulation follower : s.followers) {
      settle(follower, value);
    }
    s.followers.clear();
  }

  /** Equal for equal states, and as good as never for others. */
  private static long key(ThoughtState state) {
    long h = state instanceof ThoughtState.Answer ? 1 : state instanceof ThoughtState.Dead ? 2 : 3;
    String text = state.text();
    for (int i = 0; i < text.length(); i++) {
      h = Draws.mix(h ^ text.charAt(i));
    }
    return h;
  }

  Optional<Thought> current() {
    return best;
  }

  /** No new simulation begins. */
  void finish() {
    starved = true;
  }

  /** How much a thought is worth coming back to; thoughts that are in no tree are worth least. */
  double revisitValue(long thought) {
    int node = thought == Thought.ROOT ? FlatTree.ROOT : nodes.getOrDefault(thought, -1);
    double value = node < 0 || tree.gone(node) ? -Double.MAX_VALUE : policy.revisit(node);
    return Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, value));
  }
}
