package org.deft4j.tree;

/**
 * Slots for the keys and values of tokens, in pages of 1, 16, 32 or 64 slots; it never grows.
 *
 * <p>Slot = page * pageSize + offset. A page's reference count is the number of its live slots: it
 * is free when the last of them is freed, whichever segments they belonged to, and freeing a slot
 * that is not live is an error. One bit a slot, 64 slots a word, so allocation works on words.
 *
 * <p>Placement is a matter of run length alone, never of capacity: every free slot can be had. A
 * run grows in place where the next slot is free. A new run of a few tokens (a draft token, a beam
 * of single tokens) goes to a word that such runs share; any other starts a word of its own, every
 * eighth first, so that branches which grow side by side get runs of up to 512 tokens; when no word
 * is empty it starts in an empty page, and at last in any free slot.
 *
 * <p>Not thread-safe. {@link #allocate} takes constant time while an empty word is left.
 */
public final class PagePool {
  /** First runs of at most this many tokens share words. */
  static final int SMALL = 4;

  private final int pageSize;
  private final int pages;
  private final int capacity;
  private final long[] used;
  private final int[] emptyNext;
  private final int[] emptyPrev;
  private final int[] emptyHead = {-1, -1, -1, -1};
  private final boolean[] shared;
  private final int[] sharedStack;
  private final boolean[] inSharedStack;
  private int sharedCount;
  private int sharedWord = -1;
  private int cursor;
  private int free;
  private int usedPages;

  /**
   * A pool of free pages.
   *
   * @param pageSize 1, 16, 32 or 64 slots
   * @param pages at least 1; {@code pages * pageSize} must be below 2^31
   */
  public PagePool(int pageSize, int pages) {
    if (pageSize != 1 && pageSize != 16 && pageSize != 32 && pageSize != 64) {
      throw new IllegalArgumentException("page size must be 1, 16, 32 or 64, was " + pageSize);
    }
    if (pages < 1 || (long) pages * pageSize > Integer.MAX_VALUE - 64) {
      throw new IllegalArgumentException("bad number of pages: " + pages);
    }
    this.pageSize = pageSize;
    this.pages = pages;
    capacity = pages * pageSize;
    int words = (capacity + 63) >> 6;
    used = new long[words];
    emptyNext = new int[words];
    emptyPrev = new int[words];
    shared = new boolean[words];
    sharedStack = new int[words];
    inSharedStack = new boolean[words];
    free = capacity;
    int tail = capacity & 63;
    if (tail != 0) {
      used[words - 1] = -1L << tail;
    }
    for (int w = words - 1; w >= 0; w--) {
      if (used[w] == 0) {
        pushEmpty(w);
      }
    }
  }

  /** Slots a page. */
  public int pageSize() {
    return pageSize;
  }

  /** Pages of the pool. */
  public int pages() {
    return pages;
  }

  /** Slots of the pool. */
  public int capacity() {
    return capacity;
  }

  /** Free slots. */
  public int freeSlots() {
    return free;
  }

  /** Live slots. */
  public int usedSlots() {
    return capacity - free;
  }

  /** Pages with at least one live slot. */
  public int usedPages() {
    return usedPages;
  }

  /** Reference count of a page: its live slots. */
  public int references(int page) {
    if (page < 0 || page >= pages) {
      throw new IllegalArgumentException("no such page: " + page);
    }
    int slot = page * pageSize;
    long mask = pageSize == 64 ? -1L : ((1L << pageSize) - 1) << (slot & 63);
    return Long.bitCount(used[slot >> 6] & mask);
  }

  /** Whether a slot is live. */
  public boolean isUsed(int slot) {
    if (slot < 0 || slot >= capacity) {
      throw new IllegalArgumentException("no such slot: " + slot);
    }
    return (used[slot >> 6] >>> (slot & 63) & 1) != 0;
  }

  /**
   * Takes a run of 1 to {@code want} adjacent free slots.
   *
   * @param next the slot after the caller's last, to go on there if it is free; -1 for none
   * @param want how many slots are wanted, at least 1; call again for the rest
   * @param small whether this is the first, short run of its caller
   * @return {@code slot << 32 | length}
   * @throws DeftException with exit code 5 when no slot is free
   */
  public long allocate(int next, int want, boolean small) {
    if (want < 1) {
      throw new IllegalArgumentException("nothing wanted: " + want);
    }
    if (free == 0) {
      throw exhausted(want, free, capacity);
    }
    int start = next;
    if (!canGoOn(next)) {
      start = small ? sharedSlot() : ownSlot();
    }
    return (long) start << 32 | take(start, want);
  }

  /**
   * Frees a run of live slots.
   *
   * @throws IllegalStateException if one of them is not live
   */
  public void free(int slot, int length) {
    if (slot < 0 || length < 1 || slot > capacity - length) {
      throw new IllegalArgumentException("no such slots: " + slot + " + " + length);
    }
    int end = slot + length;
    for (int s = slot; s < end; ) {
      int w = s >> 6;
      int n = Math.min(end - s, 64 - (s & 63));
      long mask = (n == 64 ? -1L : (1L << n) - 1) << (s & 63);
      if ((used[w] & mask) != mask) {
        throw new IllegalStateException("slot freed twice in " + s + " + " + n);
      }
      int before = pagesOf(w);
      used[w] &= ~mask;
      usedPages -= before - pagesOf(w);
      free += n;
      if (used[w] == 0) {
        shared[w] = false;
        pushEmpty(w);
        if (w == sharedWord) {
          sharedWord = -1;
        }
      } else if (shared[w] && w != sharedWord && !inSharedStack[w]) {
        inSharedStack[w] = true;
        sharedStack[sharedCount++] = w;
      }
      s += n;
    }
  }

  /** The failure of a pool that is too small. */
  static DeftException exhausted(int want, int free, int capacity) {
    return new DeftException(
        DeftException.OUT_OF_MEMORY,
        "out of memory for keys and values: "
            + want
            + " tokens wanted, "
            + free
            + " of "
            + capacity
            + " free; give more with --kv-memory, or a smaller --width");
  }

  private boolean canGoOn(int slot) {
    if (slot < 0 || slot >= capacity) {
      return false;
    }
    // The start of a word belongs to whoever has the word, unless it is empty.
    long word = used[slot >> 6];
    return (slot & 63) == 0 ? word == 0 : (word >>> (slot & 63) & 1) == 0;
  }

  private int take(int start, int want) {
    int len = 0;
    while (len < want && start + len < capacity) {
      int s = start + len;
      int w = s >> 6;
      if (len > 0 && used[w] != 0) {
        break;
      }
      int b = s & 63;
      int n =
          Math.min(
              want - len,
              Long.numberOfTrailingZeros(used[w] >>> b | (b == 0 ? 0 : -1L << (64 - b))));
      if (used[w] == 0) {
        removeEmpty(w);
      }
      int before = pagesOf(w);
      used[w] |= (n == 64 ? -1L : (1L << n) - 1) << b;
      usedPages += pagesOf(w) - before;
      free -= n;
      len += n;
      if (n < 64 - b) {
        break;
      }
    }
    return len;
  }

  private int sharedSlot() {
    if (sharedWord < 0 || used[sharedWord] == -1L) {
      sharedWord = -1;
      while (sharedCount > 0 && sharedWord < 0) {
        int w = sharedStack[--sharedCount];
        inSharedStack[w] = false;
        if (shared[w] && used[w] != -1L) {
          sharedWord = w;
        }
      }
      if (sharedWord < 0) {
        int slot = ownSlot();
        sharedWord = slot >> 6;
        shared[sharedWord] = true;
        return slot;
      }
    }
    return sharedWord << 6 | Long.numberOfTrailingZeros(~used[sharedWord]);
  }

  private int ownSlot() {
    for (int head : emptyHead) {
      if (head >= 0) {
        return head << 6;
      }
    }
    int words = used.length;
    if (pageSize < 64 && usedPages < pages) {
      for (int i = 0; i < words; i++) {
        int w = cursor + i < words ? cursor + i : cursor + i - words;
        long page = (1L << pageSize) - 1;
        for (int b = 0; b < 64; b += pageSize) {
          if ((used[w] >>> b & page) == 0) {
            cursor = w;
            return w << 6 | b;
          }
        }
      }
    }
    for (int i = 0; i < words; i++) {
      int w = cursor + i < words ? cursor + i : cursor + i - words;
      if (used[w] != -1L) {
        cursor = w;
        return w << 6 | Long.numberOfTrailingZeros(~used[w]);
      }
    }
    throw new IllegalStateException("no free slot among " + free);
  }

  private int pagesOf(int w) {
    long word = used[w];
    if (w == used.length - 1 && (capacity & 63) != 0) {
      word &= (1L << (capacity & 63)) - 1;
    }
    if (pageSize == 1) {
      return Long.bitCount(word);
    }
    if (word == 0 || pageSize == 64) {
      return word == 0 ? 0 : 1;
    }
    int n = 0;
    long page = (1L << pageSize) - 1;
    for (int b = 0; b < 64; b += pageSize) {
      n += (word >>> b & page) == 0 ? 0 : 1;
    }
    return n;
  }

  /** Words are taken by how much room there is before the next one that is taken first. */
  private static int rank(int w) {
    return 3 - Math.min(3, Integer.numberOfTrailingZeros(w));
  }

  private void pushEmpty(int w) {
    int r = rank(w);
    int head = emptyHead[r];
    emptyPrev[w] = -1;
    emptyNext[w] = head;
    if (head >= 0) {
      emptyPrev[head] = w;
    }
    emptyHead[r] = w;
  }

  private void removeEmpty(int w) {
    int prev = emptyPrev[w];
    int next = emptyNext[w];
    if (prev >= 0) {
      emptyNext[prev] = next;
    } else {
      emptyHead[rank(w)] = next;
    }
    if (next >= 0) {
      emptyPrev[next] = prev;
    }
  }
}
