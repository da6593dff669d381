package org.deft4j.tree;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.Map;

/**
 * Private copies of what is above each branch, for attention methods that do not share pages.
 *
 * <p>A segment's own slots are its own already. {@link #prepare} gives each segment that has rows
 * slots for copies of the tokens above it, as far as these are computed, and lists the copies to
 * make. Tokens above that are computed only in the same step are read where they are, and copied
 * with a later step. Copies belong to path positions, so that splits above do not matter; they are
 * freed at the first {@link #prepare} after their segment is gone, evicted or has children.
 */
public final class PrivatePaths implements AutoCloseable {
  private static final class Copy {
    int tokens;
    int[] runs = new int[4];
    int runCount;

    void add(int slot, int n) {
      int last = 2 * runCount - 2;
      if (runCount > 0 && runs[last] + runs[last + 1] == slot) {
        runs[last + 1] += n;
      } else {
        if (2 * runCount == runs.length) {
          runs = Arrays.copyOf(runs, runs.length * 2);
        }
        runs[2 * runCount] = slot;
        runs[2 * runCount + 1] = n;
        runCount++;
      }
      tokens += n;
    }

    int next() {
      return runCount == 0 ? -1 : runs[2 * runCount - 2] + runs[2 * runCount - 1];
    }
  }

  private final Forest forest;
  private final Map<Segment, Copy> copies = new IdentityHashMap<>();

  /** No copies yet. */
  public PrivatePaths(Forest forest) {
    this.forest = forest;
  }

  /** The forest whose pool the copies live in. */
  public Forest forest() {
    return forest;
  }

  /** How many leading path tokens of a segment have private copies. */
  public int tokens(int segment) {
    Copy c = copies.get(forest.get(segment));
    return c == null ? 0 : c.tokens;
  }

  /** Runs of the copies of a segment as pairs (slot, length); may be longer than used. */
  public int[] runs(int segment) {
    Copy c = copies.get(forest.get(segment));
    if (c == null) {
      throw new IllegalArgumentException("segment " + segment + " has no private copies");
    }
    return c.runs;
  }

  /** Slots that all copies hold. */
  public long slots() {
    long n = 0;
    for (Copy c : copies.values()) {
      n += c.tokens;
    }
    return n;
  }

  /**
   * Takes slots for what the segments of a step lack and adds the copies to a list.
   *
   * @return whether all that is above the step's segments is copied now
   * @throws DeftException with exit code 5 when no slots are left
   */
  public boolean prepare(RowLayout layout, CopyList list) {
    sweep();
    boolean complete = true;
    for (int k = 0; k < layout.nodes(); k++) {
      if (layout.nodeOwnEnd()[k] > layout.nodeRowLo()[k] && layout.nodeStart()[k] > 0) {
        Segment s = forest.get(layout.nodeSegment()[k]);
        Copy copy = copies.computeIfAbsent(s, x -> new Copy());
        if (s.parent != null) {
          complete &= extend(s.parent, s, copy, list);
        }
      }
    }
    return complete;
  }

  /** Frees all copies. */
  @Override
  public void close() {
    copies.values().forEach(this::free);
    copies.clear();
  }

  /** Copies the computed tokens of {@code a} and those above it, top first. */
  private boolean extend(Segment a, Segment owner, Copy copy, CopyList list) {
    if (copy.tokens < a.start && (a.parent == null || !extend(a.parent, owner, copy, list))) {
      return false;
    }
    int have = copy.tokens - a.start;
    if (have < a.filled) {
      forest.ensure(a.filled - have, owner);
      int at = 0;
      for (int i = 0; i < a.runCount && at < a.filled; i++) {
        int n = a.runs[2 * i + 1];
        int from = Math.max(have, at);
        int to = Math.min(a.filled, at + n);
        if (from < to) {
          copyRun(a.runs[2 * i] + from - at, to - from, copy, list);
        }
        at += n;
      }
    }
    return copy.tokens >= a.end();
  }

  private void copyRun(int slot, int length, Copy copy, CopyList list) {
    int done = 0;
    while (done < length) {
      long run = forest.pool().allocate(copy.next(), length - done, false);
      int n = (int) run;
      copy.add((int) (run >> 32), n);
      list.add(slot + done, (int) (run >> 32), n);
      done += n;
    }
  }

  private void sweep() {
    for (Iterator<Map.Entry<Segment, Copy>> it = copies.entrySet().iterator(); it.hasNext(); ) {
      Map.Entry<Segment, Copy> e = it.next();
      Segment s = e.getKey();
      if (forest.segmentOrNull(s.id) != s || !s.resident || s.firstChild != null) {
        free(e.getValue());
        it.remove();
      }
    }
  }

  private void free(Copy c) {
    for (int i = 0; i < c.runCount; i++) {
      forest.pool().free(c.runs[2 * i], c.runs[2 * i + 1]);
    }
  }
}
