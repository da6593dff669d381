package org.deft4j.tasks.crosswords;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.spi.TaskFactory;
import org.deft4j.tasks.data.Json;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.DeftException;

/**
 * Mini crosswords of five by five letters, as in Tree of Thoughts (Yao et al., 2023).
 *
 * <p>Data files are JSON: a list of pairs of ten clues (rows, then columns) and 25 letters. A
 * problem's text has ten lines, {@code h1. clue} to {@code v5. clue}, and may have one more, {@code
 * solution: FIVE WORDS}.
 */
public final class CrosswordTask implements Task {
  /** Its name. */
  public static final String NAME = "crosswords";

  private static final Pattern CLUE = Pattern.compile("([hHvV][1-5])\\s*[.:)]\\s*(\\S.*)");
  private static final Pattern SOLUTION =
      Pattern.compile("solution\\s*:\\s*(.*)", Pattern.CASE_INSENSITIVE);

  private final boolean words;
  private final Wording wording;

  /** What a thought is. */
  public enum Thoughts {
    /** One word. */
    WORDS,
    /** The whole board. */
    WHOLE
  }

  /**
   * A task.
   *
   * @param thoughts what a thought is
   * @param wording how models of text are asked
   */
  public CrosswordTask(Thoughts thoughts, Wording wording) {
    this.words = thoughts == Thoughts.WORDS;
    this.wording = wording;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem generate(long seed) {
    WordList list = WordList.shipped();
    Board board = list.board(seed);
    List<String> clues = new ArrayList<>();
    for (int w = 0; w < Board.WORDS; w++) {
      clues.add(list.clue(board.word(w)));
    }
    return new CrosswordProblem("seed " + seed, clues, Optional.of(board.cells()), words, wording);
  }

  @Override
  public Problem parse(String text) {
    String[] clues = new String[Board.WORDS];
    Optional<Board> solution = Optional.empty();
    for (String line : text.strip().lines().map(String::strip).toList()) {
      Matcher clue = CLUE.matcher(line);
      Matcher letters = SOLUTION.matcher(line);
      if (clue.matches()) {
        clues[Board.index(clue.group(1))] = clue.group(2);
      } else if (letters.matches()) {
        solution = Board.read(letters.group(1)).filter(Board::full);
        if (solution.isEmpty()) {
          throw usage("the solution must be five words of five letters");
        }
      } else if (!line.isEmpty()) {
        throw usage("'" + line + "' is no clue like 'h1. a fruit'");
      }
    }
    for (int w = 0; w < Board.WORDS; w++) {
      if (clues[w] == null) {
        throw usage("the crossword has no clue " + Board.name(w) + "; it needs h1-h5 and v1-v5");
      }
    }
    return new CrosswordProblem(
        "given", List.of(clues), solution.map(Board::cells), words, wording);
  }

  private static DeftException usage(String what) {
    return new DeftException(DeftException.USAGE, what);
  }

  @Override
  public List<Problem> read(Path file, int limit) {
    List<Problem> problems = new ArrayList<>();
    for (Object entry : Json.list(Json.read(file), file, "the file")) {
      if (problems.size() == limit) {
        break;
      }
      String where = "entry " + problems.size();
      List<?> pair = Json.list(entry, file, where);
      List<String> clues = pair.size() == 2 ? Json.texts(pair.get(0), file, where) : List.of();
      if (clues.size() != Board.WORDS) {
        throw usage(file + " " + where + " is no pair of ten clues and 25 letters");
      }
      String letters =
          String.join("", Json.texts(pair.get(1), file, where)).toUpperCase(Locale.ROOT);
      Optional<Board> board = Board.read(letters).filter(Board::full);
      if (board.isEmpty()) {
        throw usage(file + " " + where + " is no pair of ten clues and 25 letters");
      }
      problems.add(
          new CrosswordProblem("" + problems.size(), clues, Optional.of(letters), words, wording));
    }
    return problems;
  }

  @Override
  public String defaultEvaluator() {
    return Judge.NAME;
  }

  /** Makes it by name. */
  public static final class Factory implements TaskFactory {
    @Override
    public String description() {
      return "solve a crossword of five by five letters";
    }

    @Override
    public List<OptionSpec> options() {
      return Wording.options(
          new OptionSpec("thoughts", "words", "what a thought is: words or whole (a board)"));
    }

    @Override
    public Task create(Options options) {
      options.requireKnown("task " + NAME, options());
      return new CrosswordTask(
          options.choice("thoughts", Thoughts.WORDS, Thoughts.class),
          CrosswordStages.wording(options));
    }
  }
}
