package org.deft4j.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.Forest;
import org.deft4j.tree.PagePool;
import org.deft4j.tree.RowBatch;

/**
 * A random forest that is edited and stepped from a seed, for property tests of plans, kernels and
 * engines.
 *
 * <pre>{@code
 * RandomForests f = new RandomForests(seed, 4096);
 * for (int i = 0; i < steps; i++) {
 *   f.edit(5);
 *   RowLayout layout = f.nextBatch().layout(); // mixed rows: decode, chunks, drafts, repeats
 *   ... store keys and values of all rows at rowSlot, then attend ...
 *   f.batch().commit();
 * }
 * f.releaseAll(); // pool().usedSlots() is 0 again
 * }</pre>
 */
public final class RandomForests {
  private static final int[] PAGE_SIZES = {1, 16, 32, 64};
  private static final int VOCABULARY = 50;
  private static final int MAX_HANDLES = 24;

  private final Random random;
  private final PagePool pool;
  private final Forest forest;
  private final RowBatch batch;
  private final List<Integer> handles = new ArrayList<>();
  private final List<int[]> paths = new ArrayList<>();
  private final List<int[]> promptsSeen = new ArrayList<>();
  private int longestRun = 60;

  /** A forest with one tree and a pool of at least {@code slots} slots. */
  public RandomForests(long seed, int slots) {
    random = new Random(seed * 0x9E3779B97F4A7C15L + 1);
    int pageSize = PAGE_SIZES[random.nextInt(PAGE_SIZES.length)];
    pool = new PagePool(pageSize, Math.ceilDiv(slots, pageSize));
    forest = new Forest(pool);
    batch = new RowBatch(forest);
    addPrompt();
  }

  /** Longest prompt, and about the longest chunk of rows; 60 unless it is said. */
  public RandomForests longestRun(int tokens) {
    longestRun = tokens;
    return this;
  }

  /** The forest. */
  public Forest forest() {
    return forest;
  }

  /** Its pool. */
  public PagePool pool() {
    return pool;
  }

  /** The batch of {@link #nextBatch}. */
  public RowBatch batch() {
    return batch;
  }

  /** The source of chance. */
  public Random random() {
    return random;
  }

  /** Segments that the caller of the forest would hold, one reference each. */
  public List<Integer> handles() {
    return handles;
  }

  /** The tokens that the path of {@code handles().get(i)} must have. */
  public int[] expectedPath(int i) {
    return paths.get(i);
  }

  /** Makes random changes: prompts, forks, appends, seals, releases, prunes, evictions. */
  public void edit(int changes) {
    for (int i = 0; i < changes; i++) {
      try {
        change();
      } catch (DeftException e) {
        if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
          throw e;
        }
        if (handles.size() > 1) {
          release(random.nextInt(handles.size()));
        }
      }
      if (handles.isEmpty()) {
        addPrompt();
      }
    }
  }

  /**
   * A random batch over part of the branches, at least one row; what lies above its rows is filled
   * or in it.
   */
  public RowBatch nextBatch() {
    batch.clear();
    Map<Integer, Boolean> whole = new HashMap<>();
    while (batch.isEmpty()) {
      for (int i = handles.size() - 1; i >= 0; i--) {
        if (random.nextInt(4) != 0) {
          try {
            addRows(i, whole);
          } catch (DeftException e) {
            if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
              throw e;
            }
          }
        }
      }
      if (batch.isEmpty()) {
        edit(3);
      }
    }
    return batch;
  }

  /**
   * A batch in which every branch decodes: each handle's leaf gets a token, and everything that is
   * not filled above it is in the batch too.
   *
   * @param tokens how many tokens each leaf gets
   */
  public RowBatch growAll(int tokens) {
    batch.clear();
    for (int i = 0; i < handles.size(); i++) {
      append(i, tokens);
    }
    Set<Integer> added = new HashSet<>();
    for (int handle : handles) {
      for (int s = handle; s != Forest.NONE; s = forest.parent(s)) {
        int left = forest.length(s) - forest.filled(s);
        if (left > 0 && added.add(s)) {
          batch.add(s, left);
        }
      }
    }
    return batch;
  }

  /** Releases all handles and drops the cache of prompts: no slot may be left. */
  public void releaseAll() {
    while (!handles.isEmpty()) {
      release(handles.size() - 1);
    }
    forest.dropCache();
  }

  /** Slots of the tokens that a row sees, by position: its path up to and with its own token. */
  public static int[] visibleSlots(Forest forest, int segment, int index) {
    int[] slots = new int[forest.start(segment) + index + 1];
    int end = index + 1;
    for (int s = segment; s != Forest.NONE; s = forest.parent(s)) {
      for (int i = 0; i < end; i++) {
        slots[forest.start(s) + i] = forest.slot(s, i);
      }
      end = forest.parent(s) == Forest.NONE ? 0 : forest.length(forest.parent(s));
    }
    return slots;
  }

  private void addRows(int i, Map<Integer, Boolean> whole) {
    int handle = handles.get(i);
    forest.restore(handle);
    if (random.nextBoolean()) {
      append(i, random.nextInt(5) == 0 ? 1 + random.nextInt(longestRun) : 1);
    }
    handle = handles.get(i);
    List<Integer> path = new ArrayList<>();
    for (int s = handle; s != Forest.NONE; s = forest.parent(s)) {
      path.addFirst(s);
    }
    for (int s : path) {
      int left = forest.length(s) - forest.filled(s);
      Boolean done = whole.get(s);
      if (done == null && left > 0) {
        done = left == 1 || random.nextInt(4) != 0;
        whole.put(s, done);
        int back = random.nextInt(8) == 0 ? random.nextInt(forest.filled(s) + 1) : 0;
        int rows = done ? left : 1 + random.nextInt(left - 1);
        batch.add(s, forest.filled(s) - back, rows + back);
      }
      if (done != null && !done) {
        return;
      }
    }
    if (forest.filled(handle) == forest.length(handle) && forest.length(handle) > 0) {
      batch.add(handle, forest.length(handle) - 1, 1);
    }
  }

  private void change() {
    int kind = random.nextInt(20);
    int i = random.nextInt(handles.size());
    if (kind < 2) {
      addPrompt();
    } else if (kind < 6) {
      fork(i, forest.pathLength(handles.get(i)));
    } else if (kind < 9) {
      fork(i, 1 + random.nextInt(forest.pathLength(handles.get(i))));
    } else if (kind < 14) {
      append(i, 1 + random.nextInt(random.nextInt(4) == 0 ? longestRun : 4));
    } else if (kind == 14) {
      forest.seal(handles.get(i));
    } else if (kind == 15) {
      prune(handles.get(i));
    } else if (kind == 16) {
      evict(handles.get(i));
    } else if (kind == 17) {
      forest.demote(handles.get(i), random.nextInt(3));
    } else if (kind == 18) {
      forest.restore(handles.get(i));
    } else if (handles.size() > 1) {
      release(i);
    }
    while (handles.size() > MAX_HANDLES) {
      release(random.nextInt(handles.size()));
    }
  }

  private void addPrompt() {
    int[] prompt = randomTokens(1 + random.nextInt(longestRun));
    if (!promptsSeen.isEmpty() && random.nextInt(3) != 0) {
      int[] old = promptsSeen.get(random.nextInt(promptsSeen.size()));
      int keep = random.nextInt(old.length + 1);
      int[] tail = random.nextInt(4) == 0 && keep > 0 ? new int[0] : prompt;
      prompt = Arrays.copyOf(old, keep + tail.length);
      System.arraycopy(tail, 0, prompt, keep, tail.length);
    }
    int handle = forest.root(prompt);
    promptsSeen.add(prompt);
    handles.add(handle);
    paths.add(prompt);
  }

  private void fork(int i, int pathLength) {
    int from = forest.at(handles.get(i), pathLength);
    int n = 1 + random.nextInt(4);
    for (int k = 0; k < n; k++) {
      handles.add(forest.child(from));
      paths.add(Arrays.copyOf(paths.get(i), pathLength));
    }
  }

  private void append(int i, int n) {
    forest.restore(handles.get(i));
    int leaf = forest.writable(handles.get(i));
    handles.set(i, leaf);
    int[] tokens = randomTokens(n);
    if (n == 1) {
      forest.append(leaf, tokens[0]);
    } else {
      forest.append(leaf, tokens, 0, n);
    }
    int[] path = Arrays.copyOf(paths.get(i), paths.get(i).length + n);
    System.arraycopy(tokens, 0, path, path.length - n, n);
    paths.set(i, path);
  }

  private void prune(int segment) {
    for (int i = handles.size() - 1; i >= 0; i--) {
      int s = handles.get(i);
      while (s != segment && s != Forest.NONE) {
        s = forest.parent(s);
      }
      if (s == segment) {
        handles.remove(i);
        paths.remove(i);
      }
    }
    forest.prune(segment);
  }

  private void evict(int segment) {
    for (int c = forest.firstChild(segment); c != Forest.NONE; c = forest.nextSibling(c)) {
      if (forest.resident(c)) {
        return;
      }
    }
    forest.evict(segment);
  }

  private void release(int i) {
    forest.release(handles.remove(i));
    paths.remove(i);
  }

  private int[] randomTokens(int n) {
    return random.ints(n, 0, VOCABULARY).toArray();
  }
}
