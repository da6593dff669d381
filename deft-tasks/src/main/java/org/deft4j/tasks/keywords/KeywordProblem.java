package org.deft4j.tasks.keywords;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A text in which names are counted. It has no check of its own rules: counting by program is the
 * reference answer itself, which a search may not see (Graph of Thoughts lets it; the evaluator
 * {@code oracle} does the same and says so).
 *
 * @param id names it within its source
 * @param text the text, in which at least one of the names occurs
 * @param names what is counted
 * @param counts the right answer
 * @param wording how models of text are asked
 */
public record KeywordProblem(
    String id, String text, List<String> names, Counts counts, Wording wording) implements Problem {
  /** Copies the list. */
  public KeywordProblem {
    names = List.copyOf(names);
  }

  @Override
  public String task() {
    return KeywordCountingTask.NAME;
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return CountLayout.of(this, codec)
        .<PromptLayout>map(layout -> layout)
        .orElseGet(() -> wording.layout(new KeywordStages(this, codec), codec));
  }

  /** No answer, or one that cannot be read, counts as an error for every mention. */
  @Override
  public Verdict grade(Optional<String> answer) {
    int total = counts.total();
    return answer
        .flatMap(Counts::parse)
        .map(counts::distance)
        .map(errors -> new Verdict(errors, Math.max(0, 1 - errors / (double) total), errors == 0))
        .orElse(new Verdict(total, 0, false));
  }
}
