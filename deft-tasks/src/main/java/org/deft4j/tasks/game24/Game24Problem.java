package org.deft4j.tasks.game24;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Four numbers that make 24.
 *
 * @param id names it within its source
 * @param numbers four, each at least 1
 * @param steps whether a thought is one step, instead of the whole answer
 * @param wording how models of text are asked
 */
public record Game24Problem(String id, List<Integer> numbers, boolean steps, Wording wording)
    implements Problem {
  /** Copies the list. */
  public Game24Problem {
    numbers = List.copyOf(numbers);
  }

  @Override
  public String task() {
    return Game24Task.NAME;
  }

  @Override
  public String text() {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return wording.layout(new Game24Stages(this), codec);
  }

  /** An expression that solves it, by trying everything. */
  public Optional<String> solution() {
    return Hand.of(numbers).solve();
  }

  /**
   * Works an answer out exactly: it must use each number once, nothing else, and make 24. {@code =
   * 24} behind it may be there.
   */
  @Override
  public Optional<Verdict> verify(String answer) {
    boolean right =
        Expression.evaluate(answer.replaceFirst("\\s*=\\s*" + Game24Task.TARGET + "\\s*$", ""))
            .filter(r -> r.value().equals(Fraction.of(Game24Task.TARGET)))
            .filter(r -> r.numbers().stream().sorted().toList().equals(sorted()))
            .isPresent();
    return Optional.of(right ? new Verdict(0, 1, true) : new Verdict(1, 0, false));
  }

  private List<Long> sorted() {
    return numbers.stream().map(Integer::longValue).sorted().toList();
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    return answer.flatMap(this::verify).orElse(new Verdict(1, 0, false));
  }
}
