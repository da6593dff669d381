package org.deft4j.tasks.sets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.testing.AbstractTaskContractTest;
import org.deft4j.tasks.tagged.Vocabularies;
import org.deft4j.tasks.text.Numbers;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SetIntersectionTaskTest extends AbstractTaskContractTest {
  @TempDir Path folder;

  @Override
  protected Task task() {
    return new SetIntersectionTask.Factory().create(Options.none());
  }

  @Override
  protected List<TokenCodec> codecs() {
    return List.of(Vocabularies.TEXT, new ScriptedCodec("<|bos|>", "<|end|>"), new ScriptedCodec());
  }

  @Override
  protected String solve(Problem problem) {
    return Numbers.write(((SetIntersectionProblem) problem).intersection());
  }

  @Override
  protected List<String> junk() {
    return List.of("", "[1]", "[1] [2] [3]", "[1] []", "[1, 1] [2]", "[1] [x]", "[1, 2", "one two");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [2, 3]       | 0
          [3, 2]       | 0
          [2]          | 1
          [2, 3, 4]    | 1
          [2, 3, 3, 3] | 2
          [4, 4]       | 4
          []           | 2
          nothing      | 3
          """)
  void errorsAreMissingSuperfluousAndRepeated(String answer, int errors) {
    Problem problem = task().parse("[1, 2, 3] [4, 3, 2]");
    assertThat(problem.grade(Optional.of(answer)).error()).isEqualTo(errors);
    assertThat(problem.verify(answer)).contains(problem.grade(Optional.of(answer)));
  }

  @Test
  void generatedSetsAreLikeThePublicOnes() {
    for (int seed = 0; seed < 100; seed++) {
      SetIntersectionProblem p = (SetIntersectionProblem) task().generate(seed);
      assertThat(new HashSet<>(p.first())).hasSize(32).allMatch(n -> n >= 0 && n < 64);
      assertThat(new HashSet<>(p.second())).hasSize(32).allMatch(n -> n >= 0 && n < 64);
      assertThat(p.intersection()).hasSizeBetween(8, 24);
    }
  }

  @Test
  void twoTextsAreTheTwoSets() {
    assertThat(task().parse(List.of("[1, 2]", "2, 3")).getFirst().text())
        .isEqualTo("[1, 2] [2, 3]");
    assertThatThrownBy(() -> task().parse(List.of("[1]", "[2]", "[3]")))
        .hasMessageContaining("two sets");
  }

  @ParameterizedTest
  @ValueSource(ints = {32, 64, 128})
  void readsTheFilesOfGraphOfThoughts(int length) {
    Path file =
        SharedData.require("data/graph-of-thoughts/set_intersection_%03d.csv".formatted(length));
    List<Problem> problems = task().read(file, Integer.MAX_VALUE);
    assertThat(problems).hasSize(100);
    assertThat(problems).allMatch(p -> ((SetIntersectionProblem) p).first().size() == length);
    assertThat(problems).allMatch(p -> p.grade(Optional.of(solve(p))).solved());
    assertThat(task().read(file, 3)).hasSize(3);
  }

  @Test
  void badRowsAreNamedByTheirLine() throws IOException {
    Path file = Files.writeString(folder.resolve("bad.csv"), "SET1,SET2,INTERSECTION\n1,2,[2]\n");
    assertThatThrownBy(() -> task().read(file, 9))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("line 2 INTERSECTION is not the intersection");
  }
}
