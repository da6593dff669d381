package org.deft4j.tasks.merging;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How good a merge of documents is, without a model's opinion.
 *
 * @param coverage share of the sources' distinct sentences whose content words the merge has, to at
 *     least {@link #RECALL}; inflection does not count
 * @param repetition share of the merge's runs of four words that occur in it more than once
 * @param missing the sentences that are not covered, in the order of the sources
 */
public record MergeScore(double coverage, double repetition, List<String> missing) {
  /** The share of a sentence's content words from which on it counts as covered. */
  public static final double RECALL = 0.7;

  private static final int RUN = 4;

  /** Copies the list. */
  public MergeScore {
    missing = List.copyOf(missing);
  }

  /**
   * Scores a merge. Sentences of equal content words are one; sentences without any are passed
   * over. A merge of fewer than four words repeats nothing.
   */
  public static MergeScore of(List<String> sources, String merge) {
    Map<List<String>, String> distinct = new LinkedHashMap<>();
    for (String source : sources) {
      for (String sentence : English.sentences(source)) {
        List<String> content = English.contentWords(sentence);
        if (!content.isEmpty()) {
          distinct.putIfAbsent(content, sentence);
        }
      }
    }
    Set<String> merged = new HashSet<>(English.contentWords(merge));
    List<String> missing = new ArrayList<>();
    distinct.forEach((content, sentence) -> {
      if (!covered(content, merged)) {
        missing.add(sentence);
      }
    });
    double coverage = distinct.isEmpty() ? 0 : 1 - missing.size() / (double) distinct.size();
    return new MergeScore(coverage, repetition(merge), missing);
  }

  /** Whether enough of a sentence's content words are among those of a merge. */
  static boolean covered(List<String> content, Set<String> merged) {
    long found = content.stream().filter(merged::contains).count();
    // Whole numbers: 7 of 10 is enough, whatever 0.7 is in binary.
    return found * 10 >= content.size() * Math.round(RECALL * 10);
  }

  /** Share of a text's runs of four words that occur in it more than once. */
  public static double repetition(String text) {
    List<String> words = English.words(text);
    int runs = words.size() - RUN + 1;
    if (runs < 1) {
      return 0;
    }
    Map<List<String>, Integer> counts = new HashMap<>();
    for (int i = 0; i < runs; i++) {
      counts.merge(words.subList(i, i + RUN), 1, Integer::sum);
    }
    int repeated = counts.values().stream().filter(n -> n > 1).mapToInt(n -> n).sum();
    return repeated / (double) runs;
  }

  /**
   * Harmonic mean of what is kept and what is not said twice, as Graph of Thoughts' F1 of retention
   * and redundancy; 0 where both are.
   */
  public double f1() {
    double fresh = 1 - repetition;
    return coverage + fresh == 0 ? 0 : 2 * coverage * fresh / (coverage + fresh);
  }
}
