package org.deft4j.runtime;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Any text is a step and an answer, of any depth: for tests of what is computed, not of what is
 * said.
 *
 * @param text of the prompt
 * @param tokens most tokens of a step
 * @param steps how many make an answer; 0 if any number does
 */
public record WalkProblem(String text, int tokens, int steps) implements Problem {
  /** One of which every step is an answer. */
  public WalkProblem(int tokens) {
    this("[3, 1, 2]", tokens, 0);
  }

  @Override
  public String task() {
    return "walk";
  }

  @Override
  public String id() {
    return "walk";
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    return new Verdict(0, 1, answer.isPresent());
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    List<Integer> prompt = Arrays.stream(codec.encodePrompt(text, true)).boxed().toList();
    return new PromptLayout() {
      @Override
      public List<Integer> root() {
        return prompt;
      }

      @Override
      public Optional<Stage> next(List<Thought> path) {
        return steps > 0 && path.size() > steps
            ? Optional.empty()
            : Optional.of(new Stage("step", List.of(), tokens, List.of(), List.of()));
      }

      @Override
      public ThoughtState read(
          List<Thought> path,
          String stage,
          List<Integer> sampled,
          String text,
          FinishReason reason) {
        String all = path.getLast().state().text() + sampled;
        return steps == 0 || path.size() == steps
            ? new ThoughtState.Answer(all)
            : new ThoughtState.Partial(all);
      }
    };
  }
}
