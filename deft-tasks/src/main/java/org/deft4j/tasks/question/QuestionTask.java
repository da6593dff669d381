package org.deft4j.tasks.question;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.spi.TaskFactory;
import org.deft4j.tasks.data.Csv;
import org.deft4j.tasks.data.Json;
import org.deft4j.tasks.text.Wording;
import org.deft4j.tree.DeftException;

/**
 * Answers a free question in thoughts of a paragraph each.
 *
 * <p>Data files are CSV with the column {@code question} and, if they like, {@code answer} and
 * {@code id}; or, named {@code .jsonl}, lines of JSON objects with these fields. An answer with a
 * line {@code #### 72}, as those of GSM8K, is what stands there.
 */
public final class QuestionTask implements Task {
  /** Its name. */
  public static final String NAME = "prompt";

  private static final int DEFAULT_STEPS = 6;
  private static final int DEFAULT_STEP_TOKENS = 200;

  private final int steps;
  private final int stepTokens;
  private final Wording wording;

  /**
   * A task.
   *
   * @param steps thoughts after which the answer is asked for, at least 1
   * @param stepTokens most tokens of a thought, at least 1
   * @param wording how models of text are asked
   */
  public QuestionTask(int steps, int stepTokens, Wording wording) {
    if (steps < 1 || stepTokens < 1) {
      throw new IllegalArgumentException(
          "steps and step-tokens must be at least 1, were " + steps + " and " + stepTokens);
    }
    this.steps = steps;
    this.stepTokens = stepTokens;
    this.wording = wording;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem generate(long seed) {
    Riddle riddle = Riddle.of(seed);
    return problem("seed " + seed, riddle.question(), Optional.of("" + riddle.answer()));
  }

  private QuestionProblem problem(String id, String text, Optional<String> reference) {
    return new QuestionProblem(id, text, reference, steps, stepTokens, wording);
  }

  @Override
  public Problem parse(String text) {
    if (text.isBlank()) {
      throw new DeftException(DeftException.USAGE, "the question is empty");
    }
    return problem("given", text.strip(), Optional.empty());
  }

  @Override
  public List<Problem> read(Path file, int limit) {
    return file.toString().endsWith(".jsonl") ? lines(file, limit) : rows(file, limit);
  }

  private List<Problem> rows(Path file, int limit) {
    Csv csv = Csv.read(file, limit);
    List<Problem> problems = new ArrayList<>();
    for (Csv.Row row : csv.rows()) {
      String question = csv.field(row, "question").strip();
      if (question.isEmpty()) {
        throw csv.error(row, "question: it is empty");
      }
      String id = csv.has("id") ? csv.field(row, "id") : "" + problems.size();
      Optional<String> answer =
          csv.has("answer") ? Optional.of(csv.field(row, "answer")) : Optional.empty();
      problems.add(problem(id, question, answer.flatMap(QuestionTask::reference)));
    }
    return problems;
  }

  private List<Problem> lines(Path file, int limit) {
    List<Problem> problems = new ArrayList<>();
    int number = 0;
    for (String line : Json.text(file).lines().toList()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      if (problems.size() == limit) {
        break;
      }
      if (!(Json.parse(line, file, number) instanceof Map<?, ?> fields)
          || !(fields.get("question") instanceof String question)
          || question.isBlank()) {
        throw new DeftException(
            DeftException.USAGE, file + " line " + number + " has no text \"question\"");
      }
      Object id = fields.get("id");
      Optional<String> answer =
          fields.get("answer") instanceof String s ? reference(s) : Optional.empty();
      problems.add(
          problem(id instanceof String s ? s : "" + problems.size(), question.strip(), answer));
    }
    return problems;
  }

  private static Optional<String> reference(String answer) {
    int mark = answer.lastIndexOf("####");
    String text = (mark < 0 ? answer : answer.substring(mark + 4)).strip();
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  @Override
  public String defaultEvaluator() {
    return Judge.NAME;
  }

  /** Makes it by name. */
  public static final class Factory implements TaskFactory {
    @Override
    public String description() {
      return "answer a free question";
    }

    @Override
    public List<OptionSpec> options() {
      return Wording.options(
          new OptionSpec("steps", "" + DEFAULT_STEPS, "thoughts before the answer is asked for"),
          new OptionSpec("step-tokens", "" + DEFAULT_STEP_TOKENS, "most tokens of a thought"));
    }

    @Override
    public Task create(Options options) {
      options.requireKnown("task " + NAME, options());
      return new QuestionTask(
          options.integer("steps", DEFAULT_STEPS, 1),
          options.integer("step-tokens", DEFAULT_STEP_TOKENS, 1),
          QuestionStages.wording(options));
    }
  }
}
