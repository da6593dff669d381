package org.deft4j.tree;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The query rows of one step: which segments contribute how many, and where they stand.
 *
 * <p>The loop of an engine is
 *
 * <pre>{@code
 * batch.clear();
 * batch.add(leaf, 1);              // a token that was appended before
 * batch.add(prompt, chunk);        // the next tokens of a prompt
 * RowLayout layout = batch.layout();
 * AttentionPlan plan = planner.plan(layout);
 * ... compute layout.rows() rows ...
 * batch.commit();                  // their keys and values are stored
 * }</pre>
 *
 * <p>Segments may come in any order and more than once; the layout puts them in depth-first
 * preorder. Several batches over one forest may exist, each with its own layout. A batch keeps its
 * arrays, so a step allocates only when it is larger than all before.
 */
public final class RowBatch {
  private final Forest forest;
  private final RowLayout layout;
  private @Nullable Segment[] segments = new @Nullable Segment[16];
  private int[] first = new int[16];
  private int[] count = new int[16];
  private int size;

  /** An empty batch. */
  public RowBatch(Forest forest) {
    this.forest = forest;
    layout = new RowLayout(forest);
  }

  /** Empties the batch for a new step. */
  public void clear() {
    Arrays.fill(segments, 0, size, null);
    size = 0;
  }

  /** Whether nothing was added. */
  public boolean isEmpty() {
    return size == 0;
  }

  /**
   * Adds the next {@code rows} uncomputed tokens of a segment.
   *
   * @param rows at least 1; they must have been appended
   */
  public void add(int segment, int rows) {
    add(segment, forest.get(segment).filled, rows);
  }

  /**
   * Adds rows for tokens {@code [firstToken, firstToken + rows)} of a segment.
   *
   * @param firstToken at most the number of filled tokens; a smaller one computes rows again, for
   *     instance the last token of a shared prefix to get its logits
   * @param rows at least 1
   */
  public void add(int segment, int firstToken, int rows) {
    Segment s = forest.get(segment);
    if (rows < 1 || firstToken < 0 || firstToken > s.filled || rows > s.length - firstToken) {
      throw new IllegalArgumentException(
          "rows of tokens "
              + firstToken
              + " + "
              + rows
              + " in a segment of "
              + s.length
              + " tokens, "
              + s.filled
              + " of them filled");
    }
    if (!s.resident) {
      throw new IllegalStateException("segment " + segment + " is evicted; restore it first");
    }
    if (size == first.length) {
      segments = Arrays.copyOf(segments, size * 2);
      first = Arrays.copyOf(first, size * 2);
      count = Arrays.copyOf(count, size * 2);
    }
    segments[size] = s;
    first[size] = firstToken;
    count[size++] = rows;
  }

  /**
   * Orders the rows. The layout is valid until the next call or change of the forest. Where the
   * segments are those of the last step and only leaves grew, its order is kept: the cost is then
   * linear in the rows.
   *
   * @throws IllegalStateException if a row has an ancestor token that is neither filled nor in the
   *     batch
   */
  public RowLayout layout() {
    if (layout.startRefresh(size)) {
      int i = 0;
      while (i < size && layout.refresh(at(i), first[i], count[i])) {
        i++;
      }
      if (i == size) {
        return layout;
      }
    }
    sort();
    layout.reset(forest.nextStamp());
    for (int i = 0; i < size; ) {
      Segment s = at(i);
      int lo = first[i];
      int hi = lo + count[i];
      for (i++; i < size && segments[i] == s; i++) {
        lo = Math.min(lo, first[i]);
        hi = Math.max(hi, first[i] + count[i]);
      }
      layout.addRows(s, lo, hi - lo);
    }
    layout.finish();
    return layout;
  }

  /** Says that the rows' keys and values are stored: they count as filled. */
  public void commit() {
    for (int i = 0; i < size; i++) {
      Segment s = at(i);
      s.filled = Math.max(s.filled, first[i] + count[i]);
    }
  }

  private Segment at(int i) {
    Segment s = segments[i];
    if (s == null) {
      throw new IllegalStateException("no entry " + i);
    }
    return s;
  }

  /** In place, and linear when the order is that of the step before. */
  private void sort() {
    for (int i = 1; i < size; i++) {
      if (at(i - 1).label > at(i).label) {
        heapSort();
        return;
      }
    }
  }

  private void heapSort() {
    for (int i = size / 2 - 1; i >= 0; i--) {
      sink(i, size);
    }
    for (int end = size - 1; end > 0; end--) {
      swap(0, end);
      sink(0, end);
    }
  }

  private void sink(int from, int end) {
    int i = from;
    while (2 * i + 1 < end) {
      int c = 2 * i + 1;
      if (c + 1 < end && at(c + 1).label > at(c).label) {
        c++;
      }
      if (at(i).label >= at(c).label) {
        return;
      }
      swap(i, c);
      i = c;
    }
  }

  private void swap(int a, int b) {
    Segment s = segments[a];
    segments[a] = segments[b];
    segments[b] = s;
    int f = first[a];
    first[a] = first[b];
    first[b] = f;
    int c = count[a];
    count[a] = count[b];
    count[b] = c;
  }
}
