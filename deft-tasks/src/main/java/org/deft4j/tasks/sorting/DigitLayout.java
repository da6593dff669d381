package org.deft4j.tasks.sorting;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Question;
import org.deft4j.search.spi.Stage;
import org.deft4j.tree.decode.FinishReason;

/**
 * Sorting for a model that was trained on it: the list first, shared by all, then a tag for the
 * stage. An answer is improved by continuing it, up to three times in a row.
 */
final class DigitLayout implements PromptLayout {
  private static final int MOST_IMPROVES = 3;

  /** A few tokens more than the list lets a wrong answer show that it is too long. */
  private static final int SLACK = 8;

  private final Digits list;
  private final DigitTokens tokens;

  DigitLayout(Digits list, DigitTokens tokens) {
    this.list = list;
    this.tokens = tokens;
  }

  @Override
  public List<Integer> root() {
    return tokens.root(list);
  }

  @Override
  public Optional<Stage> next(List<Thought> path) {
    Thought last = path.getLast();
    if (last.isRoot()) {
      return Optional.of(stage("solve", tokens.solve()));
    }
    long improves = path.stream().filter(t -> t.stage().equals("improve")).count();
    return last.answer().isPresent() && improves < MOST_IMPROVES
        ? Optional.of(stage("improve", tokens.improve()))
        : Optional.empty();
  }

  private Stage stage(String name, int tag) {
    return new Stage(name, List.of(tag), list.size() + SLACK, List.of(tokens.end()), List.of());
  }

  @Override
  public ThoughtState read(
      List<Thought> path, String stage, List<Integer> sampled, String text, FinishReason reason) {
    return tokens
        .answer(sampled)
        .<ThoughtState>map(digits -> new ThoughtState.Answer(digits.toString()))
        .orElse(new ThoughtState.Dead("no list of digits that ends"));
  }

  @Override
  public Optional<Question> judge(List<Thought> path) {
    return path.getLast().answer().isEmpty()
        ? Optional.empty()
        : Optional.of(new Question(List.of(tokens.judge()), List.of(tokens.yes(), tokens.no())));
  }
}
