package org.deft4j.search.strategy;

import java.util.HashMap;
import java.util.Map;

/**
 * How alike two texts are: the cosine of their counts of three characters in a row. It needs no
 * model; texts without a common triple are at 0, equal ones at 1.
 */
final class Ngrams {
  private static final int LENGTH = 3;

  private final Map<String, Integer> counts = new HashMap<>();
  private final double norm;

  private Ngrams(String text) {
    // Ends count: a text of two characters has three triples.
    String padded = " ".repeat(LENGTH - 1) + text + " ".repeat(LENGTH - 1);
    for (int i = 0; i + LENGTH <= padded.length(); i++) {
      counts.merge(padded.substring(i, i + LENGTH), 1, Integer::sum);
    }
    long squares = 0;
    for (int n : counts.values()) {
      squares += (long) n * n;
    }
    norm = Math.sqrt(squares);
  }

  static Ngrams of(String text) {
    return new Ngrams(text);
  }

  /** Likeness, 0 to 1. */
  double similarity(Ngrams other) {
    if (counts.equals(other.counts)) {
      return 1;
    }
    long dot = 0;
    for (Map.Entry<String, Integer> e : counts.entrySet()) {
      dot += (long) e.getValue() * other.counts.getOrDefault(e.getKey(), 0);
    }
    return Math.min(1, dot / (norm * other.norm));
  }
}
