package org.deft4j.tasks.game24;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.testing.AbstractTaskContractTest;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Game24TaskTest extends AbstractTaskContractTest {
  @Override
  protected Task task() {
    return new Game24Task.Factory().create(Options.none());
  }

  @Override
  protected List<TokenCodec> codecs() {
    return List.of(new ScriptedCodec("<|bos|>", "<|end|>"), new ScriptedCodec());
  }

  @Override
  protected String solve(Problem problem) {
    return ((Game24Problem) problem).solution().orElseThrow();
  }

  @Override
  protected List<String> junk() {
    return List.of("", "1 2 3", "1 2 3 4 5", "1 2 3 x", "0 1 2 3", "1 1 1 1", "99999999999 1 1 1");
  }

  @ParameterizedTest
  @CsvSource({
    "(10 - 4) * (13 - 9), true",
    "(10-4)*(13-9) = 24, true",
    "'(10 − 4) × (13 − 9)', true",
    "(10 - 4) * (13 - 9) = 25, false",
    "10 - 4 * 13 - 9, false",
    "(10 - 4) * 4, false",
    "24, false",
    "(10 - 4) * (13 - 9) * 1, false",
    "(10 - 4) * (13 - 9, false",
    "4 + 9 + 10 + 1, false",
    "10 / (4 - 4), false"
  })
  void answersAreWorkedOutExactly(String answer, boolean right) {
    assertThat(task().parse("4 9 10 13").grade(Optional.of(answer)).solved()).isEqualTo(right);
  }

  /** Answers and grades as in the published logs of Tree of Thoughts (logs/game24, MIT). */
  @ParameterizedTest
  @CsvSource({
    "4 5 6 10, (4 * 5) + (10 - 6) = 24, true",
    "4 5 6 10, (4 * 5) - 6 + 10 = 24, true",
    "4 5 6 10, (10 - 6) * (5 - 4) * 4 = 24, false",
    "4 5 6 10, (10 - 6) * (4 + 5) = 24, false",
    "4 5 6 10, (10 - 4) * (6 - 5) = 24, false",
    "4 5 6 10, (4 * 6) / (10 - 5) = 24, false",
    "1 2 4 7, (7 - 1) * 4 / 2 = 24, false",
    "1 2 4 7, (4 * 2) * (7 - 1) = 24, false"
  })
  void gradesAreThoseOfThePublishedLogs(String puzzle, String answer, boolean right) {
    assertThat(task().parse(puzzle).grade(Optional.of(answer)).solved()).isEqualTo(right);
  }

  @Test
  void thirdsAndEighthsAreExact() {
    // The only solution goes by way of 8 / 3.
    Problem hard = task().parse("3 3 8 8");
    assertThat(hard.grade(Optional.of("8 / (3 - 8 / 3)")).solved()).isTrue();
    assertThat(solve(hard)).isEqualTo("8 / (3 - (8 / 3))");
  }

  @Test
  void stepsLeaveOneNumberLess() {
    Hand hand = Hand.of(List.of(4, 4, 6, 8));
    Hand next = hand.after(" 4 + 8 = 12 (left: 4 6 12)\n").orElseThrow();
    assertThat(next.left()).isEqualTo("4 6 12");
    Hand last = next.after("2. 6 - 4 = 2").orElseThrow().after("12 * 2 = 24").orElseThrow();
    assertThat(last.expression()).isEqualTo("(4 + 8) * (6 - 4)");
    assertThat(hand.after("8 / 6 = 4/3").orElseThrow().left()).isEqualTo("4/3 4 4");
    // How models write numbers that are not whole, or negative.
    assertThat(
            Hand.of(List.of(4, 6, 9, 10))
                .after("9 / 6 = 1.5 (left: 1.5 4 10)")
                .orElseThrow()
                .left())
        .isEqualTo("3/2 4 10");
    assertThat(
            Hand.of(List.of(1, 6, 10, 10))
                .after("10 / 6 = 1.67")
                .orElseThrow()
                .after("1.67 * 10 ≈ 16.67")
                .orElseThrow()
                .left())
        .isEqualTo("1 50/3");
    assertThat(
            Hand.of(List.of(4, 5, 6, 10))
                .after("4 - 5 = -1 (left: -1 6 10)")
                .orElseThrow()
                .after("6 - (-1) = 7 (left: 7 10)")
                .orElseThrow()
                .expression())
        .isEqualTo("6 - (4 - 5)");
    for (String wrong :
        List.of(
            "4 + 8 = 13",
            "5 + 8 = 13",
            "6 + 6 = 12",
            "4 + 8 = 12.5",
            "8 / 6 = 1.3",
            "4 + 8",
            "six",
            "4 / 0 = 1")) {
      assertThat(hand.after(wrong)).as(wrong).isEmpty();
    }
  }

  @Test
  void allPuzzlesOfThePublicFileCanBeSolved() {
    Path file = SharedData.require("data/tree-of-thoughts/24.csv");
    List<Problem> problems = task().read(file, Integer.MAX_VALUE);
    assertThat(problems).hasSize(1362);
    assertThat(problems.get(900).id()).as("the paper's first test puzzle").isEqualTo("901");
    assertThat(problems).allMatch(p -> p.grade(Optional.of(solve(p))).solved());
  }

  @Test
  void wholeAnswersAreAChoice() {
    Task whole = new Game24Task.Factory().create(Options.none().with("thoughts", "whole"));
    assertThat(whole.defaultEvaluator()).isEqualTo("checker");
    assertThatThrownBy(
            () -> new Game24Task.Factory().create(Options.none().with("thoughts", "half")))
        .hasMessageContaining("steps, whole");
  }
}
