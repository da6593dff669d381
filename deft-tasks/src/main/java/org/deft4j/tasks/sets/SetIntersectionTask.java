package org.deft4j.tasks.sets;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.deft4j.search.evaluate.Checker;
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
 * Intersects two sets of numbers, the second task of Graph of Thoughts.
 *
 * <p>Data files have the columns {@code SET1}, {@code SET2} and, if they like, {@code ID} and
 * {@code INTERSECTION}, as those of Graph of Thoughts.
 */
public final class SetIntersectionTask implements Task {
  /** Its name. */
  public static final String NAME = "set-intersection";

  private static final int DEFAULT_LENGTH = 32;

  /** The public files' overlaps, as shares of a set. */
  private static final double LEAST_OVERLAP = 0.25;

  private static final double MOST_OVERLAP = 0.75;

  private final int length;
  private final Wording wording;

  /**
   * A task.
   *
   * @param length numbers of each generated set, at least 1; they come from 0 to twice that less 1
   * @param wording how models of text are asked
   */
  public SetIntersectionTask(int length, Wording wording) {
    if (length < 1) {
      throw new IllegalArgumentException("length must be at least 1, was " + length);
    }
    this.length = length;
    this.wording = wording;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem generate(long seed) {
    Random random = new Random(seed);
    List<Integer> all = new ArrayList<>();
    for (int i = 0; i < 2 * length; i++) {
      all.add(i);
    }
    Collections.shuffle(all, random);
    List<Integer> first = all.subList(0, length);
    double share = LEAST_OVERLAP + (MOST_OVERLAP - LEAST_OVERLAP) * random.nextDouble();
    int common = (int) Math.round(length * share);
    List<Integer> second = new ArrayList<>(first.subList(0, common));
    second.addAll(all.subList(length, 2 * length - common));
    List<Integer> shuffled = new ArrayList<>(first);
    Collections.shuffle(shuffled, random);
    Collections.shuffle(second, random);
    return new SetIntersectionProblem("seed " + seed, shuffled, second, wording);
  }

  @Override
  public Problem parse(String text) {
    List<String> lists = text.strip().lines().filter(l -> !l.isBlank()).toList();
    if (lists.size() == 1) {
      lists = List.of(lists.getFirst().split("(?<=])\\s*(?=\\[)"));
    }
    return given(lists);
  }

  /** Two texts are the two sets of one problem; one text holds both. */
  @Override
  public List<Problem> parse(List<String> texts) {
    return List.of(texts.size() == 1 ? parse(texts.getFirst()) : given(texts));
  }

  private Problem given(List<String> lists) {
    if (lists.size() != 2) {
      throw new DeftException(
          DeftException.USAGE,
          "set intersection needs two sets, as in '[1, 2, 3] [2, 3, 4]', has " + lists.size());
    }
    try {
      return new SetIntersectionProblem("given", set(lists.get(0)), set(lists.get(1)), wording);
    } catch (IllegalArgumentException e) {
      throw new DeftException(DeftException.USAGE, String.valueOf(e.getMessage()), e);
    }
  }

  private static List<Integer> set(String text) {
    List<Integer> values = Numbers.parse(text);
    if (values.isEmpty()) {
      throw new IllegalArgumentException("a set is empty; write at least one number, as in [3]");
    }
    if (new HashSet<>(values).size() < values.size()) {
      throw new IllegalArgumentException(
          "the set " + Numbers.shorten(text.strip()) + " holds a number twice");
    }
    return values;
  }

  @Override
  public List<Problem> read(Path file, int limit) {
    Csv csv = Csv.read(file, limit);
    List<Problem> problems = new ArrayList<>();
    for (Csv.Row row : csv.rows()) {
      String id = csv.has("ID") ? csv.field(row, "ID") : "" + problems.size();
      SetIntersectionProblem problem =
          new SetIntersectionProblem(
              id, column(csv, row, "SET1"), column(csv, row, "SET2"), wording);
      if (csv.has("INTERSECTION")) {
        List<Integer> stated;
        try {
          stated = Numbers.parse(csv.field(row, "INTERSECTION"));
        } catch (IllegalArgumentException e) {
          throw csv.error(row, "INTERSECTION: " + e.getMessage());
        }
        if (problem.errorsOf(stated) > 0) {
          throw csv.error(row, "INTERSECTION is not the intersection of SET1 and SET2");
        }
      }
      problems.add(problem);
    }
    return problems;
  }

  private static List<Integer> column(Csv csv, Csv.Row row, String column) {
    try {
      return set(csv.field(row, column));
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
      return "intersect two sets of numbers";
    }

    @Override
    public List<OptionSpec> options() {
      return Wording.options(
          new OptionSpec("length", "" + DEFAULT_LENGTH, "numbers of each generated set"));
    }

    @Override
    public Task create(Options options) {
      options.requireKnown("task " + NAME, options());
      return new SetIntersectionTask(
          options.integer("length", DEFAULT_LENGTH, 1), IntersectionStages.wording(options));
    }
  }
}
