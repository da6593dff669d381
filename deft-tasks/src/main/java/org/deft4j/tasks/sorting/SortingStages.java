package org.deft4j.tasks.sorting;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Options;
import org.deft4j.tasks.text.Numbers;
import org.deft4j.tasks.text.Stages;
import org.deft4j.tasks.text.TextLayout;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.TokenCodec;

/** Sorting for any model of text: a whole list, then up to three improvements of it. */
final class SortingStages implements Stages {
  private static final int MOST_IMPROVES = 3;
  private static final int SLACK = 16;

  private final Digits list;
  private final int maxTokens;

  SortingStages(Digits list, TokenCodec codec) {
    this.list = list;
    this.maxTokens = TextLayout.tokens(codec, " " + list) + SLACK;
  }

  static Wording wording(Options options) {
    return Wording.load(
        SortingTask.NAME,
        List.of("solve", "improve", "join", "judge", "vote"),
        Set.of("problem", "answer", "feedback", "candidates"),
        options);
  }

  @Override
  public Map<String, String> fields() {
    return Map.of("problem", list.toString());
  }

  @Override
  public Optional<Next> next(List<Thought> path) {
    if (path.getLast().isRoot()) {
      return Optional.of(new Next("solve", Map.of(), maxTokens, List.of("]")));
    }
    long improves = path.stream().filter(t -> t.stage().equals("improve")).count();
    return path.getLast()
        .answer()
        .filter(_ -> improves < MOST_IMPROVES)
        .map(answer -> {
          String faults = list.faultsOf(Digits.parse(answer));
          Map<String, String> fields =
              Map.of("answer", answer, "feedback", faults.isEmpty() ? "none" : faults);
          return new Next("improve", fields, maxTokens, List.of("]"));
        });
  }

  @Override
  public Optional<Next> join(List<Thought> path, String joined) {
    return Optional.of(new Next("join", Map.of("candidates", joined), maxTokens, List.of("]")));
  }

  @Override
  public ThoughtState read(List<Thought> path, String stage, String text, FinishReason reason) {
    Optional<String> found = Numbers.find(text);
    if (found.isEmpty()) {
      return new ThoughtState.Dead("no list");
    }
    try {
      return new ThoughtState.Answer(Digits.parse(found.get()).toString());
    } catch (IllegalArgumentException e) {
      return new ThoughtState.Dead(String.valueOf(e.getMessage()));
    }
  }
}
