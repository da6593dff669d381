package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.Stage;
import org.deft4j.tree.decode.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * Where the thoughts of one search stand in the decoder's tree: computes points when a branch needs
 * them, books what that costs, and decides which thoughts give up their keys and values.
 */
final class Points {
  private final Journal journal;
  private final ThoughtTree tree;
  private final Lanes lanes;
  private final BudgetMeter meter;
  private final ThoughtTree.Entry root;
  private final Map<ThoughtTree.Point, ThoughtTree.Entry> preparing = new LinkedHashMap<>();
  private final ToDoubleFunction<ThoughtTree.Entry> value;
  private long uses;

  /** Why the last {@link #at} gave nothing, if no waiting helps. */
  @Nullable StopReason refusal;

  /**
   * The points of a search.
   *
   * @param value what coming back to a thought is worth
   */
  Points(
      Journal journal,
      ThoughtTree tree,
      Lanes lanes,
      BudgetMeter meter,
      ThoughtTree.Entry root,
      ToDoubleFunction<ThoughtTree.Entry> value) {
    this.journal = journal;
    this.tree = tree;
    this.lanes = lanes;
    this.meter = meter;
    this.root = root;
    this.value = value;
  }

  /** Shared prompts and thoughts that are being computed. */
  int preparing() {
    return preparing.size();
  }

  /**
   * Where a branch forks that begins at a thought, below a stage's prompt if there is one; null if
   * it must wait, or may not be computed: then {@link #refusal} says why.
   *
   * @param busy thoughts at which branches are at work: they keep their keys and values
   */
  ThoughtTree.@Nullable Point at(
      ThoughtTree.Entry entry, @Nullable Stage stage, Collection<ThoughtTree.Entry> busy) {
    refusal = null;
    ThoughtTree.Point point = stage == null ? end(entry, busy) : staged(entry, stage, busy);
    if (point == null) {
      return null;
    }
    if (anyDemoted(entry)) {
      int lost = lanes.decoder().lost(point.node);
      if (!meter.allowsPrefill(lost)) {
        refusal = StopReason.PREFILL_BUDGET;
        return null;
      }
      // The branch that begins here restores its path.
      promote(entry);
      if (lost > 0) {
        meter.spendPrefill(lost);
        journal.emit(new SearchEvent.Evicted(entry.thought.ordinal(), lost));
        journal.emit(new SearchEvent.Restored(entry.thought.ordinal(), lost));
      }
    }
    entry.used(++uses);
    return point;
  }

  private static boolean anyDemoted(ThoughtTree.Entry entry) {
    for (ThoughtTree.Entry e = entry; e != null; e = e.parent) {
      if (e.point != null && e.point.demoted) {
        return true;
      }
    }
    return false;
  }

  private static void promote(ThoughtTree.Entry entry) {
    for (ThoughtTree.Entry e = entry; e != null; e = e.parent) {
      if (e.point != null) {
        e.point.demoted = false;
      }
      e.stages.values().forEach(p -> p.demoted = false);
    }
  }

  private ThoughtTree.@Nullable Point end(
      ThoughtTree.Entry entry, Collection<ThoughtTree.Entry> busy) {
    if (entry.point == null) {
      ThoughtTree.Entry parent = java.util.Objects.requireNonNull(entry.parent);
      ThoughtTree.Point above =
          entry.stage == null ? end(parent, busy) : staged(parent, entry.stage, busy);
      if (above == null) {
        return null;
      }
      ThoughtTree.Point made = prepare(entry, above, entry.tokens, busy);
      entry.point = made;
      if (made != null && entry.stage != null) {
        journal.emit(new SearchEvent.Restored(entry.thought.ordinal(), entry.tokens.length));
      }
    }
    return entry.point != null && entry.point.ready ? entry.point : null;
  }

  private ThoughtTree.@Nullable Point staged(
      ThoughtTree.Entry entry, Stage stage, Collection<ThoughtTree.Entry> busy) {
    ThoughtTree.Point point = entry.stages.get(stage);
    if (point == null) {
      ThoughtTree.Point end = end(entry, busy);
      if (end == null || stage.prompt().isEmpty()) {
        return end;
      }
      point = prepare(entry, end, Lanes.ints(stage.prompt()), busy);
      if (point != null) {
        entry.stages.put(stage, point);
      }
    }
    return point != null && point.ready ? point : null;
  }

  private ThoughtTree.@Nullable Point prepare(
      ThoughtTree.Entry owner,
      ThoughtTree.Point above,
      int[] tokens,
      Collection<ThoughtTree.Entry> busy) {
    if (lanes.free() == 0) {
      return null;
    }
    if (!meter.allowsPrefill(tokens.length)) {
      refusal = StopReason.PREFILL_BUDGET;
      return null;
    }
    if (!room(tokens.length, owner, busy)) {
      return null;
    }
    NodeId node = lanes.fork(above.node);
    if (tokens.length == 0) {
      lanes.decoder().seal(node);
      return new ThoughtTree.Point(node, 0, true);
    }
    ThoughtTree.Point point = new ThoughtTree.Point(node, tokens.length, false);
    try {
      lanes.extend(
          node,
          tokens,
          event -> {
            preparing.remove(point);
            lanes.decoder().seal(point.node);
            point.ready = true;
          });
    } catch (RuntimeException e) {
      lanes.release(node);
      throw e;
    }
    meter.spendPrefill(tokens.length);
    meter.holdKv(tokens.length);
    preparing.put(point, owner);
    return point;
  }

  // --- memory

  /**
   * Makes room for keys and values of more tokens within the search's own limit; idle thoughts give
   * up theirs.
   *
   * @return whether there is room; if waiting does not help, {@link #refusal} is set
   */
  boolean room(long tokens, ThoughtTree.Entry needed, Collection<ThoughtTree.Entry> busy) {
    if (meter.allowsKv(tokens)) {
      return true;
    }
    Set<ThoughtTree.Entry> kept = pinned(busy);
    for (ThoughtTree.Entry e = needed; e != null; e = e.parent) {
      kept.add(e);
    }
    boolean dropped = true;
    while (dropped && !meter.allowsKv(tokens)) {
      dropped = false;
      for (ThoughtTree.Entry e : idle(kept)) {
        if (e.children.stream().allMatch(c -> c.point == null)) {
          drop(e);
          dropped = true;
        }
        if (meter.allowsKv(tokens)) {
          return true;
        }
      }
    }
    if (!meter.allowsKv(tokens) && busy.isEmpty() && preparing.isEmpty()) {
      refusal = StopReason.KV_BUDGET;
    }
    return meter.allowsKv(tokens);
  }

  /** Frees a thought's keys and values; it is computed again when it is needed. */
  private void drop(ThoughtTree.Entry e) {
    ThoughtTree.Point point = java.util.Objects.requireNonNull(e.point);
    int lost = point.held;
    for (ThoughtTree.Point p : e.stages.values()) {
      lost += p.held;
    }
    lanes.release(point.node);
    meter.freeKv(lost);
    e.point = null;
    e.stages.clear();
    journal.emit(new SearchEvent.Evicted(e.thought.ordinal(), lost));
  }

  private Set<ThoughtTree.Entry> pinned(Collection<ThoughtTree.Entry> busy) {
    Set<ThoughtTree.Entry> kept = new HashSet<>();
    for (Collection<ThoughtTree.Entry> some : List.of(busy, preparing.values())) {
      for (ThoughtTree.Entry e : some) {
        for (ThoughtTree.Entry x = e; x != null && kept.add(x); x = x.parent) {}
      }
    }
    kept.add(root);
    return kept;
  }

  /** Thoughts whose keys and values nobody needs now, the least valuable first. */
  private List<ThoughtTree.Entry> idle(Set<ThoughtTree.Entry> kept) {
    record Ranked(ThoughtTree.Entry entry, double value) {}
    List<Ranked> all = new ArrayList<>();
    for (ThoughtTree.Entry e : tree.entries()) {
      if (e.point != null && !kept.contains(e)) {
        all.add(new Ranked(e, value.applyAsDouble(e)));
      }
    }
    all.sort(
        Comparator.comparingDouble(Ranked::value)
            .thenComparingLong(r -> r.entry().lastUse)
            .thenComparingLong(r -> r.entry().thought.ordinal()));
    return all.stream().map(Ranked::entry).toList();
  }

  /**
   * Allows the decoder to evict all idle thoughts, the least valuable first.
   *
   * @return whether there was one that it was not allowed before
   */
  boolean demoteIdle(Collection<ThoughtTree.Entry> busy) {
    if (!lanes.decoder().capabilities().demote()) {
      return false;
    }
    List<ThoughtTree.Entry> order = idle(pinned(busy));
    Map<ThoughtTree.Entry, Double> priority = new LinkedHashMap<>();
    for (int i = 0; i < order.size(); i++) {
      priority.put(order.get(i), (i + 1.0) / (order.size() + 1));
    }
    boolean more = false;
    // A call covers all below: ancestors go first. Ordinals grow downwards.
    List<ThoughtTree.Entry> downwards = new ArrayList<>(order);
    downwards.sort(Comparator.comparingLong(e -> e.thought.ordinal()));
    for (ThoughtTree.Entry e : downwards) {
      ThoughtTree.Point point = java.util.Objects.requireNonNull(e.point);
      double p = priority.getOrDefault(e, 0.0);
      lanes.decoder().demote(point.node, p);
      if (!point.demoted) {
        more = true;
        point.demoted = true;
        journal.emit(new SearchEvent.Demoted(e.thought.ordinal(), value.applyAsDouble(e)));
      }
      e.stages.values().forEach(s -> s.demoted = true);
    }
    return more;
  }

  /** Tokens to compute before a branch can begin at a thought. */
  int cost(ThoughtTree.Entry entry) {
    int cost = 0;
    for (ThoughtTree.Entry e = entry; e != null; e = e.parent) {
      if (e.point != null) {
        return cost + lanes.decoder().lost(e.point.node);
      }
      cost += e.tokens.length;
      if (e.stage != null && e.parent != null && !e.parent.stages.containsKey(e.stage)) {
        cost += e.stage.prompt().size();
      }
    }
    return cost;
  }

  // --- the end

  /** Stops computing what is at a thought or below it, and frees all of that. */
  void release(ThoughtTree.Entry top) {
    Iterator<Map.Entry<ThoughtTree.Point, ThoughtTree.Entry>> it = preparing.entrySet().iterator();
    while (it.hasNext()) {
      Map.Entry<ThoughtTree.Point, ThoughtTree.Entry> e = it.next();
      if (e.getValue().within(top)) {
        lanes.forget(e.getKey().node);
        it.remove();
      }
    }
    if (top.point != null) {
      meter.freeKv(held(top));
      lanes.release(top.point.node);
    }
  }

  private static long held(ThoughtTree.Entry e) {
    long n = e.point == null ? 0 : e.point.held;
    for (ThoughtTree.Point p : e.stages.values()) {
      n += p.held;
    }
    for (ThoughtTree.Entry c : e.children) {
      n += held(c);
    }
    return n;
  }
}
