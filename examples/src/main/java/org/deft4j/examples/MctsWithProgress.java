package org.deft4j.examples;

import java.io.PrintStream;
import java.util.Locale;
import org.deft4j.runtime.Deft;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.event.SearchListener;

/**
 * Monte Carlo tree search on the game of 24, a step a thought, with a listener that tells how it
 * goes. Listeners hear every event of a search on the thread that drives it; what they do must be
 * quick. The model is any model of text, the better the more it solves.
 *
 * <pre>{@code MctsWithProgress path/to/instruct-model.gguf "4 9 10 13"}</pre>
 */
public final class MctsWithProgress {
  private MctsWithProgress() {}

  /** Searches with the model and the numbers of the command line. */
  public static void main(String[] args) {
    if (args.length != 2) {
      System.err.println("usage: MctsWithProgress MODEL \"4 9 10 13\"");
      return;
    }
    try (Deft deft = Deft.open(args[0])) {
      SearchResult result = run(deft, args[1], System.out);
      System.out.println(result.answer().orElse("no answer") + " solved: " + result.solved());
    }
  }

  static SearchResult run(Deft deft, String numbers, PrintStream out) {
    return deft.search("game-of-24")
        .problem(numbers)
        .strategy("mcts")
        .option("iterations", 48)
        .evaluator("checker")
        .listener(progress(out))
        .run();
  }

  /** Prints each thought as it comes, and each answer that is the best so far. */
  static SearchListener progress(PrintStream out) {
    return event -> {
      switch (event) {
        case SearchEvent.ThoughtAdded a ->
            out.printf(
                Locale.ROOT,
                "#%d %s%s%n",
                a.thought().ordinal(),
                "  ".repeat(a.thought().depth()),
                a.thought().text().strip());
        case SearchEvent.Selected s ->
            out.printf(Locale.ROOT, "best so far: %s%n", s.best().answer().orElse(""));
        default -> {}
      }
    };
  }
}
