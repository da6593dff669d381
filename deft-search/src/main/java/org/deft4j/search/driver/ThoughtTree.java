package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.Stage;
import org.deft4j.tree.decode.NodeId;
import org.jspecify.annotations.Nullable;

/** The thoughts of one search and where each stands in the decoder's tree. */
final class ThoughtTree {
  private final Map<Long, Entry> entries = new TreeMap<>();

  /** A point of the decoder's tree from which branches fork, once its tokens are computed. */
  static final class Point {
    final NodeId node;

    /** Tokens that it holds of its own. */
    final int held;

    boolean ready;

    /** Whether it may lose its keys and values. */
    boolean demoted;

    Point(NodeId node, int held, boolean ready) {
      this.node = node;
      this.held = held;
      this.ready = ready;
    }
  }

  /** A thought in the tree. */
  static final class Entry {
    Thought thought;
    final @Nullable Entry parent;
    final List<Entry> children = new ArrayList<>();

    /** The stage below whose prompt the thought stands; null below the end of its parent. */
    final @Nullable Stage stage;

    /** What stands for it there: enough to compute it again. */
    final int[] tokens;

    /** Where the thought ends; null while nobody needs it, and once it is dead or pruned. */
    @Nullable Point point;

    final Map<Stage, Point> stages = new HashMap<>();
    boolean gone;

    /** When a branch last began at it or below it. */
    long lastUse;

    Entry(Thought thought, @Nullable Entry parent, @Nullable Stage stage, int[] tokens) {
      this.thought = thought;
      this.parent = parent;
      this.stage = stage;
      this.tokens = tokens;
    }

    /** Thoughts from the root to this one. */
    List<Thought> path() {
      List<Thought> path = new ArrayList<>();
      for (Entry e = this; e != null; e = e.parent) {
        path.add(e.thought);
      }
      Collections.reverse(path);
      return path;
    }

    /** Tokens from the root's first to the thought's last. */
    int length() {
      int n = 0;
      for (Entry e = this; e != null; e = e.parent) {
        n += e.tokens.length + (e.stage == null ? 0 : e.stage.prompt().size());
      }
      return n;
    }

    /** Whether this is {@code other} or below it. */
    boolean within(Entry other) {
      for (Entry e = this; e != null; e = e.parent) {
        if (e == other) {
          return true;
        }
      }
      return false;
    }

    /** Notes that a branch begins here. */
    void used(long now) {
      for (Entry e = this; e != null && e.lastUse != now; e = e.parent) {
        e.lastUse = now;
      }
    }
  }

  Entry add(Thought thought, @Nullable Entry parent, @Nullable Stage stage, int[] tokens) {
    Entry entry = new Entry(thought, parent, stage, tokens);
    entries.put(thought.ordinal(), entry);
    if (parent != null) {
      parent.children.add(entry);
    }
    return entry;
  }

  /** The living thought of an ordinal. */
  Entry live(long ordinal) {
    Entry entry = entries.get(ordinal);
    if (entry == null || entry.gone) {
      throw new IllegalStateException(
          "the strategy asked about thought "
              + ordinal
              + ", which "
              + (entry == null ? "does not exist" : "is dead or pruned"));
    }
    return entry;
  }

  /** The thought of an ordinal unless it is dead or pruned. */
  Optional<Entry> find(long ordinal) {
    return Optional.ofNullable(entries.get(ordinal)).filter(e -> !e.gone);
  }

  /** Marks a thought and all below it as gone. */
  void forget(Entry top) {
    top.gone = true;
    top.point = null;
    top.stages.clear();
    top.children.forEach(this::forget);
  }

  /** Path to a thought, pruned or not. */
  List<Thought> path(long ordinal) {
    Entry entry = entries.get(ordinal);
    return entry == null ? List.of() : entry.path();
  }

  /** All entries by ordinal. */
  Collection<Entry> entries() {
    return entries.values();
  }

  /** All thoughts by ordinal. */
  List<Thought> thoughts() {
    return entries.values().stream().map(e -> e.thought).toList();
  }
}
