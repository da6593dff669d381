package org.deft4j.examples;

import org.deft4j.runtime.Deft;
import org.deft4j.search.driver.SearchResult;

/** Beam search over thoughts in another program: what the README shows. */
public final class EmbedBeamSearch {
  private EmbedBeamSearch() {}

  /** Sorts a list and prints the answer. */
  public static void main(String[] args) {
    try (Deft deft = Deft.open("deft-mini")) {
      SearchResult result =
          deft.search("sorting")
              .problem("[3, 1, 4, 1, 5, 9, 2, 6]")
              .strategy("beam")
              .option("width", 4)
              .run();
      System.out.println(result.answer().orElse("no answer") + " solved: " + result.solved());
    }
  }
}
