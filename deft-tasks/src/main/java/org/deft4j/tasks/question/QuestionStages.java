package org.deft4j.tasks.question;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Options;
import org.deft4j.tasks.text.Stages;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.FinishReason;

/**
 * A free question for any model of text: a thought is a paragraph; a line {@code Answer: ...} in it
 * is the answer. Where the model comes to no such line in time, it is asked for one. Equal answers
 * are one state, so that searches count them as votes.
 */
final class QuestionStages implements Stages {
  private static final int ANSWER_TOKENS = 64;
  private static final Map<String, Double> LABELS =
      Map.of("right", 1.0, "unclear", 0.5, "wrong", 0.0);
  private static final Pattern ANSWER =
      Pattern.compile("(?im)^[\\s*_#>-]*(?:final )?answer\\s*[:=]\\s*(\\S.*?)[\\s.*_]*$");

  private final QuestionProblem problem;

  QuestionStages(QuestionProblem problem) {
    this.problem = problem;
  }

  static Wording wording(Options options) {
    return Wording.load(
        QuestionTask.NAME,
        List.of("think", "more", "answer", "judge", "rate", "vote"),
        Set.of("problem", "answer", "candidates"),
        options);
  }

  @Override
  public Map<String, String> fields() {
    return Map.of("problem", problem.text());
  }

  @Override
  public Optional<Next> next(List<Thought> path) {
    Thought last = path.getLast();
    if (last.answer().isPresent()) {
      return Optional.empty();
    }
    // The last thought's text without a blank line: the model had ended its turn.
    boolean ended = !last.isRoot() && !last.text().contains("\n\n");
    if (ended || path.size() > problem.steps()) {
      return Optional.of(new Next("answer", Map.of(), ANSWER_TOKENS, List.of("\n")));
    }
    return Optional.of(
        new Next(
            last.isRoot() ? "think" : "more", Map.of(), problem.stepTokens(), List.of("\n\n")));
  }

  @Override
  public ThoughtState read(List<Thought> path, String stage, String text, FinishReason reason) {
    Matcher m = ANSWER.matcher(text);
    if (m.find()) {
      return new ThoughtState.Answer(m.group(1));
    }
    if (text.isBlank()) {
      return new ThoughtState.Dead("an empty thought");
    }
    if (stage.equals("answer")) {
      return new ThoughtState.Answer(text.strip().replaceAll("[\\s.*_]+$", ""));
    }
    StringBuilder all = new StringBuilder();
    path.stream()
        .filter(t -> !t.isRoot())
        .forEach(t -> all.append(t.text().strip()).append("\n\n"));
    return new ThoughtState.Partial(all.append(text.strip()).toString());
  }

  @Override
  public Optional<Map<String, String>> judged(List<Thought> path) {
    Thought last = path.getLast();
    return last.isRoot() || last.dead()
        ? Optional.empty()
        : Optional.of(Map.of("answer", last.answer().orElse("")));
  }

  @Override
  public Map<String, Double> labels() {
    return LABELS;
  }

  @Override
  public String candidate(Thought thought) {
    return thought.text().strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
