package org.deft4j.tasks.crosswords;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.testing.AbstractTaskContractTest;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrosswordTaskTest extends AbstractTaskContractTest {
  private static final String CLUES =
      """
      h1. An agendum; something to be done
      h2. An engine
      h3. Pretentious; flowery
      h4. A salon; a hall
      h5. To mock; to sneer
      v1. To heap
      v2. An Indian antelope
      v3. To intend
      v4. A nozzle
      v5. Desiccator; more dry
      """;
  private static final String ANSWER = "AGEND MOTOR ARTSY SALLE SLEER";

  @TempDir Path folder;

  @Override
  protected Task task() {
    return new CrosswordTask.Factory().create(Options.none());
  }

  @Override
  protected List<TokenCodec> codecs() {
    return List.of(new ScriptedCodec("<|bos|>", "<|end|>"), new ScriptedCodec());
  }

  @Override
  protected String solve(Problem problem) {
    return new Board(((CrosswordProblem) problem).solution().orElseThrow()).toString();
  }

  @Override
  protected List<String> junk() {
    return List.of(
        "", "h1. a fruit", CLUES + "x", CLUES.replace("v5. ", "v6. "), CLUES + "solution: AGEND");
  }

  @Test
  void lettersWordsAndGames() {
    CrosswordProblem p = (CrosswordProblem) task().parse(CLUES + "solution: " + ANSWER);
    assertThat(p.grade(Optional.of(ANSWER)).solved()).isTrue();
    assertThat(p.wordsRight(ANSWER)).isEqualTo(10);
    // One wrong letter spoils a row and a column.
    String close = "agend motor artsy salle sleet";
    assertThat(p.grade(Optional.of(close)).error()).isEqualTo(1);
    assertThat(p.grade(Optional.of(close)).score()).isEqualTo(.96);
    assertThat(p.wordsRight(close)).isEqualTo(8);
    assertThat(p.grade(Optional.of("AGEND _____ _____ _____ _____")).error()).isEqualTo(20);
    assertThat(p.grade(Optional.of("AGEND")).error()).isEqualTo(25);
  }

  @Test
  void withoutASolutionNobodyGrades() {
    Problem p = task().parse(CLUES);
    assertThat(p.grade(Optional.of(ANSWER)).graded()).isFalse();
    assertThat(p.grade(Optional.of(ANSWER)).solved()).isFalse();
    assertThat(p.grade(Optional.empty()).graded()).isTrue();
  }

  @Test
  void wordsMustFitWhatStandsThere() {
    Board board = Board.empty().with(Board.index("h1"), "AGEND").orElseThrow();
    assertThat(board.with(Board.index("v1"), "AMASS").orElseThrow().lines())
        .isEqualTo("AGEND\nM____\nA____\nS____\nS____");
    assertThat(board.with(Board.index("v1"), "BMASS")).isEmpty();
    assertThat(board.with(Board.index("h1"), "AGEND")).as("nothing new").isEmpty();
    assertThat(board.open()).isEqualTo("h2, h3, h4, h5, v1, v2, v3, v4, v5");
  }

  @Test
  void generatedBoardsAreMadeOfTenWords() {
    WordList list = WordList.shipped();
    Set<String> boards = new HashSet<>();
    for (int seed = 0; seed < 8; seed++) {
      Board board = list.board(seed);
      Set<String> words = new HashSet<>();
      for (int w = 0; w < Board.WORDS; w++) {
        assertThat(list.contains(board.word(w))).isTrue();
        assertThat(list.clue(board.word(w))).isNotBlank();
        words.add(board.word(w));
      }
      assertThat(words).hasSize(10);
      boards.add(board.cells());
    }
    assertThat(boards).hasSize(8);
  }

  @Test
  void readsThePublicFiles() {
    Path all = SharedData.require("data/tree-of-thoughts/mini0505.json");
    Path test = SharedData.require("data/tree-of-thoughts/mini0505_0_100_5.json");
    List<Problem> problems = task().read(all, Integer.MAX_VALUE);
    assertThat(problems).hasSize(156).allMatch(p -> p.grade(Optional.of(solve(p))).solved());
    List<Problem> few = task().read(test, Integer.MAX_VALUE);
    assertThat(few).hasSize(20);
    for (int i = 0; i < few.size(); i++) {
      assertThat(few.get(i).text()).isEqualTo(problems.get(5 * i).text());
    }
    assertThat(task().read(all, 3)).hasSize(3);
  }

  @Test
  void brokenFilesAreNamed() throws IOException {
    for (String text : List.of("{}", "[[[],[]]]", "[[1]]", "[", "[] x", "[\"\\q\"]", "[1,]")) {
      Path file = Files.writeString(folder.resolve("bad.json"), text);
      assertThatThrownBy(() -> task().read(file, 9))
          .as(text)
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("bad.json");
    }
  }
}
