package org.deft4j.tasks.keywords;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Options;
import org.deft4j.tasks.text.Stages;
import org.deft4j.tasks.text.TextLayout;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.TokenCodec;

/** Keyword counting for any model of text: all counts at once, then up to three improvements. */
final class KeywordStages implements Stages {
  private static final int MOST_IMPROVES = 3;

  /** Names and counts of a wrong answer may be more than those of the right one. */
  private static final int SLACK = 128;

  private final KeywordProblem problem;
  private final int maxTokens;

  KeywordStages(KeywordProblem problem, TokenCodec codec) {
    this.problem = problem;
    this.maxTokens = TextLayout.tokens(codec, " " + problem.counts()) + SLACK;
  }

  static Wording wording(Options options) {
    return Wording.load(
        KeywordCountingTask.NAME,
        List.of("solve", "improve", "join", "judge", "vote"),
        Set.of("problem", "names", "answer", "candidates"),
        options);
  }

  @Override
  public Map<String, String> fields() {
    return Map.of("problem", problem.text(), "names", String.join(", ", problem.names()));
  }

  @Override
  public Optional<Next> next(List<Thought> path) {
    if (path.getLast().isRoot()) {
      return Optional.of(new Next("solve", Map.of(), maxTokens, List.of("}")));
    }
    long improves = path.stream().filter(t -> t.stage().equals("improve")).count();
    return path.getLast()
        .answer()
        .filter(_ -> improves < MOST_IMPROVES)
        .map(a -> new Next("improve", Map.of("answer", a), maxTokens, List.of("}")));
  }

  @Override
  public Optional<Next> join(List<Thought> path, String joined) {
    return Optional.of(new Next("join", Map.of("candidates", joined), maxTokens, List.of("}")));
  }

  @Override
  public ThoughtState read(List<Thought> path, String stage, String text, FinishReason reason) {
    return Counts.parse(text)
        .<ThoughtState>map(counts -> new ThoughtState.Answer(counts.toString()))
        .orElse(new ThoughtState.Dead("no counts like {\"Norway\": 3}"));
  }
}
