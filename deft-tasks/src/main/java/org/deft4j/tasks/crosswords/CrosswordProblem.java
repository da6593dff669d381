package org.deft4j.tasks.crosswords;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.TokenCodec;

/**
 * A crossword of five by five letters. Its rules alone cannot tell a right answer from a wrong one,
 * so a search has no check of it.
 *
 * @param id names it within its source
 * @param clues ten: those of the rows from the top, then those of the columns from the left
 * @param solution 25 letters row by row, where they are known
 * @param words whether a thought is one word, instead of the whole board
 * @param wording how models of text are asked
 */
public record CrosswordProblem(
    String id, List<String> clues, Optional<String> solution, boolean words, Wording wording)
    implements Problem {
  private static final int CELLS = Board.SIZE * Board.SIZE;

  /** Copies and checks. */
  public CrosswordProblem {
    clues = List.copyOf(clues);
    if (clues.size() != Board.WORDS) {
      throw new IllegalArgumentException("a crossword has ten clues, not " + clues.size());
    }
    solution.ifPresent(Board::new);
  }

  @Override
  public String task() {
    return CrosswordTask.NAME;
  }

  @Override
  public String text() {
    StringBuilder text = new StringBuilder();
    for (int w = 0; w < Board.WORDS; w++) {
      text.append(w == 0 ? "" : "\n").append(Board.name(w)).append(". ").append(clues.get(w));
    }
    return text.toString();
  }

  @Override
  public PromptLayout layout(TokenCodec codec) {
    return wording.layout(new CrosswordStages(this), codec);
  }

  /**
   * Errors are wrong and open letters of 25; the score is the share of right ones. Without a known
   * solution an answer is not graded.
   */
  /** A level for each of the ten words, where a thought is one. */
  @Override
  public Map<String, String> settings(String strategy) {
    return words && strategy.equals(TotBfs.NAME) ? Map.of("depth", "10") : Map.of();
  }

  @Override
  public Verdict grade(Optional<String> answer) {
    Optional<Board> board = answer.flatMap(Board::read);
    if (solution.isEmpty()) {
      return board.isEmpty() ? new Verdict(CELLS, 0, false) : Verdict.ungraded();
    }
    Board right = new Board(solution.get());
    int wrong = board.map(right::distance).orElse(CELLS);
    return new Verdict(wrong, 1 - wrong / (double) CELLS, wrong == 0);
  }

  /**
   * How many of the ten words of an answer are right: the second figure of Tree of Thoughts.
   *
   * @throws IllegalStateException without a known solution
   */
  public int wordsRight(String answer) {
    Board right = new Board(solution.orElseThrow(IllegalStateException::new));
    Optional<Board> board = Board.read(answer);
    int n = 0;
    for (int w = 0; w < Board.WORDS && board.isPresent(); w++) {
      n += board.get().word(w).equals(right.word(w)) ? 1 : 0;
    }
    return n;
  }
}
