package org.deft4j.tree;

import java.util.Comparator;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** Chooses what loses its slots when they run short: from the leaves upwards. */
final class Reclaimer {
  private record Candidate(Segment segment, boolean cache, double priority) {}

  private final Forest forest;
  private final long kept;
  private final PriorityQueue<Candidate> queue =
      new PriorityQueue<>(
          Comparator.comparing(Candidate::cache)
              .thenComparingDouble(Candidate::priority)
              .thenComparingLong(c -> c.segment().lastUse)
              .thenComparingInt(c -> c.segment().id));

  Reclaimer(Forest forest, @Nullable Segment keep) {
    this.forest = forest;
    kept = forest.nextStamp();
    for (Segment s = keep; s != null; s = s.parent) {
      s.stamp = kept;
    }
  }

  /** Evicts until {@code n} slots are free or nothing is left to evict. */
  void reclaim(int n) {
    for (int i = 0; i < forest.idCount(); i++) {
      consider(forest.segmentOrNull(i), 0, false);
    }
    while (forest.pool().freeSlots() < n && !queue.isEmpty()) {
      Candidate c = queue.remove();
      Segment parent = c.segment().parent;
      int id = parent == null ? Forest.NONE : parent.id;
      forest.evictSegment(c.segment());
      // Evicting a cached prompt may remove the parent too.
      if (parent != null && forest.segmentOrNull(id) == parent) {
        consider(parent, c.priority(), !c.cache());
      }
    }
  }

  /** Queues a segment that may be evicted. */
  private void consider(@Nullable Segment s, double priority, boolean followsDemoted) {
    if (s == null || !s.resident || s.stamp == kept || s.refs > 0 && !s.demoted) {
      return;
    }
    if (residentChild(s)) {
      return;
    }
    if (s.demoted) {
      queue.add(new Candidate(s, false, s.priority));
    } else if (followsDemoted || !s.indexed) {
      queue.add(new Candidate(s, false, followsDemoted ? priority : childPriority(s)));
    } else {
      queue.add(new Candidate(s, true, 0));
    }
  }

  private static double childPriority(Segment s) {
    double max = Double.NEGATIVE_INFINITY;
    for (Segment c = s.firstChild; c != null; c = c.nextSibling) {
      max = Math.max(max, c.priority);
    }
    return max;
  }

  /** Whether a child holds slots, or may want to hold some soon. */
  static boolean residentChild(Segment s) {
    for (Segment c = s.firstChild; c != null; c = c.nextSibling) {
      if (c.resident) {
        return true;
      }
    }
    return false;
  }
}
