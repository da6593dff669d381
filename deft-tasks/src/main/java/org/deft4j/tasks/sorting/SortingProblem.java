package org.deft4j.tasks.sorting;

import java.util.Optional;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A list to sort.
 *
 * @param id names it within its source
 * @param digits the list, not empty
 * @param wording how models of text are asked
 */
public record SortingProblem(String id, Digits digits, Wording wording) implements Problem {
  @Override
  public String task() {
    return SortingTask.NAME;
  }

  @Override
  public String text() {
    return digits.toString();
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return DigitTokens.of(codec)
        .<PromptLayout>map(tokens -> new DigitLayout(digits, tokens))
        .orElseGet(() -> wording.layout(new SortingStages(digits, codec), codec));
  }

  /** Compares an answer with the list that was to be sorted; no reference answer is used. */
  @Override
  public Optional<Verdict> verify(String answer) {
    int errors;
    try {
      errors = digits.errorsOf(Digits.parse(answer));
    } catch (IllegalArgumentException e) {
      return Optional.of(unreadable());
    }
    double score = Math.max(0, 1 - errors / (double) digits.size());
    return Optional.of(new Verdict(errors, score, errors == 0));
  }

  /** An answer that cannot be read, or none, counts as many errors as the list is long. */
  private Verdict unreadable() {
    return new Verdict(digits.size(), 0, false);
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    return answer.flatMap(this::verify).orElseGet(this::unreadable);
  }
}
