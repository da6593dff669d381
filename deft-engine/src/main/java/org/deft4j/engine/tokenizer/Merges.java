package org.deft4j.engine.tokenizer;

import java.util.Arrays;
import java.util.function.Function;
import org.deft4j.tree.DeftException;

/**
 * The learned merges of byte-pair encoding, best first, and their application.
 *
 * @param left spelling of each merge's first token
 * @param right spelling of its second
 */
record Merges(String[] left, String[] right) {
  /**
   * Merges as lines of two spellings with a space between; a line without one has no right part.
   */
  static Merges ofLines(String[] lines) {
    String[] left = new String[lines.length];
    String[] right = new String[lines.length];
    for (int i = 0; i < lines.length; i++) {
      // The first character may be a space that is itself part of no learned alphabet.
      int cut = lines[i].indexOf(' ', 1);
      left[i] = cut < 0 ? lines[i] : lines[i].substring(0, cut);
      right[i] = cut < 0 ? "" : lines[i].substring(cut + 1);
    }
    return new Merges(left, right);
  }

  int size() {
    return left.length;
  }

  /**
   * Enters the ranks of all merges.
   *
   * @return the token that each makes
   */
  int[] resolve(Vocabulary vocabulary, PairTable ranks, Function<String, DeftException> bad) {
    int[] merged = new int[left.length];
    for (int rank = 0; rank < merged.length; rank++) {
      Integer a = vocabulary.ids.get(left[rank]);
      Integer b = vocabulary.ids.get(right[rank]);
      Integer both = vocabulary.ids.get(left[rank] + right[rank]);
      if (a == null || b == null || both == null || right[rank].isEmpty()) {
        throw bad.apply(
            "merge " + rank + " of its tokenizer names tokens that the vocabulary lacks");
      }
      ranks.add(a, b, rank);
      merged[rank] = both;
    }
    return merged;
  }

  /**
   * Merges neighbours in the learned order, the leftmost first: O(n log n).
   *
   * @param id tokens to begin with; overwritten
   */
  static int[] apply(int[] id, PairTable ranks, int[] merged) {
    int n = id.length;
    int[] next = new int[n];
    int[] prev = new int[n];
    MergeQueue queue = new MergeQueue();
    for (int i = 0; i < n; i++) {
      next[i] = i + 1;
      prev[i] = i - 1;
      if (i > 0) {
        offer(queue, id, ranks, i - 1, i);
      }
    }
    while (!queue.isEmpty()) {
      long best = queue.poll();
      int rank = (int) (best >>> 32);
      int i = (int) best;
      int j = id[i] < 0 ? n : next[i];
      if (j >= n || ranks.rank(id[i], id[j]) != rank) {
        continue;
      }
      id[i] = merged[rank];
      id[j] = -1;
      next[i] = next[j];
      if (next[j] < n) {
        prev[next[j]] = i;
        offer(queue, id, ranks, i, next[i]);
      }
      if (prev[i] >= 0) {
        offer(queue, id, ranks, prev[i], i);
      }
    }
    int count = 0;
    for (int i = 0; i < n; i++) {
      if (id[i] >= 0) {
        id[count++] = id[i];
      }
    }
    return Arrays.copyOf(id, count);
  }

  private static void offer(MergeQueue queue, int[] id, PairTable ranks, int i, int j) {
    int rank = ranks.rank(id[i], id[j]);
    if (rank >= 0) {
      queue.add(rank, i);
    }
  }
}
