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

  @Option(
      names = "--budget-prefill",
      paramLabel = "N",
      description = "Compute at most N prompt tokens a problem.")
  private @Nullable Long prefill;

  @Option(
      names = "--budget-evaluator",
      paramLabel = "N",
      description = "Let evaluators sample at most N tokens a problem.")
  private @Nullable Long evaluator;

  @Option(
      names = "--budget-depth",
      paramLabel = "N",
      description = "Make paths of at most N thoughts.")
  private @Nullable Long depth;

  @Option(
      names = "--budget-kv",
      paramLabel = "MB",
      description = "Hold at most this much memory of keys and values a problem.")
  private @Nullable Long kv;

  @Option(
      names = "--budget-soft",
      paramLabel = "SHARE",
      description =
          "Share of any limit at which the strategy is told to come to an end, such as 0.8.")
  private @Nullable Double soft;

  /**
   * The budget.
   *
   * @throws IllegalArgumentException for a bad value, naming the option
   */
  SearchBudget toBudget() {
    return toBudget(SearchBudget.UNLIMITED);
  }

  /** Another budget with the limits that were given. */
  SearchBudget toBudget(SearchBudget base) {
    SearchBudget budget = base;
    if (tokens != null) {
      budget = budget.withDecodeTokens(positive("--budget-tokens", tokens));
    }
    if (nodes != null) {
      budget = budget.withNodes(positive("--budget-nodes", nodes));
    }
    if (time != null) {
      budget = budget.withTime(parse(time));
    }
    if (prefill != null) {
      budget = budget.withPrefillTokens(positive("--budget-prefill", prefill));
    }
    if (evaluator != null) {
      budget = budget.withEvaluatorTokens(positive("--budget-evaluator", evaluator));
    }
    if (depth != null) {
      budget = budget.withDepth(positive("--budget-depth", depth));
    }
    if (kv != null) {
      budget = budget.withKvBytes(positive("--budget-kv", kv) << 20);
    }
    if (soft != null) {
      if (!(soft > 0 && soft <= 1)) {
        throw new IllegalArgumentException("--budget-soft must be in (0, 1], was " + soft);
      }
      budget = budget.withSoft(soft);
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
