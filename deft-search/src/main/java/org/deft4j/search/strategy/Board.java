package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.deft4j.search.Thought;

/**
 * What a strategy has asked and been told: the part that all strategies share.
 *
 * <p>It keeps sets, not sequences, so that a strategy that decides by reading the board in {@link
 * SearchStrategy#ask} does not depend on the order of tellings, nor on their repetition. Lists that
 * it gives are in the order of ordinals.
 */
public final class Board {
  private final TreeMap<Long, Thought> thoughts = new TreeMap<>();
  private final Map<Long, Entry> asks = new HashMap<>();
  private final Set<Long> pruned = new HashSet<>();
  private List<Ask> outbox = new ArrayList<>();
  private long nextId;
  private int open;

  /** What is known of one ask. */
  private static final class Entry {
    final Set<Long> results = new HashSet<>();
    int expected = -1;
    Told.Why why = Told.Why.DONE;
    boolean done;
  }

  /** A board with the root alone. */
  public Board(Thought root) {
    thoughts.put(root.ordinal(), root);
  }

  /** Asks for thoughts; returns the ask's id. */
  public long expand(long from, int count, ThoughtGenerator how) {
    long id = open();
    outbox.add(new Ask.Expand(id, from, count, how));
    return id;
  }

  /** Asks for scores; returns the ask's id. */
  public long evaluate(List<Long> of) {
    long id = open();
    outbox.add(new Ask.Evaluate(id, of));
    return id;
  }

  private long open() {
    long id = nextId++;
    asks.put(id, new Entry());
    open++;
    return id;
  }

  /** Gives up every open ask. */
  public void cancelAll() {
    new TreeMap<>(asks)
        .forEach((id, entry) -> {
          if (!entry.done) {
            outbox.add(new Ask.Cancel(id));
          }
        });
  }

  /** Frees a thought and all below it, once. */
  public void prune(long thought, PruneReason why) {
    if (pruned.add(thought)) {
      outbox.add(new Ask.Prune(thought, why));
    }
  }

  /**
   * Frees all living thoughts but these and those above them.
   *
   * @param why why, of those that were not continued, could be and are not repeated among the kept
   */
  public void keepOnly(List<Thought> kept, PruneReason why) {
    Set<Long> needed = new HashSet<>(List.of(Thought.ROOT));
    for (Thought t : kept) {
      for (Thought x = t; x != null && needed.add(x.ordinal()); x = thoughts.get(x.parent())) {}
    }
    Set<Long> continued = new HashSet<>();
    thoughts.values().forEach(t -> continued.add(t.parent()));
    for (Thought t : thoughts.values()) {
      // What hangs below a pruned thought went with it.
      if (!t.dead() && !needed.contains(t.ordinal())) {
        if (needed.contains(t.parent())) {
          boolean tried = continued.contains(t.ordinal());
          prune(t.ordinal(), tried ? PruneReason.EXPLORED : reason(t, kept, why));
        } else {
          pruned.add(t.ordinal());
        }
      }
    }
  }

  private static PruneReason reason(Thought t, List<Thought> kept, PruneReason otherwise) {
    if (kept.stream().anyMatch(k -> k.state().equals(t.state()))) {
      return PruneReason.REPEATED;
    }
    return t.expandable() ? otherwise : PruneReason.ENDED;
  }

  /** Takes a result. */
  public void tell(Told told) {
    Entry entry = asks.get(told.ask());
    if (entry == null) {
      throw new IllegalArgumentException("nobody asked " + told.ask());
    }
    switch (told) {
      case Told.Grown g -> {
        if (entry.results.add(g.thought().ordinal())) {
          thoughts.put(g.thought().ordinal(), g.thought());
        }
      }
      case Told.Scored s -> {
        Thought thought = thoughts.get(s.thought());
        if (entry.results.add(s.thought()) && thought != null) {
          thoughts.put(s.thought(), thought.withScore(s.score()));
        }
      }
      case Told.Closed c -> {
        entry.expected = c.results();
        entry.why = c.why();
      }
    }
    if (!entry.done && entry.expected >= 0 && entry.results.size() >= entry.expected) {
      entry.done = true;
      open--;
    }
  }

  /** Whether all of an ask has been told. */
  public boolean done(long ask) {
    return java.util.Objects.requireNonNull(asks.get(ask)).done;
  }

  /** Whether an ask is not wholly told. */
  public boolean waiting() {
    return open > 0;
  }

  /** Whether the budget cut any ask short. */
  public boolean cut() {
    return asks.values().stream().anyMatch(e -> e.done && e.why == Told.Why.BUDGET);
  }

  /** The thoughts told for these asks, with their scores so far. */
  public List<Thought> results(List<Long> of) {
    return of.stream()
        .flatMap(id -> java.util.Objects.requireNonNull(asks.get(id)).results.stream())
        .sorted()
        .distinct()
        .map(thoughts::get)
        .filter(java.util.Objects::nonNull)
        .toList();
  }

  /** All thoughts told, the root first. */
  public List<Thought> thoughts() {
    return List.copyOf(thoughts.values());
  }

  /** The thought of this ordinal. */
  public Thought thought(long ordinal) {
    Thought thought = thoughts.get(ordinal);
    if (thought == null) {
      throw new IllegalArgumentException("no thought " + ordinal);
    }
    return thought;
  }

  /** The asks collected since the last call. */
  public List<Ask> drain() {
    List<Ask> asked = outbox;
    outbox = new ArrayList<>();
    return asked;
  }
}
