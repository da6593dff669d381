package org.deft4j.tree;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The token segments of all trees, their slots in one {@link PagePool}, and the prompts cached for
 * later trees.
 *
 * <p>A <b>segment</b> is a run of tokens without a branch, named by an int that is used again after
 * the segment is gone. A path is a chain of segments from a top segment down; a token's position is
 * its place on its path. A segment's tokens have slots from the moment they are appended; the first
 * {@link #filled} of them have keys and values computed. A fork copies nothing: children share all
 * above them.
 *
 * <p><b>Life.</b> {@link #root}, {@link #child} and {@link #retain} give the caller a reference,
 * {@link #release} takes it back. A segment stays as long as it has a reference or a child; then it
 * is removed and its slots are freed, and so on upwards. Segments of prompts are different: they
 * are shared by all trees whose prompts begin alike, never grow, and stay as a cache when nobody
 * refers to them.
 *
 * <p><b>Handles.</b> {@link #split} keeps the id for the <em>tail</em>, so an id always names the
 * end of its tokens: the place where it grows and where its children hang. A caller that remembers
 * (id of the end, path length of the beginning) for each of its own nodes is not disturbed by
 * splits: {@link #at} finds, or makes, the segment that ends at any point of the path.
 *
 * <p><b>Memory.</b> When slots run short, {@link #demote}d segments lose theirs first, by priority;
 * then cached prompts go, least recently used first. A segment that lost its slots is not {@link
 * #resident} and keeps its tokens; {@link #restore} gives it slots again, to be computed anew. When
 * that is not enough, {@link DeftException} with exit code 5 is thrown and nothing but evictions
 * has happened.
 *
 * <p>Segments stand in depth-first preorder, older children first; the order is kept up to date by
 * each change ({@link #compare}). Every method throws {@link IllegalArgumentException} for an id
 * that names no segment. Not thread-safe.
 */
public final class Forest {
  /** No segment: the parent of a top segment. */
  public static final int NONE = -1;

  private final PagePool pool;
  private final SegmentStore store;
  private long clock;

  /** An empty forest whose tokens take slots of {@code pool}. */
  public Forest(PagePool pool) {
    this.pool = pool;
    store = new SegmentStore(pool);
  }

  /** Where the slots come from. */
  public PagePool pool() {
    return pool;
  }

  // ---- growing

  /**
   * The segment at whose end a prompt ends, with a reference for the caller. What is stored of it
   * already is shared, split where prompts part; the rest becomes a new segment with slots and
   * nothing filled. The segment is sealed: use {@link #child} or {@link #writable} to go on.
   *
   * @param tokens at least one
   */
  public int root(int[] tokens) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a prompt needs at least one token");
    }
    Segment parent = null;
    int at = 0;
    clock++;
    while (at < tokens.length) {
      Segment s = store.prompt(parent, tokens[at]);
      if (s == null) {
        break;
      }
      int n = s.common(tokens, at);
      if (n < s.length) {
        s = store.split(s, n);
      }
      s.lastUse = clock;
      parent = s;
      at += n;
    }
    if (parent != null) {
      parent.refs++; // protects the path while slots are taken
    }
    int evicted = 0;
    for (Segment s = parent; s != null; s = s.parent) {
      evicted += s.resident ? 0 : s.length;
    }
    try {
      ensure(tokens.length - at + evicted, parent);
    } catch (DeftException e) {
      if (parent != null) {
        release(parent.id);
      }
      throw e;
    }
    for (Segment s = parent; s != null; s = s.parent) {
      store.makeResident(s);
    }
    if (at == tokens.length) {
      return id(parent);
    }
    Segment s = store.create(parent);
    s.addTokens(tokens, at, tokens.length);
    store.allocate(s, s.length);
    s.sealed = true;
    s.refs = 1;
    s.lastUse = clock;
    store.index(s);
    if (parent != null) {
      parent.refs--;
    }
    return s.id;
  }

  /** How many leading tokens of a prompt are stored. */
  public int match(int[] tokens) {
    Segment parent = null;
    int at = 0;
    while (at < tokens.length) {
      Segment s = store.prompt(parent, tokens[at]);
      if (s == null) {
        break;
      }
      int n = s.common(tokens, at);
      at += n;
      if (n < s.length) {
        break;
      }
      parent = s;
    }
    return at;
  }

  /**
   * A new, empty segment at the end of another, after its other children in order, with a reference
   * for the caller. It may be appended to at once, even while its ancestors are not filled.
   */
  public int child(int segment) {
    Segment s = store.create(get(segment));
    s.refs = 1;
    return s.id;
  }

  /**
   * A segment at the end of {@code segment} that may grow: itself if nobody else can see its end,
   * else a new child, to which the caller's reference moves.
   */
  public int writable(int segment) {
    Segment s = get(segment);
    if (growable(s)) {
      return segment;
    }
    int child = child(segment);
    if (s.refs > 0) {
      s.refs--;
    }
    return child;
  }

  /**
   * The segment that ends at {@code pathLength} on the path of {@code segment}: this segment, one
   * above it, or the head of one that is split there.
   *
   * @param pathLength 1 to {@link #pathLength}
   */
  public int at(int segment, int pathLength) {
    Segment s = get(segment);
    if (pathLength < 1 || pathLength > s.end()) {
      throw new IllegalArgumentException(
          "path length " + pathLength + " is not in 1 to " + s.end());
    }
    while (s.end() != pathLength) {
      if (s.start < pathLength) {
        return store.split(s, pathLength - s.start).id;
      }
      s = parentOf(s);
    }
    return s.id;
  }

  /**
   * Cuts a segment in two; no slot changes hands but between the two.
   *
   * @param keep tokens of the head, 1 to length - 1
   * @return the head, a new segment above {@code segment}, without references of its own
   */
  public int split(int segment, int keep) {
    Segment s = get(segment);
    if (keep < 1 || keep >= s.length) {
      throw new IllegalArgumentException("cannot split " + s.length + " tokens at " + keep);
    }
    return store.split(s, keep).id;
  }

  /** Appends a token to a segment and takes a slot for it. */
  public void append(int segment, int token) {
    Segment s = growing(segment);
    ensure(1, s);
    s.addToken(token);
    store.allocate(s, 1);
  }

  /**
   * Appends tokens {@code [from, to)} to a segment and takes slots for them.
   *
   * @throws IllegalStateException if the segment is sealed, shared, not resident, or has children
   */
  public void append(int segment, int[] tokens, int from, int to) {
    Segment s = growing(segment);
    if (from < 0 || from > to || to > tokens.length) {
      throw new IllegalArgumentException("bad token range " + from + " to " + to);
    }
    if (from < to) {
      ensure(to - from, s);
      s.addTokens(tokens, from, to);
      store.allocate(s, to - from);
    }
  }

  /**
   * Replaces the newest token of a segment: one that was appended before it was known. Its slot
   * stays.
   *
   * @throws IllegalStateException if the segment is empty, is a prompt, or has children, which may
   *     know it
   */
  public void replaceLast(int segment, int token) {
    Segment s = get(segment);
    if (s.length == 0 || s.indexed || s.firstChild != null) {
      throw new IllegalStateException("segment " + segment + " has no token of its own at its end");
    }
    s.tokens[s.length - 1] = token;
  }

  /** Forbids that a segment grows. */
  public void seal(int segment) {
    get(segment).sealed = true;
  }

  // ---- removing

  /** One more reference. */
  public void retain(int segment) {
    get(segment).refs++;
  }

  /**
   * One reference less; what nothing holds any longer is removed, upwards.
   *
   * @throws IllegalStateException if the segment has no reference
   */
  public void release(int segment) {
    Segment s = get(segment);
    if (s.refs == 0) {
      throw new IllegalStateException("segment " + segment + " has no reference to release");
    }
    s.refs--;
    clock++;
    for (Segment p = s; p != null; p = p.parent) {
      p.lastUse = clock;
    }
    collect(s);
  }

  /**
   * Removes a segment and all below it with all their references, prompts too, and what nothing
   * holds any longer above it. For callers that own the whole subtree.
   */
  public void prune(int segment) {
    Segment top = get(segment);
    Segment parent = top.parent;
    Segment s = top;
    while (true) {
      while (s.lastChild != null) {
        s = s.lastChild;
      }
      Segment up = s.parent;
      store.remove(s);
      if (s == top || up == null) {
        break;
      }
      s = up;
    }
    collect(parent);
  }

  /** Removes all prompts that nothing refers to. */
  public void dropCache() {
    for (int i = 0; i < store.idCount(); i++) {
      Segment s = store.orNull(i);
      if (s != null && s.indexed && s.refs == 0 && s.firstChild == null) {
        Segment p = s;
        while (p != null && p.refs == 0 && p.firstChild == null) {
          Segment up = p.parent;
          store.remove(p);
          p = up;
        }
      }
    }
  }

  // ---- eviction

  /**
   * Allows a segment to be evicted once nothing below it is resident; larger priorities last
   * longer. Unreferenced segments above it (heads of splits) need no call: they follow their
   * children.
   */
  public void demote(int segment, double priority) {
    Segment s = get(segment);
    s.demoted = true;
    s.priority = priority;
  }

  /**
   * Takes the slots of a segment; its tokens stay, none filled.
   *
   * @throws IllegalStateException if something below it is resident
   */
  public void evict(int segment) {
    Segment s = get(segment);
    if (Reclaimer.residentChild(s)) {
      throw new IllegalStateException("segment " + segment + " has resident segments below it");
    }
    evictSegment(s);
  }

  /**
   * Withdraws {@link #demote} on the path of a segment, and gives the path slots again where it
   * lost them.
   *
   * @return tokens of the path that are not filled
   */
  public int restore(int segment) {
    Segment leaf = get(segment);
    int need = 0;
    int unfilled = 0;
    for (Segment s = leaf; s != null; s = s.parent) {
      need += s.resident ? 0 : s.length;
      unfilled += s.length - s.filled;
    }
    ensure(need, leaf);
    for (Segment s = leaf; s != null; s = s.parent) {
      s.demoted = false;
      store.makeResident(s);
    }
    return unfilled;
  }

  // ---- reading

  /** Number of segments. */
  public int segments() {
    return store.count();
  }

  /** Whether the id names a segment. */
  public boolean exists(int segment) {
    return store.orNull(segment) != null;
  }

  /** The segment above, or {@link #NONE}. */
  public int parent(int segment) {
    return id(get(segment).parent);
  }

  /** The oldest child, or {@link #NONE}. */
  public int firstChild(int segment) {
    return id(get(segment).firstChild);
  }

  /** The next younger child of the same parent, or {@link #NONE}. */
  public int nextSibling(int segment) {
    return id(get(segment).nextSibling);
  }

  /** The first segment in depth-first preorder, or {@link #NONE}. */
  public int first() {
    return id(store.first());
  }

  /** The segment after this in depth-first preorder, or {@link #NONE}. */
  public int next(int segment) {
    return id(get(segment).orderNext);
  }

  /** Compares two segments by depth-first preorder. */
  public int compare(int a, int b) {
    return Long.compare(get(a).label, get(b).label);
  }

  /** Own tokens of a segment. */
  public int length(int segment) {
    return get(segment).length;
  }

  /** Tokens on the path above a segment: the position of its first token. */
  public int start(int segment) {
    return get(segment).start;
  }

  /** Tokens on the path to a segment's end. */
  public int pathLength(int segment) {
    return get(segment).end();
  }

  /** Leading tokens whose keys and values are computed. */
  public int filled(int segment) {
    return get(segment).filled;
  }

  /** Says that the first {@code filled} tokens are computed; {@link RowBatch#commit} does it. */
  public void setFilled(int segment, int filled) {
    Segment s = get(segment);
    if (filled < 0 || filled > s.length || filled > 0 && !s.resident) {
      throw new IllegalArgumentException("cannot fill " + filled + " of " + s.length + " tokens");
    }
    if (s.filled > filled) {
      store.changed();
    }
    s.filled = filled;
  }

  /** The topmost segment of the path with uncomputed tokens, or {@link #NONE}. */
  public int firstUnfilled(int segment) {
    Segment found = null;
    for (Segment s = get(segment); s != null; s = s.parent) {
      if (s.filled < s.length) {
        found = s;
      }
    }
    return id(found);
  }

  /** Tokens of the path that are not computed. */
  public int unfilled(int segment) {
    int n = 0;
    for (Segment s = get(segment); s != null; s = s.parent) {
      n += s.length - s.filled;
    }
    return n;
  }

  /** References that callers hold. */
  public int references(int segment) {
    return get(segment).refs;
  }

  /** Whether it holds slots; false after an eviction. */
  public boolean resident(int segment) {
    return get(segment).resident;
  }

  /** Whether it was sealed. */
  public boolean sealed(int segment) {
    return get(segment).sealed;
  }

  /** Whether it belongs to a cached prompt. */
  public boolean cached(int segment) {
    return get(segment).indexed;
  }

  /** Token {@code index} of a segment. */
  public int token(int segment, int index) {
    Segment s = get(segment);
    if (index < 0 || index >= s.length) {
      throw new IllegalArgumentException("no token " + index + " of " + s.length);
    }
    return s.tokens[index];
  }

  /** A copy of a segment's own tokens. */
  public int[] tokens(int segment) {
    Segment s = get(segment);
    return Arrays.copyOf(s.tokens, s.length);
  }

  /** A copy of the tokens {@code [from, to)} of the path of a segment. */
  public int[] pathTokens(int segment, int from, int to) {
    Segment s = get(segment);
    if (from < 0 || from > to || to > s.end()) {
      throw new IllegalArgumentException("bad path range " + from + " to " + to);
    }
    return s.pathTokens(from, to);
  }

  /** Slot of token {@code index} of a segment. */
  public int slot(int segment, int index) {
    Segment s = get(segment);
    if (index < 0 || index >= s.length) {
      throw new IllegalArgumentException("no token " + index + " of " + s.length);
    }
    return s.slot(index);
  }

  /** Number of runs of adjacent slots of a segment. */
  public int runs(int segment) {
    return get(segment).runCount;
  }

  /** Slots on the paths of referenced segments: live slots less what is only cached. */
  public int slotsInUse() {
    return store.slotsInUse();
  }

  /**
   * Slots saved by sharing: the paths of all referenced segments without children, each counted
   * alone, less the slots that are on them.
   */
  public long slotsShared() {
    return store.slotsShared();
  }

  // ---- internals

  Segment get(int segment) {
    Segment s = store.orNull(segment);
    if (s == null) {
      throw new IllegalArgumentException("no such segment: " + segment);
    }
    return s;
  }

  int idCount() {
    return store.idCount();
  }

  @Nullable Segment segmentOrNull(int id) {
    return store.orNull(id);
  }

  /** Changes when segments come, go, or lose tokens or slots; not when leaves grow. */
  long version() {
    return store.version();
  }

  long nextStamp() {
    return store.nextStamp();
  }

  /** Makes {@code n} slots free, evicting nothing on the path of {@code keep}. */
  void ensure(int n, @Nullable Segment keep) {
    if (pool.freeSlots() < n) {
      new Reclaimer(this, keep).reclaim(n);
      if (pool.freeSlots() < n) {
        throw PagePool.exhausted(n, pool.freeSlots(), pool.capacity());
      }
    }
  }

  /** Drops the slots of a segment, or all of it where nothing but the cache holds it. */
  void evictSegment(Segment s) {
    store.freeSlots(s);
    s.filled = 0;
    s.resident = false;
    collectEvicted(s);
  }

  private void collectEvicted(Segment s) {
    if (s.refs == 0 && s.firstChild == null) {
      Segment p = s.parent;
      store.remove(s);
      collect(p);
    }
  }

  /** Removes a segment that nothing holds, and then its ancestors; keeps resident prompts. */
  private void collect(@Nullable Segment from) {
    Segment s = from;
    while (s != null && s.refs == 0 && s.firstChild == null && !(s.indexed && s.resident)) {
      Segment up = s.parent;
      store.remove(s);
      s = up;
    }
  }

  private Segment growing(int segment) {
    Segment s = get(segment);
    if (!growable(s)) {
      throw new IllegalStateException(
          "segment "
              + segment
              + " cannot grow: it is sealed, shared, evicted or has children; grow a child of it");
    }
    return s;
  }

  private static boolean growable(Segment s) {
    return !s.sealed && !s.indexed && s.refs <= 1 && s.firstChild == null && s.resident;
  }

  private static Segment parentOf(Segment s) {
    Segment p = s.parent;
    if (p == null) {
      throw new IllegalStateException("segment " + s.id + " has no parent");
    }
    return p;
  }

  private static int id(@Nullable Segment s) {
    return s == null ? NONE : s.id;
  }
}
