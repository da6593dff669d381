package org.deft4j.examples;

import org.deft4j.runtime.Deft;
import org.deft4j.search.driver.SearchResult;

/** Runs a strategy of one's own, made by its constructor, beside the built-in ones. */
public final class CustomStrategy {
  private CustomStrategy() {}

  /** Sorts a generated list of 48 digits. */
  public static void main(String[] args) {
    try (Deft deft = Deft.open("deft-mini")) {
      SearchResult result =
          deft.search("sorting").taskOption("length", 48).strategy(new RetryStrategy(10)).run();
      System.out.println(
          result.problem().text()
              + "\n"
              + result.answer().orElse("no answer")
              + "\n"
              + result.tree().nodes()
              + " tries, solved: "
              + result.solved());
    }
  }
}
