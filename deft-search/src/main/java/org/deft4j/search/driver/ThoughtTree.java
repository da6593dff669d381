package org.deft4j.search.driver;

import java.util.ArrayList;
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
    boolean ready;

    Point(NodeId node, boolean ready) {
      this.node = node;
      this.ready = ready;
    }
  }

  /** A thought in the tree. */
  static final class Entry {
    Thought thought;
    final @Nullable Entry parent;
    final List<Entry> children = new ArrayList<>();

    /** Tokens that stand for a listed thought until somebody needs its point. */
    final List<Integer> listed;

    /** Where the thought ends; null until it is needed, and once it is dead or pruned. */
    @Nullable Point point;

    final Map<Stage, Point> stages = new HashMap<>();
    boolean gone;

    Entry(Thought thought, @Nullable Entry parent, @Nullable Point point, List<Integer> listed) {
      this.thought = thought;
      this.parent = parent;
      this.point = point;
      this.listed = listed;
    }

    /** Thoughts from the root to this one. */
    List<Thought> path() {
      List<Thought> path = parent == null ? new ArrayList<>() : parent.path();
      path.add(thought);
      return path;
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
  }

  Entry add(Thought thought, @Nullable Entry parent, @Nullable Point point, List<Integer> listed) {
    Entry entry = new Entry(thought, parent, point, listed);
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
  void forget(Entry entry) {
    entry.gone = true;
    entry.point = null;
    entry.stages.clear();
    entry.children.forEach(this::forget);
  }

  /** Path to a thought, pruned or not. */
  List<Thought> path(long ordinal) {
    Entry entry = entries.get(ordinal);
    return entry == null ? List.of() : entry.path();
  }

  /** All thoughts by ordinal. */
  List<Thought> thoughts() {
    return entries.values().stream().map(e -> e.thought).toList();
  }
}
