package org.deft4j.tasks.sorting;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.tasks.tagged.TaggedLayout;

/** Sorting for a model that was trained on it: digits without separators. */
final class DigitLayout extends TaggedLayout {
  /** A few tokens more than the list let a wrong answer show that it is too long. */
  private static final int SLACK = 7;

  private final Digits list;
  private final DigitTokens tokens;

  DigitLayout(Digits list, DigitTokens tokens) {
    // How long the lists were that a model learned on is not in its vocabulary.
    super(tokens.tags(), tokens.ids(list), Integer.MAX_VALUE);
    this.list = list;
    this.tokens = tokens;
  }

  @Override
  protected int answerTokens() {
    return list.size() + SLACK;
  }

  @Override
  protected ThoughtState readAnswer(List<Integer> answer) {
    List<Integer> ended = new ArrayList<>(answer);
    ended.add(tags().end());
    return tokens
        .answer(ended)
        .<ThoughtState>map(digits -> new ThoughtState.Answer(digits.toString()))
        .orElse(new ThoughtState.Dead("no list of digits that ends"));
  }

  /** Sorted halves are joined by a prompt of their own, {@link DigitTokens#merge}. */
  @Override
  protected int mostJoined() {
    return 0;
  }

  @Override
  protected List<Integer> joined(Thought answer) {
    return List.of();
  }
}
