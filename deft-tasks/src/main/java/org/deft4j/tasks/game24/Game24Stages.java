package org.deft4j.tasks.game24;

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
 * The game of 24 for any model of text. A thought is one step, such as {@code 4 + 8 = 12}, after
 * which one number less is left; three steps make an answer, whose expression is put together from
 * them. Or a thought is a whole answer.
 */
final class Game24Stages implements Stages {
  private static final int STEP_TOKENS = 48;
  private static final int LIST_TOKENS = 480;
  private static final int WHOLE_TOKENS = 64;

  /**
   * In the ratio of Tree of Thoughts, where sure is 20, likely 1 and impossible next to nothing.
   */
  private static final Map<String, Double> LABELS =
      Map.of("sure", 1.0, "likely", 0.05, "impossible", 0.0);

  private static final Pattern WHOLE =
      Pattern.compile("(?:answer:)?([-+*/×÷−()\\d\\s]+?)(?:=\\s*24)?", Pattern.CASE_INSENSITIVE);

  private final Game24Problem problem;

  Game24Stages(Game24Problem problem) {
    this.problem = problem;
  }

  static Wording wording(Options options) {
    return Wording.load(
        Game24Task.NAME,
        List.of("step", "propose", "whole", "judge", "rate", "vote"),
        Set.of("problem", "left", "answer", "candidates"),
        options);
  }

  @Override
  public Map<String, String> fields() {
    return Map.of("problem", problem.text());
  }

  /** The numbers left after a path's steps. */
  private Hand hand(List<Thought> path) {
    Hand hand = Hand.of(problem.numbers());
    for (Thought t : path) {
      hand = t.isRoot() ? hand : hand.after(t.text()).orElse(hand);
    }
    return hand;
  }

  @Override
  public Optional<Next> next(List<Thought> path) {
    if (path.getLast().answer().isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        problem.steps()
            ? next("step", path, STEP_TOKENS, List.of("\n"))
            : next("whole", path, WHOLE_TOKENS, List.of("\n")));
  }

  @Override
  public Optional<Next> propose(List<Thought> path) {
    return problem.steps() && path.getLast().answer().isEmpty()
        ? Optional.of(next("propose", path, LIST_TOKENS, List.of("\n\n")))
        : Optional.empty();
  }

  private Next next(String stage, List<Thought> path, int tokens, List<String> stops) {
    return new Next(stage, Map.of("left", hand(path).left()), tokens, stops);
  }

  @Override
  public ThoughtState read(List<Thought> path, String stage, String text, FinishReason reason) {
    if (stage.equals("whole")) {
      Matcher m = WHOLE.matcher(text.strip());
      return m.matches() && Expression.evaluate(m.group(1)).isPresent()
          ? new ThoughtState.Answer(m.group(1).strip())
          : new ThoughtState.Dead("no expression");
    }
    Optional<Hand> after = hand(path).after(text);
    if (after.isEmpty()) {
      return new ThoughtState.Dead("no step with the numbers left, or a wrong one");
    }
    return after.get().cards().size() == 1
        ? new ThoughtState.Answer(after.get().expression())
        : new ThoughtState.Partial(after.get().left());
  }

  /** Steps are judged too: whether what is left can make 24. */
  @Override
  public Optional<Map<String, String>> judged(List<Thought> path) {
    return path.getLast().isRoot() || path.getLast().dead()
        ? Optional.empty()
        : Optional.of(
            Map.of(
                "left",
                problem.steps() ? hand(path).left() : path.getLast().state().text(),
                "answer",
                path.getLast().state().text()));
  }

  @Override
  public Map<String, Double> labels() {
    return LABELS;
  }

  @Override
  public String candidate(Thought thought) {
    return thought.text().strip();
  }
}
