package org.deft4j.tasks.sorting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.spi.Verdict;
import org.deft4j.search.testing.AbstractTaskContractTest;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SortingTaskTest extends AbstractTaskContractTest {
  @TempDir Path folder;

  @Override
  protected Task task() {
    return new SortingTask(12);
  }

  @Override
  protected List<TokenCodec> codecs() {
    return List.of(ScriptedSorter.CODEC, new ScriptedCodec("<|end|>"), new ScriptedCodec());
  }

  @Override
  protected String solve(Problem problem) {
    return ((SortingProblem) problem).digits().sorted().toString();
  }

  @Override
  protected List<String> junk() {
    return List.of(
        "",
        "  ",
        "[",
        "[]",
        "[1,]",
        "[1,,2]",
        "[1 2]",
        "[1,2",
        "one",
        "[10]",
        "[-1]",
        "[1.5]",
        "[99999999999]",
        "[1]\n[2]",
        "\n\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [3, 1, 2] | [1, 2, 3]       | 0
          [3, 1, 2] | [3, 1, 2]       | 1
          [3, 1, 2] | [3, 2, 1]       | 2
          [3, 1, 2] | [1, 2]          | 1
          [3, 1, 2] | [1, 2, 3, 3]    | 1
          [3, 1, 2] | [1, 2, 4]       | 2
          [3, 1, 2] | []              | 3
          [3, 1, 2] | [4, 3, 2, 1]    | 4
          [0, 0, 9] | [0, 9]          | 1
          [0, 0, 9] | [9, 9, 0, 0, 0] | 3
          [3, 1, 2] | nothing         | 3
          [3, 1, 2] | [1, 2, 30]      | 3
          """)
  void errorsAreCountsAndDescents(String list, String answer, int errors) {
    Problem problem = task().parse(list);
    Verdict verdict = problem.verify(answer).orElseThrow();
    assertThat(verdict.error()).isEqualTo(errors);
    assertThat(verdict.solved()).isEqualTo(errors == 0);
    assertThat(problem.grade(Optional.of(answer))).isEqualTo(verdict);
    assertThat(problem.grade(Optional.empty()).error()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 64, 128, 256})
  void generatesListsOfAnyLength(int length) {
    Task task = new SortingTask.Factory().create(Options.none().with("length", "" + length));
    SortingProblem problem = (SortingProblem) task.generate(0);
    assertThat(problem.digits().size()).isEqualTo(length);
    assertThat(problem.id()).isEqualTo("seed 0");
  }

  @Test
  void readsTheListOfADefaultRun() {
    Task task = new SortingTask.Factory().create(Options.none());
    assertThat(((SortingProblem) task.generate(0)).digits().size()).isEqualTo(64);
    assertThat(task.parse(" [ 3,1 ,2 ] ").text()).isEqualTo("[3, 1, 2]");
    assertThat(task.parse("3, 1, 2").text()).isEqualTo("[3, 1, 2]");
    assertThat(task.defaultEvaluator()).isEqualTo("checker");
  }

  @ParameterizedTest
  @ValueSource(ints = {32, 64, 128})
  void readsTheFilesOfGraphOfThoughts(int length) {
    Path file = SharedData.require("data/graph-of-thoughts/sorting_%03d.csv".formatted(length));
    List<Problem> problems = task().read(file, Integer.MAX_VALUE);
    assertThat(problems).hasSize(100);
    assertThat(problems.getFirst().id()).isEqualTo("0");
    assertThat(problems).allMatch(p -> ((SortingProblem) p).digits().size() == length);
    assertThat(problems).allMatch(p -> p.grade(Optional.of(solve(p))).solved());
    assertThat(task().read(file, 7)).hasSize(7);
  }

  private void assertBad(String csv, String message) throws IOException {
    Path file = Files.writeString(folder.resolve("bad.csv"), csv);
    assertThatThrownBy(() -> task().read(file, 99))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  @Test
  void badRowsAreNamedByTheirLine() throws IOException {
    String head = "ID,Unsorted,Sorted\n0,\"[2, 1]\",\"[1, 2]\"\n";
    assertBad(head + "1,\"[2, x]\",\"[1, 2]\"\n", "line 3 Unsorted: 'x' in the list is no number");
    assertBad(head + "1,\"[2, 11]\",\"[2, 11]\"\n", "line 3 Unsorted: number 2 is 11");
    assertBad(head + "1,,\"[]\"\n", "line 3 Unsorted: ");
    assertBad(head + "1,\"[2, 1]\",\"[2, 1]\"\n", "line 3 Sorted is not the sorted form");
    assertBad(head + "1,[2, 1],[1, 2]\n", "line 3 has 5 fields, the header has 3");
    assertBad("A,B\n1,2\n", "line 1 has no column 'Unsorted'; it has A, B");
  }

  @Test
  void columnsMayBeFewerAndInAnyOrder() throws IOException {
    Path file = Files.writeString(folder.resolve("few.csv"), "note,unsorted\nx,\"[2,1]\"\n");
    Problem problem = task().read(file, 99).getFirst();
    assertThat(problem.id()).isEqualTo("0");
    assertThat(problem.text()).isEqualTo("[2, 1]");
  }

  /** The shares of the ten digits of a skewed list, largest first, follow the powers. */
  @Test
  void skewedListsHoldSomeDigitsMoreOften() {
    int lists = 400;
    int length = 100;
    double[] shares = new double[10];
    for (int seed = 0; seed < lists; seed++) {
      Problem problem =
          new SortingTask.Factory()
              .create(Options.none().with("length", "" + length).with("skew", "0.4"))
              .generate(seed);
      long[] counts = new long[10];
      Digits.parse(problem.text())
          .toString()
          .chars()
          .filter(Character::isDigit)
          .forEach(c -> counts[c - '0']++);
      java.util.Arrays.sort(counts);
      for (int k = 0; k < 10; k++) {
        shares[k] += counts[9 - k] / (double) (lists * length);
      }
    }
    // Counts are sorted, so that neighbours of small shares change places: the head tells.
    double all = (1 - Math.pow(.6, 10)) / .4;
    for (int k = 0; k < 4; k++) {
      assertThat(shares[k]).isCloseTo(Math.pow(.6, k) / all, within(.015));
    }
    assertThat(new SortingTask(40).generate(3).text())
        .as("without skew lists stay what they were")
        .isEqualTo(
            new SortingTask.Factory()
                .create(Options.none().with("length", "40").with("skew", "0"))
                .generate(3)
                .text());
    assertThatThrownBy(() -> new SortingTask.Factory().create(Options.none().with("skew", "1")))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
