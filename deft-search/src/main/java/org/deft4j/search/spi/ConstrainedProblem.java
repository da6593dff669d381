package org.deft4j.search.spi;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.tree.constrain.Grammar;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A problem whose thoughts must look like a grammar: every sample of every stage does, evaluators
 * and lists of proposals apart.
 *
 * @param of the problem
 * @param grammar what the model may write for a thought, from its first to its last token; stop
 *     tokens may follow where it may end
 */
public record ConstrainedProblem(Problem of, Grammar grammar) implements Problem {
  @Override
  public String task() {
    return of.task();
  }

  @Override
  public String id() {
    return of.id();
  }

  @Override
  public String text() {
    return of.text();
  }

  @Override
  public Optional<Verdict> verify(String answer) {
    return of.verify(answer);
  }

  @Override
  public OptionalDouble promise(String step) {
    return of.promise(step);
  }

  @Override
  public Map<String, String> settings(String strategy) {
    return of.settings(strategy);
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    return of.grade(answer);
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return new Layout(of.layout(codec), grammar);
  }

  private record Layout(PromptLayout layout, Grammar grammar) implements PromptLayout {
    @Override
    public List<Integer> root() {
      return layout.root();
    }

    @Override
    public Optional<Stage> next(List<Thought> path) {
      return layout.next(path).map(s -> s.withConstraint(grammar));
    }

    @Override
    public ThoughtState read(
        List<Thought> path, String stage, List<Integer> tokens, String text, FinishReason reason) {
      // A text that is complete is as good as one that the model ended by itself.
      FinishReason as = reason == FinishReason.CONSTRAINT ? FinishReason.STOP_STRING : reason;
      return layout.read(path, stage, tokens, text, as);
    }

    @Override
    public Optional<Stage> merge(List<Thought> path, List<List<Thought>> branches) {
      return layout.merge(path, branches).map(s -> s.withConstraint(grammar));
    }

    @Override
    public Optional<Rating> rate(List<Thought> path) {
      return layout.rate(path);
    }

    @Override
    public Optional<Stage> propose(List<Thought> path) {
      return layout.propose(path);
    }

    @Override
    public List<Proposal> proposals(List<Thought> path, String text) {
      return layout.proposals(path, text);
    }

    @Override
    public Optional<Question> judge(List<Thought> path) {
      return layout.judge(path);
    }

    @Override
    public Optional<Question> vote(List<Thought> candidates) {
      return layout.vote(candidates);
    }
  }
}
