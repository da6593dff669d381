package org.deft4j.tasks.sorting;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.spi.TaskFactory;
import org.deft4j.tasks.data.Csv;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.DeftException;

/**
 * Sorts lists of digits with repeats, the first task of Graph of Thoughts.
 *
 * <p>Data files have the columns {@code Unsorted} and, if they like, {@code ID} and {@code Sorted},
 * as those of Graph of Thoughts.
 */
public final class SortingTask implements Task {
  /** Its name. */
  public static final String NAME = "sorting";

  private static final int DEFAULT_LENGTH = 64;

  private final int length;
  private final double skew;
  private final Wording wording;

  /** A task with the built-in prompts. */
  public SortingTask(int length) {
    this(length, SortingStages.wording(Options.none()));
  }

  /**
   * A task.
   *
   * @param length how many digits a generated list has, at least 1
   * @param wording how models of text are asked
   */
  public SortingTask(int length, Wording wording) {
    this(length, 0, wording);
  }

  /**
   * A task whose lists hold some digits more often than others.
   *
   * @param length how many digits a generated list has, at least 1
   * @param skew 0 for digits that are equally likely; else the k-th digit of an order that each
   *     list draws anew is as likely as {@code (1 - skew)^k}, in [0, 1)
   * @param wording how models of text are asked
   */
  public SortingTask(int length, double skew, Wording wording) {
    if (length < 1) {
      throw new IllegalArgumentException("length must be at least 1, was " + length);
    }
    if (!(skew >= 0 && skew < 1)) {
      throw new IllegalArgumentException("skew must be in [0, 1), was " + skew);
    }
    this.length = length;
    this.skew = skew;
    this.wording = wording;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem generate(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Integer> values = new ArrayList<>();
    int[] order = skew == 0 ? new int[0] : shuffled(random);
    for (int i = 0; i < length; i++) {
      values.add(skew == 0 ? random.nextInt(10) : order[geometric(random)]);
    }
    return new SortingProblem("seed " + seed, new Digits(values), wording);
  }

  private static int[] shuffled(SplittableRandom random) {
    int[] digits = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (int i = digits.length - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int digit = digits[i];
      digits[i] = digits[j];
      digits[j] = digit;
    }
    return digits;
  }

  /** A number of 0 to 9, each {@code 1 - skew} times as likely as the one before. */
  private int geometric(SplittableRandom random) {
    double rest = 1 - Math.pow(1 - skew, 10);
    double at = Math.log1p(-random.nextDouble() * rest) / Math.log1p(-skew);
    return Math.min(9, (int) at);
  }

  @Override
  public Problem parse(String text) {
    try {
      return new SortingProblem("given", nonEmpty(Digits.parse(text)), wording);
    } catch (IllegalArgumentException e) {
      throw new DeftException(DeftException.USAGE, String.valueOf(e.getMessage()), e);
    }
  }

  private static Digits nonEmpty(Digits digits) {
    if (digits.size() == 0) {
      throw new IllegalArgumentException("the list is empty; write at least one digit, as in [3]");
    }
    return digits;
  }

  @Override
  public List<Problem> read(Path file, int limit) {
    Csv csv = Csv.read(file, limit);
    List<Problem> problems = new ArrayList<>();
    for (Csv.Row row : csv.rows()) {
      Digits unsorted = digits(csv, row, "Unsorted");
      if (csv.has("Sorted") && !digits(csv, row, "Sorted").equals(unsorted.sorted())) {
        throw csv.error(row, "Sorted is not the sorted form of Unsorted");
      }
      String id = csv.has("ID") ? csv.field(row, "ID") : "" + problems.size();
      problems.add(new SortingProblem(id, unsorted, wording));
    }
    return problems;
  }

  private static Digits digits(Csv csv, Csv.Row row, String column) {
    try {
      return nonEmpty(Digits.parse(csv.field(row, column)));
    } catch (IllegalArgumentException e) {
      throw csv.error(row, column + ": " + e.getMessage());
    }
  }

  @Override
  public String defaultEvaluator() {
    return Checker.NAME;
  }

  /** Makes it by name. */
  public static final class Factory implements TaskFactory {
    @Override
    public String description() {
      return "sort a list of digits with repeats";
    }

    @Override
    public List<OptionSpec> options() {
      return Wording.options(
          new OptionSpec("length", "" + DEFAULT_LENGTH, "digits of a generated list"),
          new OptionSpec(
              "skew", "0", "how unequal the digits of a generated list are, 0 to below 1"));
    }

    @Override
    public Task create(Options options) {
      options.requireKnown("task " + NAME, options());
      return new SortingTask(
          options.integer("length", DEFAULT_LENGTH, 1),
          options.number("skew", 0, 0, 0.999),
          SortingStages.wording(options));
    }
  }
}
