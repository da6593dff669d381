package org.deft4j.examples;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tree.decode.TokenCodec;

/**
 * One list whose largest number is sought.
 *
 * @param id names it
 * @param numbers the list, not empty
 */
public record MaximumProblem(String id, List<Integer> numbers) implements Problem {
  /** Copies the list. */
  public MaximumProblem {
    numbers = List.copyOf(numbers);
  }

  @Override
  public String task() {
    return MaximumTask.NAME;
  }

  @Override
  public String text() {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return new MaximumLayout(text(), codec);
  }

  /** The problem's own rules decide, so that a search may check its answers. */
  @Override
  public Optional<Verdict> verify(String answer) {
    return Optional.of(grade(Optional.of(answer)));
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    int largest = numbers.stream().mapToInt(Integer::intValue).max().orElseThrow();
    boolean right = answer.filter(a -> a.equals(Integer.toString(largest))).isPresent();
    return right ? new Verdict(0, 1, true) : new Verdict(1, 0, false);
  }
}
