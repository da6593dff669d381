package org.deft4j.tree;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The segments behind a {@link Forest}: their ids, their order, their slots, and the index of
 * prompts. It makes, cuts and removes segments; who may do so when is the forest's business.
 */
final class SegmentStore {
  private final PagePool pool;
  private final SegmentOrder order = new SegmentOrder();
  private final Map<Long, Segment> prompts = new HashMap<>();
  private @Nullable Segment[] segments = new @Nullable Segment[64];
  private int[] freeIds = new int[64];
  private int freeIdCount;
  private int idCount;
  private int count;
  private long stamp;
  private long version;

  SegmentStore(PagePool pool) {
    this.pool = pool;
  }

  PagePool pool() {
    return pool;
  }

  /** Number of segments. */
  int count() {
    return count;
  }

  /** All ids are below. */
  int idCount() {
    return idCount;
  }

  @Nullable Segment orNull(int id) {
    return id >= 0 && id < idCount ? segments[id] : null;
  }

  /** The first in depth-first preorder. */
  @Nullable Segment first() {
    return order.first();
  }

  /** Changes when segments come, go, or lose tokens or slots; not when leaves grow. */
  long version() {
    return version;
  }

  void changed() {
    version++;
  }

  long nextStamp() {
    return ++stamp;
  }

  // ---- prompts

  /** The cached segment below {@code parent} that begins with a token. */
  @Nullable Segment prompt(@Nullable Segment parent, int token) {
    return prompts.get(key(parent, token));
  }

  /** Lets later prompts find a segment. */
  void index(Segment s) {
    s.indexed = true;
    prompts.put(key(s.parent, s.tokens[0]), s);
  }

  private static long key(@Nullable Segment parent, int token) {
    return (long) (parent == null ? Forest.NONE : parent.id) << 32 | token & 0xffffffffL;
  }

  // ---- segments

  /** A new, empty segment, the youngest child of {@code parent}. */
  Segment create(@Nullable Segment parent) {
    Segment s = add();
    order.insertBelow(parent, s);
    if (parent != null) {
      s.start = parent.end();
      s.appendTo(parent);
    }
    return s;
  }

  /**
   * Puts the first {@code keep} tokens of {@code s} into a new segment between it and its parent.
   */
  Segment split(Segment s, int keep) {
    Segment head = add();
    order.insertBefore(s, head);
    s.splitOff(head, keep);
    if (head.indexed) {
      index(head);
      index(s);
    }
    return head;
  }

  private Segment add() {
    version++;
    int id = freeIdCount > 0 ? freeIds[--freeIdCount] : idCount++;
    if (id >= segments.length) {
      segments = Arrays.copyOf(segments, segments.length * 2);
    }
    Segment s = new Segment(id);
    segments[id] = s;
    count++;
    return s;
  }

  void remove(Segment s) {
    freeSlots(s);
    if (s.indexed) {
      prompts.remove(key(s.parent, s.tokens[0]));
    }
    s.unlinkFromParent();
    order.remove(s);
    segments[s.id] = null;
    count--;
    if (freeIdCount == freeIds.length) {
      freeIds = Arrays.copyOf(freeIds, freeIdCount * 2);
    }
    freeIds[freeIdCount++] = s.id;
  }

  // ---- slots

  /**
   * Takes slots for {@code n} more tokens of a segment; the caller made sure that they are there.
   */
  void allocate(Segment s, int n) {
    int left = n;
    while (left > 0) {
      boolean small = s.runCount == 0 && left <= PagePool.SMALL;
      long run = pool.allocate(s.nextSlot(), left, small);
      s.addRun((int) (run >> 32), (int) run);
      left -= (int) run;
    }
  }

  /** Gives a segment that lost its slots new ones. */
  void makeResident(Segment s) {
    if (!s.resident) {
      s.resident = true;
      allocate(s, s.length);
    }
  }

  void freeSlots(Segment s) {
    version++;
    for (int i = 0; i < s.runCount; i++) {
      pool.free(s.runs[2 * i], s.runs[2 * i + 1]);
    }
    s.runCount = 0;
  }

  // ---- sums

  /** See {@link Forest#slotsInUse}. */
  int slotsInUse() {
    int held = 0;
    long mark = nextStamp();
    for (int i = 0; i < idCount; i++) {
      Segment s = segments[i];
      for (Segment p = s != null && s.refs > 0 ? s : null;
          p != null && p.stamp != mark;
          p = p.parent) {
        p.stamp = mark;
        held += p.resident ? p.length : 0;
      }
    }
    return held;
  }

  /** See {@link Forest#slotsShared}. */
  long slotsShared() {
    long alone = 0;
    long held = 0;
    long mark = nextStamp();
    for (int i = 0; i < idCount; i++) {
      Segment leaf = segments[i];
      if (leaf == null || leaf.refs == 0 || leaf.firstChild != null) {
        continue;
      }
      for (Segment s = leaf; s != null; s = s.parent) {
        int n = s.resident ? s.length : 0;
        alone += (long) n * (s == leaf ? leaf.refs : 1);
        if (s.stamp != mark) {
          s.stamp = mark;
          held += n;
        }
      }
    }
    return alone - held;
  }
}
