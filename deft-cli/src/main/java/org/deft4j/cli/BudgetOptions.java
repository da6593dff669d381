package org.deft4j.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.search.budget.SearchBudget;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Limits of a search. */
final class BudgetOptions {
  private static final Pattern TIME = Pattern.compile("(\\d+(?:\\.\\d+)?)(ms|s|m|h)?");

  @Option(
      names = "--budget-tokens",
      paramLabel = "N",
      description = "Sample at most N tokens a problem.")
  private @Nullable Long tokens;

  @Option(
      names = "--budget-nodes",
      paramLabel = "N",
      description = "Make at most N thoughts a problem.")
  private @Nullable Long nodes;

  @Option(
      names = "--budget-time",
      paramLabel = "TIME",
      description = "Search at most this long a problem: 500ms, 10s, 2m; a bare number is seconds.")
  private @Nullable String time;

  /**
   * The budget.
   *
   * @throws IllegalArgumentException for a bad value, naming the option
   */
  SearchBudget toBudget() {
    SearchBudget budget = SearchBudget.UNLIMITED;
    if (tokens != null) {
      budget = budget.withDecodeTokens(positive("--budget-tokens", tokens));
    }
    if (nodes != null) {
      budget = budget.withNodes(positive("--budget-nodes", nodes));
    }
    if (time != null) {
      budget = budget.withTime(parse(time));
    }
    return budget;
  }

  private static long positive(String option, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(option + " must be at least 1, was " + value);
    }
    return value;
  }

  private static Duration parse(String text) {
    Matcher m = TIME.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (m.matches()) {
      double factor =
          switch (m.group(2)) {
            case "ms" -> 1e-3;
            case "m" -> 60;
            case "h" -> 3600;
            case null, default -> 1;
          };
      double seconds = Double.parseDouble(m.group(1)) * factor;
      if (seconds >= 1e-3 && seconds < 1e8) {
        return Duration.ofNanos((long) (seconds * 1e9));
      }
    }
    throw new IllegalArgumentException(
        "--budget-time must be a time such as 500ms, 10s or 2m, was '" + text + "'");
  }
}
