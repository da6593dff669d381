package org.deft4j.tasks.keywords;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.testing.AbstractTaskContractTest;
import org.deft4j.tasks.tagged.Vocabularies;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeywordCountingTaskTest extends AbstractTaskContractTest {
  @TempDir Path folder;

  @Override
  protected Task task() {
    return new KeywordCountingTask.Factory().create(Options.none());
  }

  @Override
  protected List<TokenCodec> codecs() {
    return List.of(Vocabularies.TEXT, new ScriptedCodec("<|bos|>", "<|end|>"), new ScriptedCodec());
  }

  @Override
  protected String solve(Problem problem) {
    return ((KeywordProblem) problem).counts().toString();
  }

  @Override
  protected List<String> junk() {
    return List.of("", "  ", "no names here", "PERU", "Peruvians");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"Peru": 2, "South Korea": 1}             | 0
          so: {"South Korea": 1, "Peru": 2} I think | 0
          {"Peru": 1}{"Peru": 2, "South Korea": 1}  | 0
          {"Peru": 2, "South Korea": 1, "Cuba": 0}  | 0
          {"Peru": 2}                               | 1
          {"Peru": 4, "Cuba": 3, "South Korea": 1}  | 5
          {}                                        | 3
          Peru 2                                    | 3
          {"Peru": two}                             | 3
          {"Peru": 2, "Peru": 2}                    | 3
          """)
  void errorsAreHowFarTheCountsLieApart(String answer, int errors) {
    Problem problem = task().parse("In Peru and South Korea; Peru, not Peruvian.");
    assertThat(problem.grade(Optional.of(answer)).error()).isEqualTo(errors);
    assertThat(problem.verify(answer)).as("counting by program is the reference").isEmpty();
  }

  @Test
  void longerNamesWin() {
    assertThat(Counts.in("Guinea, New Guinea", List.of("Guinea", "New Guinea")))
        .hasToString("{\"Guinea\": 1, \"New Guinea\": 1}");
  }

  @Test
  void otherNamesCanBeCounted() {
    Task task =
        new KeywordCountingTask.Factory().create(Options.none().with("names", "tea, ice cream"));
    assertThat(solve(task.parse("tea, ice cream, tea")))
        .isEqualTo("{\"ice cream\": 1, \"tea\": 2}");
    assertThatThrownBy(
            () -> new KeywordCountingTask.Factory().create(Options.none().with("names", ",")))
        .hasMessageContaining("names");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 15, 40})
  void generatedTextsNameSomething(int sentences) {
    Task task =
        new KeywordCountingTask.Factory().create(Options.none().with("sentences", "" + sentences));
    for (int seed = 0; seed < 50; seed++) {
      KeywordProblem p = (KeywordProblem) task.generate(seed);
      assertThat(p.counts().total()).isPositive();
      assertThat(p.text()).doesNotContain("#").doesNotContain("@");
    }
  }

  @Test
  void countsAgreeWithThePublicFile() {
    Path file = SharedData.require("data/graph-of-thoughts/countries.csv");
    // Reading compares the counts in each text with the mentions that the file lists.
    List<Problem> problems = task().read(file, Integer.MAX_VALUE);
    assertThat(problems).hasSize(100);
    assertThat(problems).allMatch(p -> p.grade(Optional.of(solve(p))).solved());
    assertThat(problems.stream().mapToInt(p -> ((KeywordProblem) p).counts().total()).average())
        .hasValue(27.13);
  }

  @Test
  void badRowsAreNamedByTheirLine() throws IOException {
    Path file = Files.writeString(folder.resolve("bad.csv"), "Text,Countries\nPeru,[Cuba]\n");
    assertThatThrownBy(() -> task().read(file, 9))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("line 2 Countries does not list");
  }
}
