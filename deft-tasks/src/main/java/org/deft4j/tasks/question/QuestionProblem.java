package org.deft4j.tasks.question;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A question. It cannot check answers; it grades them where a reference answer is known.
 *
 * @param id names it within its source
 * @param text the question
 * @param reference its answer, where that is known
 * @param steps thoughts after which the answer is asked for
 * @param stepTokens most tokens of a thought
 * @param wording how models of text are asked
 */
public record QuestionProblem(
    String id, String text, Optional<String> reference, int steps, int stepTokens, Wording wording)
    implements Problem {
  private static final Pattern NUMBER =
      Pattern.compile("-?\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|-?\\d+(?:\\.\\d+)?");

  @Override
  public String task() {
    return QuestionTask.NAME;
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return wording.layout(new QuestionStages(this), codec);
  }

  /**
   * Right is an answer that equals the reference, letters' case and closing punctuation aside; for
   * a reference that is a number, one whose last number has its value.
   */
  @Override
  public Verdict grade(Optional<String> answer) {
    if (answer.filter(a -> !a.isBlank()).isEmpty()) {
      return new Verdict(1, 0, false);
    }
    if (reference.isEmpty()) {
      return Verdict.ungraded();
    }
    boolean right = same(reference.get(), answer.get());
    return right ? new Verdict(0, 1, true) : new Verdict(1, 0, false);
  }

  private static boolean same(String reference, String answer) {
    if (NUMBER.matcher(reference.strip()).matches()) {
      BigDecimal wanted = number(reference).orElseThrow();
      return number(answer).filter(n -> n.compareTo(wanted) == 0).isPresent();
    }
    return plain(reference).equals(plain(answer));
  }

  private static Optional<BigDecimal> number(String text) {
    String last = null;
    for (Matcher m = NUMBER.matcher(text); m.find(); ) {
      last = m.group();
    }
    return Optional.ofNullable(last).map(n -> new BigDecimal(n.replace(",", "")));
  }

  private static String plain(String text) {
    return text.strip().toLowerCase(Locale.ROOT).replaceAll("[\\s.!?\"']+$|^[\"']+", "");
  }
}
