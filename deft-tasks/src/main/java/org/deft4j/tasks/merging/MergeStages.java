package org.deft4j.tasks.merging;

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

/** Document merging for any model of text: a merge, then up to three improvements of it. */
final class MergeStages implements Stages {
  private static final int MOST_IMPROVES = 3;
  private static final int MOST_MISSING = 6;
  private static final int SLACK = 64;
  private static final String OPEN = "<Merged>";
  private static final String CLOSE = "</Merged>";

  private final MergeProblem problem;
  private final int maxTokens;

  MergeStages(MergeProblem problem, TokenCodec codec) {
    this.problem = problem;
    this.maxTokens = TextLayout.tokens(codec, problem.text()) + SLACK;
  }

  static Wording wording(Options options) {
    return Wording.load(
        DocumentMergingTask.NAME,
        List.of("merge", "improve", "join", "judge", "vote"),
        Set.of("problem", "count", "answer", "feedback", "candidates"),
        options);
  }

  @Override
  public Map<String, String> fields() {
    StringBuilder all = new StringBuilder();
    int number = 0;
    for (String document : problem.documents()) {
      number++;
      all.append(all.isEmpty() ? "" : "\n\n");
      all.append("<Document ").append(number).append(">\n").append(document.strip());
      all.append("\n</Document ").append(number).append('>');
    }
    return Map.of("problem", all.toString(), "count", "" + problem.documents().size());
  }

  @Override
  public Optional<Next> next(List<Thought> path) {
    if (path.getLast().isRoot()) {
      return Optional.of(new Next("merge", Map.of(), maxTokens, List.of(CLOSE)));
    }
    long improves = path.stream().filter(t -> t.stage().equals("improve")).count();
    return path.getLast()
        .answer()
        .filter(_ -> improves < MOST_IMPROVES)
        .map(a ->
            new Next(
                "improve",
                Map.of("answer", a, "feedback", feedback(a)),
                maxTokens,
                List.of(CLOSE)));
  }

  private String feedback(String merge) {
    MergeScore score = problem.score(merge);
    StringBuilder words = new StringBuilder();
    if (!score.missing().isEmpty()) {
      words.append("Missing or told differently:");
      score.missing().stream().limit(MOST_MISSING).forEach(s -> words.append("\n- ").append(s));
    }
    if (score.repetition() > 0) {
      words.append(words.isEmpty() ? "" : "\n").append("Some of it is said twice.");
    }
    return words.isEmpty() ? "It could be shorter." : words.toString();
  }

  @Override
  public Optional<Next> join(List<Thought> path, String joined) {
    return Optional.of(new Next("join", Map.of("candidates", joined), maxTokens, List.of(CLOSE)));
  }

  @Override
  public ThoughtState read(List<Thought> path, String stage, String text, FinishReason reason) {
    int close = text.indexOf(CLOSE);
    if (close < 0 && reason != FinishReason.STOP_TOKEN) {
      return new ThoughtState.Dead("the merge does not end");
    }
    String merge = close < 0 ? text : text.substring(0, close);
    int open = merge.lastIndexOf(OPEN);
    merge = (open < 0 ? merge : merge.substring(open + OPEN.length())).strip();
    return merge.isEmpty()
        ? new ThoughtState.Dead("an empty merge")
        : new ThoughtState.Answer(merge);
  }
}
