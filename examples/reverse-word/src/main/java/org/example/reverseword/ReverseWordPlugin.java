package org.example.reverseword;

import com.google.inject.AbstractModule;
import com.google.inject.Module;
import java.nio.file.*;
import java.util.*;
import java.util.stream.IntStream;
import org.deft4j.search.*;
import org.deft4j.search.evaluate.*;
import org.deft4j.search.spi.*;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.*;

/**
 * Contributes the task reverse-word, which reverses a word, and the evaluator reverse-word-length.
 */
public final class ReverseWordPlugin extends AbstractModule implements DeftPlugin {
  static final String NAME = "reverse-word";

  @Override
  public String id() {
    return NAME;
  }

  @Override
  public List<Module> modules() {
    return List.of(this);
  }

  @Override
  protected void configure() {
    new PluginBinder(binder()).task(NAME, new Words()).evaluator(NAME + "-length", new Length());
  }

  /** Where problems come from: a seed, what a user writes, or a file with one a line. */
  record Words() implements Task, TaskFactory {
    public String description() {
      return "reverse a word";
    }

    public Task create(Options options) {
      return this;
    }

    public String name() {
      return NAME;
    }

    public Problem generate(long seed) {
      StringBuilder word = new StringBuilder();
      new Random(seed).ints(5, 'a', 'z' + 1).forEach(letter -> word.append((char) letter));
      return new Word("seed " + seed, word.toString());
    }

    public Problem parse(String text) {
      if (!text.strip().matches("\\S+")) {
        throw new DeftException(DeftException.USAGE, "the problem must be one word: stressed");
      }
      return new Word("given", text.strip());
    }

    public List<Problem> read(Path file, int limit) {
      try {
        return Files.readAllLines(file).stream().limit(limit).map(this::parse).toList();
      } catch (java.io.IOException e) {
        throw new DeftException(DeftException.USAGE, "cannot read " + file + ": " + e, e);
      }
    }

    public String defaultEvaluator() {
      return "checker";
    }
  }

  /** A problem: how it is asked, and what is right. */
  record Word(String id, String text) implements Problem {
    public String task() {
      return NAME;
    }

    public PromptLayout layout(TokenCodec codec) {
      return new Layout(text, codec);
    }

    public Optional<Verdict> verify(String answer) {
      boolean right = answer.equals(new StringBuilder(text).reverse().toString());
      return Optional.of(new Verdict(right ? 0 : 1, right ? 1 : 0, right));
    }

    public Verdict grade(Optional<String> answer) {
      return verify(answer.orElse("")).orElseThrow();
    }
  }

  /** The prompts: what all thoughts share in root, what a stage adds in its own, last. */
  record Layout(String word, TokenCodec codec) implements PromptLayout {
    public List<Integer> root() {
      String head = "Write words backwards.\n\nWord: loop\nBackwards: pool\n\nWord: ";
      return IntStream.of(codec.encodePrompt(head + word, true)).boxed().toList();
    }

    public Optional<Stage> next(List<Thought> path) {
      List<Integer> prompt = IntStream.of(codec.encode("\nBackwards:")).boxed().toList();
      Stage solve = new Stage("solve", prompt, 16, List.of(), List.of("\n"));
      return path.getLast().isRoot() ? Optional.of(solve) : Optional.empty();
    }

    public ThoughtState read(
        List<Thought> path, String stage, List<Integer> tokens, String text, FinishReason why) {
      return text.isBlank()
          ? new ThoughtState.Dead("an empty line")
          : new ThoughtState.Answer(text.strip());
    }
  }

  /** Scores answers by how near their length is to the problem's. */
  record Length() implements ThoughtEvaluator, EvaluatorFactory {
    public String description() {
      return "how near an answer's length is to the problem's";
    }

    public ThoughtEvaluator create(Options options) {
      return this;
    }

    public String name() {
      return NAME + "-length";
    }

    public boolean oracle() {
      return false;
    }

    public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
      return Evaluation.of(paths.stream().map(p -> score(problem, p.getLast())).toList());
    }

    private Score score(Problem problem, Thought thought) {
      int off = Math.abs(problem.text().length() - thought.answer().orElse("").length());
      return new Score(1.0 / (1 + off), false, name());
    }
  }
}
