package org.deft4j.tasks.crosswords;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Options;
import org.deft4j.tasks.text.Stages;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.decode.FinishReason;

/**
 * Crosswords for any model of text: a thought fills in one word, such as {@code h2. MOTOR}, until
 * no cell is open; words that do not fit the letters on the board are dead ends. Or a thought is
 * the whole board.
 */
final class CrosswordStages implements Stages {
  private static final int WORD_TOKENS = 32;
  private static final int LIST_TOKENS = 320;
  private static final int WHOLE_TOKENS = 96;
  private static final Map<String, Double> LABELS =
      Map.of("sure", 1.0, "maybe", 0.5, "impossible", 0.0);
  private static final Pattern WORD =
      Pattern.compile(
          "\\s*(?:[-*•]\\s*)?([hv][1-5])\\s*[.:)]?\\s*([a-z]{5})(?![a-z]).*",
          Pattern.CASE_INSENSITIVE | Pattern.DOTALL);

  private final CrosswordProblem problem;

  CrosswordStages(CrosswordProblem problem) {
    this.problem = problem;
  }

  static Wording wording(Options options) {
    return Wording.load(
        CrosswordTask.NAME,
        List.of("word", "propose", "whole", "judge", "rate", "vote"),
        Set.of("problem", "board", "open", "candidates"),
        options);
  }

  @Override
  public Map<String, String> fields() {
    return Map.of("problem", problem.text());
  }

  private static Board board(List<Thought> path) {
    Board board = Board.empty();
    for (Thought t : path) {
      board = t.isRoot() ? board : fill(board, t.text()).orElse(board);
    }
    return board;
  }

  private static Optional<Board> fill(Board board, String line) {
    Matcher m = WORD.matcher(line);
    return m.matches()
        ? board.with(Board.index(m.group(1)), m.group(2).toUpperCase(Locale.ROOT))
        : Optional.empty();
  }

  @Override
  public Optional<Next> next(List<Thought> path) {
    if (path.getLast().answer().isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        problem.words()
            ? next("word", path, WORD_TOKENS, "\n")
            : next("whole", path, WHOLE_TOKENS, "\n\n"));
  }

  @Override
  public Optional<Next> propose(List<Thought> path) {
    return problem.words() && path.getLast().answer().isEmpty()
        ? Optional.of(next("propose", path, LIST_TOKENS, "\n\n"))
        : Optional.empty();
  }

  private static Next next(String stage, List<Thought> path, int tokens, String stop) {
    Board board = board(path);
    return new Next(
        stage, Map.of("board", board.lines(), "open", board.open()), tokens, List.of(stop));
  }

  @Override
  public ThoughtState read(List<Thought> path, String stage, String text, FinishReason reason) {
    if (stage.equals("whole")) {
      return Board.read(text)
          .filter(Board::full)
          .<ThoughtState>map(b -> new ThoughtState.Answer(b.toString()))
          .orElse(new ThoughtState.Dead("no board of five words"));
    }
    if (!WORD.matcher(text).matches()) {
      return new ThoughtState.Dead("no word like h1. APPLE");
    }
    Optional<Board> board = fill(board(path), text);
    if (board.isEmpty()) {
      return new ThoughtState.Dead("the word does not fit the board, or is there already");
    }
    return board.get().full()
        ? new ThoughtState.Answer(board.get().toString())
        : new ThoughtState.Partial(board.get().toString());
  }

  @Override
  public Optional<Map<String, String>> judged(List<Thought> path) {
    Thought last = path.getLast();
    return last.isRoot() || last.dead()
        ? Optional.empty()
        : Optional.of(Map.of("board", last.state().text().replace(' ', '\n'), "open", ""));
  }

  @Override
  public Map<String, Double> labels() {
    return LABELS;
  }

  @Override
  public String candidate(Thought thought) {
    return thought.text().strip();
  }
}
