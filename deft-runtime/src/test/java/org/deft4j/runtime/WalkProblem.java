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
 * @param tokens most tokens of a step
 */
record WalkProblem(int tokens) implements Problem {
  @Override
  public String task() {
    return "walk";
  }

  @Override
  public String id() {
    return "walk";
  }

  @Override
  public String text() {
    return "walk";
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    return new Verdict(0, 1, answer.isPresent());
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    List<Integer> prompt = Arrays.stream(codec.encodePrompt("[3, 1, 2]", true)).boxed().toList();
    return new PromptLayout() {
      @Override
      public List<Integer> root() {
        return prompt;
      }

      @Override
      public Optional<Stage> next(List<Thought> path) {
        return Optional.of(new Stage("step", List.of(), tokens, List.of(), List.of()));
      }

      @Override
      public ThoughtState read(
          List<Thought> path,
          String stage,
          List<Integer> sampled,
          String text,
          FinishReason reason) {
        return new ThoughtState.Answer(path.getLast().state().text() + sampled);
      }
    };
  }
}
