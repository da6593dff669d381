package org.deft4j.tasks.merging;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Merges that need no model, to hold others against. */
public enum PlainMerge {
  /** The documents one after the other. */
  CONCATENATION("documents one after the other"),

  /** Every sentence, those of equal content words once. */
  DISTINCT("sentences of equal content words once"),

  /**
   * In order, every sentence that those kept before it do not cover: the rule by which {@link
   * MergeScore} tells what is covered, so that nothing is missing.
   */
  UNCOVERED("sentences that those before do not cover");

  private final String description;

  PlainMerge(String description) {
    this.description = description;
  }

  /** What it does, for a table. */
  public String description() {
    return description;
  }

  /** The merge of these documents, a sentence a line except for {@link #CONCATENATION}. */
  public String of(List<String> documents) {
    if (this == CONCATENATION) {
      return String.join("\n", documents);
    }
    List<String> kept = new ArrayList<>();
    Set<List<String>> said = new HashSet<>();
    Set<String> words = new HashSet<>();
    for (String document : documents) {
      for (String sentence : English.sentences(document)) {
        List<String> content = English.contentWords(sentence);
        boolean known = this == DISTINCT ? !said.add(content) : MergeScore.covered(content, words);
        if (!content.isEmpty() && !known) {
          kept.add(sentence);
          words.addAll(content);
        }
      }
    }
    return String.join("\n", kept);
  }
}
