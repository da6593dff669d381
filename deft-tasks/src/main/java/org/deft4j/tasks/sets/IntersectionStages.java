package org.deft4j.tasks.sets;

import java.util.ArrayList;
import java.util.HashSet;
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

/** Set intersection for any model of text: a whole list, then up to three improvements of it. */
final class IntersectionStages implements Stages {
  private static final int MOST_IMPROVES = 3;
  private static final int SLACK = 16;

  private final SetIntersectionProblem problem;
  private final int maxTokens;

  IntersectionStages(SetIntersectionProblem problem, TokenCodec codec) {
    this.problem = problem;
    this.maxTokens = TextLayout.tokens(codec, " " + Numbers.write(problem.first())) + SLACK;
  }

  static Wording wording(Options options) {
    return Wording.load(
        SetIntersectionTask.NAME,
        List.of("solve", "improve", "join", "judge", "vote"),
        Set.of("problem", "first", "second", "answer", "feedback", "candidates"),
        options);
  }

  @Override
  public Map<String, String> fields() {
    String first = Numbers.write(problem.first());
    String second = Numbers.write(problem.second());
    return Map.of(
        "problem", "Set 1: " + first + "\nSet 2: " + second, "first", first, "second", second);
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
        .map(answer ->
            new Next(
                "improve",
                Map.of("answer", answer, "feedback", faults(Numbers.parse(answer))),
                maxTokens,
                List.of("]")));
  }

  /**
   * What is wrong, as far as looking each number of the answer up in both sets shows it: what is
   * missing is told by its count alone.
   */
  private String faults(List<Integer> answer) {
    Set<Integer> named = new HashSet<>();
    List<String> faults = new ArrayList<>();
    for (int n : answer) {
      if (!named.add(n)) {
        faults.add(n + " is named twice");
      } else if (!problem.first().contains(n)) {
        faults.add(n + " is not in set 1");
      } else if (!problem.second().contains(n)) {
        faults.add(n + " is not in set 2");
      }
    }
    long missing = problem.intersection().stream().filter(n -> !named.contains(n)).count();
    if (missing > 0) {
      faults.add(missing == 1 ? "one number is missing" : missing + " numbers are missing");
    }
    return faults.isEmpty() ? "none" : String.join(", ", faults);
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
      // A set: the order does not matter, so that equal answers are one state.
      return new ThoughtState.Answer(
          Numbers.write(Numbers.parse(found.get()).stream().sorted().toList()));
    } catch (IllegalArgumentException e) {
      return new ThoughtState.Dead(String.valueOf(e.getMessage()));
    }
  }
}
