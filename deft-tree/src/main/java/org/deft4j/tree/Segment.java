package org.deft4j.tree;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A run of tokens without a branch: the state behind a segment id of a {@link Forest}. */
final class Segment {
  private static final int[] EMPTY = new int[0];

  final int id;
  @Nullable Segment parent;
  @Nullable Segment firstChild;
  @Nullable Segment lastChild;
  @Nullable Segment prevSibling;
  @Nullable Segment nextSibling;
  @Nullable Segment orderPrev;
  @Nullable Segment orderNext;
  long label;
  int start;
  int[] tokens = EMPTY;
  int length;
  int filled;

  /** Pairs (slot, length). */
  int[] runs = EMPTY;

  int runCount;
  int refs;
  boolean sealed;
  boolean indexed;
  boolean resident = true;
  boolean demoted;
  double priority;
  long lastUse;

  /** Scratch of {@link RowBatch}: node of the layout with this stamp. */
  long stamp;

  int node;

  Segment(int id) {
    this.id = id;
  }

  int end() {
    return start + length;
  }

  void addTokens(int[] source, int from, int to) {
    int n = to - from;
    if (length + n > tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(length + n, Math.max(8, tokens.length * 2)));
    }
    System.arraycopy(source, from, tokens, length, n);
    length += n;
  }

  void addToken(int token) {
    if (length == tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(8, length * 2));
    }
    tokens[length++] = token;
  }

  /** How many tokens are those of {@code other} from {@code at}. */
  int common(int[] other, int at) {
    int n = Arrays.mismatch(tokens, 0, length, other, at, other.length);
    return n < 0 ? length : n;
  }

  /** Tokens {@code [from, to)} of the path to this segment's end. */
  int[] pathTokens(int from, int to) {
    int[] out = new int[to - from];
    for (Segment p = this; p != null && p.end() > from; p = p.parent) {
      int a = Math.max(from, p.start);
      int b = Math.min(to, p.end());
      if (a < b) {
        System.arraycopy(p.tokens, a - p.start, out, a - from, b - a);
      }
    }
    return out;
  }

  /** Adds slots at the end, joined to the last run where they go on from it. */
  void addRun(int slot, int n) {
    int last = 2 * runCount - 2;
    if (runCount > 0 && runs[last] + runs[last + 1] == slot) {
      runs[last + 1] += n;
      return;
    }
    if (2 * runCount == runs.length) {
      runs = Arrays.copyOf(runs, Math.max(4, runs.length * 2));
    }
    runs[2 * runCount] = slot;
    runs[2 * runCount + 1] = n;
    runCount++;
  }

  /** The slot after the last, or -1. */
  int nextSlot() {
    return runCount == 0 ? -1 : runs[2 * runCount - 2] + runs[2 * runCount - 1];
  }

  int slot(int index) {
    // From the end: decode rows ask for the newest token.
    int at = length;
    for (int i = runCount - 1; i >= 0; i--) {
      at -= runs[2 * i + 1];
      if (index >= at) {
        return runs[2 * i] + index - at;
      }
    }
    throw new IllegalStateException("segment " + id + " has no slot for token " + index);
  }

  void unlinkFromParent() {
    Segment p = parent;
    if (prevSibling != null) {
      prevSibling.nextSibling = nextSibling;
    } else if (p != null) {
      p.firstChild = nextSibling;
    }
    if (nextSibling != null) {
      nextSibling.prevSibling = prevSibling;
    } else if (p != null) {
      p.lastChild = prevSibling;
    }
    parent = null;
    prevSibling = null;
    nextSibling = null;
  }

  void appendTo(Segment p) {
    parent = p;
    prevSibling = p.lastChild;
    if (p.lastChild != null) {
      p.lastChild.nextSibling = this;
    } else {
      p.firstChild = this;
    }
    p.lastChild = this;
  }

  /**
   * Gives the first {@code keep} tokens to {@code head}, new and empty, which becomes the parent.
   */
  void splitOff(Segment head, int keep) {
    head.start = start;
    head.addTokens(tokens, 0, keep);
    head.filled = Math.min(filled, keep);
    head.sealed = true;
    head.resident = resident;
    head.indexed = indexed;
    head.lastUse = lastUse;
    splitRuns(head, keep);
    tokens = Arrays.copyOfRange(tokens, keep, Math.max(length, keep + 1));
    length -= keep;
    filled = Math.max(filled - keep, 0);
    start += keep;
    putBelow(head);
  }

  private void splitRuns(Segment head, int keep) {
    int at = 0;
    int oldCount = runCount;
    int[] old = runs;
    runs = new int[Math.max(4, old.length)];
    runCount = 0;
    for (int i = 0; i < oldCount; i++) {
      int slot = old[2 * i];
      int n = old[2 * i + 1];
      int inHead = Math.clamp(keep - at, 0, n);
      if (inHead > 0) {
        head.addRun(slot, inHead);
      }
      if (inHead < n) {
        addRun(slot + inHead, n - inHead);
      }
      at += n;
    }
  }

  /** {@code head} takes this segment's place among its siblings and becomes its parent. */
  private void putBelow(Segment head) {
    Segment p = parent;
    head.parent = p;
    head.prevSibling = prevSibling;
    head.nextSibling = nextSibling;
    if (prevSibling != null) {
      prevSibling.nextSibling = head;
    } else if (p != null) {
      p.firstChild = head;
    }
    if (nextSibling != null) {
      nextSibling.prevSibling = head;
    } else if (p != null) {
      p.lastChild = head;
    }
    prevSibling = null;
    nextSibling = null;
    appendTo(head);
  }
}
