package org.deft4j.tasks.keywords;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.spi.TaskFactory;
import org.deft4j.tasks.data.Csv;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.DeftException;

/**
 * Counts the country names of an English text, the third task of Graph of Thoughts.
 *
 * <p>Data files have the column {@code Text} and, if they like, {@code ID} and {@code Countries} (a
 * list of all mentions), as that of Graph of Thoughts.
 */
public final class KeywordCountingTask implements Task {
  /** Its name. */
  public static final String NAME = "keyword-counting";

  private static final int DEFAULT_SENTENCES = 15;

  private final int sentences;
  private final List<String> names;
  private final Wording wording;

  /**
   * A task.
   *
   * @param sentences of a generated text, at least 1
   * @param names what is counted, at least one
   * @param wording how models of text are asked
   */
  public KeywordCountingTask(int sentences, List<String> names, Wording wording) {
    if (sentences < 1) {
      throw new IllegalArgumentException("sentences must be at least 1, was " + sentences);
    }
    if (names.isEmpty() || names.stream().anyMatch(String::isBlank)) {
      throw new IllegalArgumentException("option names must be words, as in Norway,Peru");
    }
    this.sentences = sentences;
    this.names = List.copyOf(names);
    this.wording = wording;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem generate(long seed) {
    return problem("seed " + seed, TravelText.write(seed, sentences, names));
  }

  private KeywordProblem problem(String id, String text) {
    Counts counts = Counts.in(text, names);
    if (counts.total() == 0) {
      throw new DeftException(
          DeftException.USAGE,
          "the text names none of the "
              + names.size()
              + " names that are counted; set others with -T names=NAME,NAME");
    }
    return new KeywordProblem(id, text, names, counts, wording);
  }

  @Override
  public Problem parse(String text) {
    return problem("given", text.strip());
  }

  @Override
  public List<Problem> read(Path file, int limit) {
    Csv csv = Csv.read(file, limit);
    List<Problem> problems = new ArrayList<>();
    for (Csv.Row row : csv.rows()) {
      String id = csv.has("ID") ? csv.field(row, "ID") : "" + problems.size();
      String text = csv.field(row, "Text");
      KeywordProblem problem;
      try {
        problem = problem(id, text);
      } catch (DeftException e) {
        throw csv.error(row, "Text: " + e.getMessage());
      }
      if (csv.has("Countries")) {
        String list = csv.field(row, "Countries").strip().replaceAll("^\\[|]$", "");
        Counts stated = Counts.of(Arrays.asList(list.split("\\s*,\\s*")));
        if (stated.distance(problem.counts()) > 0) {
          throw csv.error(
              row, "Countries does not list what Text names: " + problem.counts() + " there");
        }
      }
      problems.add(problem);
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
      return "count the country names of a text";
    }

    @Override
    public List<OptionSpec> options() {
      return Wording.options(
          new OptionSpec("sentences", "" + DEFAULT_SENTENCES, "of a generated text"),
          new OptionSpec("names", "", "what is counted, by commas, instead of 42 countries"));
    }

    @Override
    public Task create(Options options) {
      options.requireKnown("task " + NAME, options());
      String names = options.text("names", "");
      return new KeywordCountingTask(
          options.integer("sentences", DEFAULT_SENTENCES, 1),
          names.isBlank() ? TravelText.COUNTRIES : Arrays.asList(names.strip().split("\\s*,\\s*")),
          KeywordStages.wording(options));
    }
  }
}
