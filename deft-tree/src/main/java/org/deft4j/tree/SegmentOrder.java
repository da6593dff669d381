package org.deft4j.tree;

import org.jspecify.annotations.Nullable;

/**
 * The depth-first preorder of all segments as a list with labels, so that two segments compare in
 * constant time. Inserting takes a label between its neighbours'; when there is none left all are
 * numbered anew.
 */
final class SegmentOrder {
  private static final long GAP = 1L << 32;

  private @Nullable Segment first;
  private @Nullable Segment last;

  @Nullable Segment first() {
    return first;
  }

  /** Puts {@code s} after the subtree of {@code parent}, or at the end of all. */
  void insertBelow(@Nullable Segment parent, Segment s) {
    Segment pred = last;
    if (parent != null) {
      pred = parent;
      while (pred.lastChild != null) {
        pred = pred.lastChild;
      }
    }
    insertAfter(pred, s);
  }

  void insertBefore(Segment successor, Segment s) {
    insertAfter(successor.orderPrev, s);
  }

  private void insertAfter(@Nullable Segment pred, Segment s) {
    Segment succ = pred == null ? first : pred.orderNext;
    s.orderPrev = pred;
    s.orderNext = succ;
    if (pred == null) {
      first = s;
    } else {
      pred.orderNext = s;
    }
    if (succ == null) {
      last = s;
    } else {
      succ.orderPrev = s;
    }
    long low = pred == null ? 0 : pred.label;
    long high = succ == null ? low + 2 * GAP : succ.label;
    s.label = low + (high - low) / 2;
    if (high - low < 2 || high > Long.MAX_VALUE - 4 * GAP) {
      renumber();
    }
  }

  void remove(Segment s) {
    if (s.orderPrev == null) {
      first = s.orderNext;
    } else {
      s.orderPrev.orderNext = s.orderNext;
    }
    if (s.orderNext == null) {
      last = s.orderPrev;
    } else {
      s.orderNext.orderPrev = s.orderPrev;
    }
    s.orderPrev = null;
    s.orderNext = null;
  }

  private void renumber() {
    long label = GAP;
    for (Segment s = first; s != null; s = s.orderNext) {
      s.label = label;
      label += GAP;
    }
  }
}
