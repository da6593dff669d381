package org.deft4j.tasks.game24;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.spi.TaskFactory;
import org.deft4j.tasks.data.Csv;
import org.deft4j.tasks.text.Numbers;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.DeftException;

/**
 * Makes 24 of four numbers with {@code + - * /}, as in Tree of Thoughts (Yao et al., 2023).
 *
 * <p>Data files have the column {@code Puzzles} and, if they like, {@code Rank}.
 */
public final class Game24Task implements Task {
  /** Its name. */
  public static final String NAME = "game-of-24";

  /** What the numbers make. */
  public static final int TARGET = 24;

  private static final int CARDS = 4;
  private static final int HIGHEST = 13;
  private static final int MOST = 1000;

  private final boolean steps;
  private final Wording wording;

  /** What a thought is. */
  public enum Thoughts {
    /** One operation. */
    STEPS,
    /** The whole answer. */
    WHOLE
  }

  /**
   * A task.
   *
   * @param thoughts what a thought is
   * @param wording how models of text are asked
   */
  public Game24Task(Thoughts thoughts, Wording wording) {
    this.steps = thoughts == Thoughts.STEPS;
    this.wording = wording;
  }

  @Override
  public String name() {
    return NAME;
  }

  /** Four numbers of 1 to 13 that can make 24. */
  @Override
  public Problem generate(long seed) {
    Random random = new Random(seed);
    while (true) {
      List<Integer> numbers = new ArrayList<>();
      for (int i = 0; i < CARDS; i++) {
        numbers.add(1 + random.nextInt(HIGHEST));
      }
      Game24Problem problem = new Game24Problem("seed " + seed, numbers, steps, wording);
      if (problem.solution().isPresent()) {
        return problem;
      }
    }
  }

  @Override
  public Problem parse(String text) {
    try {
      return problem("given", text);
    } catch (IllegalArgumentException e) {
      throw new DeftException(DeftException.USAGE, String.valueOf(e.getMessage()), e);
    }
  }

  private Game24Problem problem(String id, String text) {
    List<Integer> numbers = new ArrayList<>();
    for (String part : text.strip().split("[\\s,]+")) {
      numbers.add(number(part));
    }
    if (numbers.size() != CARDS) {
      throw new IllegalArgumentException(
          "the game of 24 takes four numbers, as in 4 9 10 13, not " + numbers.size());
    }
    Game24Problem problem = new Game24Problem(id, numbers, steps, wording);
    if (problem.solution().isEmpty()) {
      throw new IllegalArgumentException(problem.text() + " cannot make " + TARGET);
    }
    return problem;
  }

  private static int number(String part) {
    try {
      int n = Integer.parseInt(part);
      if (n >= 1 && n <= MOST) {
        return n;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException(
        "'" + Numbers.shorten(part) + "' is no number of 1 to " + MOST + "; write 4 9 10 13");
  }

  @Override
  public List<Problem> read(Path file, int limit) {
    Csv csv = Csv.read(file, limit);
    List<Problem> problems = new ArrayList<>();
    for (Csv.Row row : csv.rows()) {
      String id = csv.has("Rank") ? csv.field(row, "Rank") : "" + problems.size();
      try {
        problems.add(problem(id, csv.field(row, "Puzzles")));
      } catch (IllegalArgumentException e) {
        throw csv.error(row, "Puzzles: " + e.getMessage());
      }
    }
    return problems;
  }

  @Override
  public String defaultEvaluator() {
    return steps ? Judge.NAME : "checker";
  }

  /** Makes it by name. */
  public static final class Factory implements TaskFactory {
    @Override
    public String description() {
      return "make 24 of four numbers";
    }

    @Override
    public List<OptionSpec> options() {
      return Wording.options(
          new OptionSpec("thoughts", "steps", "what a thought is: steps or whole (an answer)"));
    }

    @Override
    public Task create(Options options) {
      options.requireKnown("task " + NAME, options());
      return new Game24Task(
          options.choice("thoughts", Thoughts.STEPS, Thoughts.class),
          Game24Stages.wording(options));
    }
  }
}
