package org.deft4j.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.tree.DeftException;

/**
 * A task of one's own: the largest number of a list, for any model of text.
 *
 * <p>Data files have a problem a line, written as {@code 3 1 2}.
 */
public final class MaximumTask implements Task {
  /** Its name. */
  public static final String NAME = "maximum";

  private final int length;

  /**
   * A task.
   *
   * @param length numbers of a generated list, at least 1
   */
  public MaximumTask(int length) {
    if (length < 1) {
      throw new IllegalArgumentException("length must be at least 1, was " + length);
    }
    this.length = length;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem generate(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      numbers.add(random.nextInt(100));
    }
    return new MaximumProblem("seed " + seed, numbers);
  }

  @Override
  public Problem parse(String text) {
    return new MaximumProblem("given", numbers(text, "the problem"));
  }

  @Override
  public List<Problem> read(Path file, int limit) {
    List<Problem> problems = new ArrayList<>();
    try {
      List<String> lines = Files.readAllLines(file);
      for (int i = 0; i < Math.min(limit, lines.size()); i++) {
        problems.add(new MaximumProblem("" + i, numbers(lines.get(i), file + " line " + (i + 1))));
      }
    } catch (IOException e) {
      throw new DeftException(DeftException.USAGE, "cannot read " + file + ": " + e, e);
    }
    return problems;
  }

  @Override
  public String defaultEvaluator() {
    return "checker";
  }

  private static List<Integer> numbers(String text, String where) {
    List<Integer> numbers = new ArrayList<>();
    for (String part : text.strip().split("\\s+")) {
      try {
        numbers.add(Integer.parseInt(part));
      } catch (NumberFormatException e) {
        throw new DeftException(
            DeftException.USAGE,
            where
                + " must hold numbers, as in 3 1 2, but has '"
                + part.lines().findFirst().orElse("")
                + "'",
            e);
      }
    }
    return numbers;
  }
}
