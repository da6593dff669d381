package org.deft4j.search.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.spi.Task;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;

/** What every {@link Task} keeps. Extend it and give a task with a generator. */
public abstract class AbstractTaskContractTest {
  /** The task. */
  protected abstract Task task();

  /** Vocabularies that the task has a layout for. */
  protected abstract List<TokenCodec> codecs();

  /** The right answer of a problem, as a user reads it. */
  protected abstract String solve(Problem problem);

  /** Texts that are no problems. */
  protected abstract List<String> junk();

  private List<Problem> some() {
    return List.of(task().generate(0), task().generate(1), task().generate(Long.MIN_VALUE));
  }

  @Test
  void equalSeedsGiveEqualProblems() {
    assertThat(task().generate(5).text()).isEqualTo(task().generate(5).text());
    assertThat(some().stream().map(Problem::text).distinct()).hasSizeGreaterThan(1);
    assertThat(some()).allMatch(p -> p.task().equals(task().name()) && !p.id().isEmpty());
  }

  @Test
  void problemsAreReadAsTheyAreWritten() {
    for (Problem p : some()) {
      assertThat(task().parse(p.text()).text()).isEqualTo(p.text());
    }
  }

  @Test
  void junkIsRefusedInOneLine() {
    for (String text : junk()) {
      assertUsage(() -> task().parse(text));
    }
    assertUsage(() -> task().read(Path.of("there-is-no-such-file"), 1));
  }

  private static void assertUsage(Runnable what) {
    assertThatThrownBy(what::run)
        .isInstanceOf(DeftException.class)
        .satisfies(e -> assertThat(((DeftException) e).exitCode()).isEqualTo(DeftException.USAGE))
        .satisfies(e -> assertThat(e.getMessage()).isNotBlank().doesNotContain("\n"));
  }

  @Test
  void gradesKnowRightFromWrong() {
    for (Problem p : some()) {
      Verdict right = p.grade(Optional.of(solve(p)));
      assertThat(right).isEqualTo(new Verdict(0, 1, true));
      Verdict none = p.grade(Optional.empty());
      assertThat(none.solved()).isFalse();
      assertThat(none.error()).isPositive();
      assertThat(none.score()).isBetween(0.0, 1.0);
      for (String text : List.of("", "\uD800", "no answer", "[[[[", "9".repeat(9999))) {
        Verdict verdict = p.grade(Optional.of(text));
        assertThat(verdict.solved()).isFalse();
        assertThat(verdict.score()).isBetween(0.0, 1.0);
        p.verify(text).ifPresent(v -> assertThat(v.solved()).isFalse());
      }
      p.verify(solve(p)).ifPresent(v -> assertThat(v.solved()).isTrue());
    }
  }

  @Test
  void layoutsArePureAndShareTheirPrompt() {
    for (TokenCodec codec : codecs()) {
      for (Problem p : some()) {
        PromptLayout layout = p.layout(codec);
        assertThat(layout.root())
            .isNotEmpty()
            .isEqualTo(p.layout(codec).root())
            .allMatch(t -> t >= 0 && t < codec.vocabularySize());
        Thought root = root(p);
        Stage first = layout.next(List.of(root)).orElseThrow();
        assertThat(layout.next(List.of(root))).contains(first);
        assertThat(first.prompt()).allMatch(t -> t >= 0 && t < codec.vocabularySize());
      }
    }
  }

  private static Thought root(Problem p) {
    return new Thought(
        0, -1, 0, "", "", new ThoughtState.Partial(p.text()), 0, 0, true, Optional.empty());
  }

  @Test
  void whateverTheModelWritesIsRead() {
    Random random = new Random(3);
    for (TokenCodec codec : codecs()) {
      Problem p = task().generate(1);
      PromptLayout layout = p.layout(codec);
      Stage stage = layout.next(List.of(root(p))).orElseThrow();
      for (int i = 0; i < 500; i++) {
        int[] tokens = random.ints(random.nextInt(9), 0, codec.vocabularySize()).toArray();
        ThoughtState state =
            layout.read(
                List.of(root(p)),
                stage.name(),
                Arrays.stream(tokens).boxed().toList(),
                codec.decode(tokens),
                FinishReason.values()[random.nextInt(FinishReason.values().length)]);
        assertThat(state.text()).isNotNull();
      }
    }
  }
}
