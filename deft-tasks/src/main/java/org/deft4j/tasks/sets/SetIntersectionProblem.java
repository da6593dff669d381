package org.deft4j.tasks.sets;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tasks.tagged.Tags;
import org.deft4j.tasks.text.Numbers;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Two sets whose common numbers are sought.
 *
 * @param id names it within its source
 * @param first distinct numbers, at least one
 * @param second distinct numbers, at least one
 * @param wording how models of text are asked
 */
public record SetIntersectionProblem(
    String id, List<Integer> first, List<Integer> second, Wording wording) implements Problem {
  /** Copies lists. */
  public SetIntersectionProblem {
    first = List.copyOf(first);
    second = List.copyOf(second);
  }

  @Override
  public String task() {
    return SetIntersectionTask.NAME;
  }

  @Override
  public String text() {
    return Numbers.write(first) + " " + Numbers.write(second);
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return Tags.ofText(codec, IntersectionLayout.TAG)
        .<PromptLayout>map(tags -> new IntersectionLayout(this, tags))
        .orElseGet(() -> wording.layout(new IntersectionStages(this, codec), codec));
  }

  /** The numbers in both, ascending. */
  public List<Integer> intersection() {
    Set<Integer> other = new HashSet<>(second);
    return first.stream().filter(other::contains).sorted().toList();
  }

  /**
   * Errors of an answer, as Graph of Thoughts counts them (Besta et al., 2024): numbers that are
   * missing, numbers that do not belong, and numbers named again.
   */
  public int errorsOf(List<Integer> answer) {
    Set<Integer> right = new HashSet<>(intersection());
    Set<Integer> named = new HashSet<>(answer);
    int repeats = answer.size() - named.size();
    int superfluous = (int) named.stream().filter(n -> !right.contains(n)).count();
    int missing = (int) right.stream().filter(n -> !named.contains(n)).count();
    return missing + superfluous + repeats;
  }

  /** Compares an answer with the two sets; no reference answer is used. */
  @Override
  public Optional<Verdict> verify(String answer) {
    int errors;
    try {
      errors = errorsOf(Numbers.parse(answer));
    } catch (IllegalArgumentException e) {
      return Optional.of(unreadable());
    }
    return Optional.of(new Verdict(errors, Math.max(0, 1 - errors / (double) size()), errors == 0));
  }

  /**
   * An answer that cannot be read, or none, counts as many errors as the larger set has numbers.
   */
  private Verdict unreadable() {
    return new Verdict(size(), 0, false);
  }

  private int size() {
    return Math.max(first.size(), second.size());
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    return answer.flatMap(this::verify).orElseGet(this::unreadable);
  }
}
