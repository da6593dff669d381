package org.deft4j.tasks.merging;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
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
 * Merges documents that overlap, the fourth task of Graph of Thoughts.
 *
 * <p>Data files have the columns {@code document1}, {@code document2} and so on, and {@code id} if
 * they like. A problem's text has a line {@value MergeProblem#SEPARATOR} between documents.
 */
public final class DocumentMergingTask implements Task {
  /** Its name. */
  public static final String NAME = "document-merging";

  private static final int DEFAULT_DOCUMENTS = 3;
  private static final int DEFAULT_FACTS = 10;
  private static final Pattern BETWEEN =
      Pattern.compile("(?m)^[ \\t]*" + MergeProblem.SEPARATOR + "[ \\t]*$");

  private final int documents;
  private final int facts;
  private final Wording wording;
  private final Thoughts thoughts;

  /** What a model with tags for this task writes as one thought. */
  public enum Thoughts {
    /** What it keeps of one document. */
    PARTS,
    /** The whole merge. */
    WHOLE
  }

  /**
   * A task.
   *
   * @param documents of a generated problem, at least 2
   * @param facts that they tell: as many as documents to {@value TownNews#MOST_FACTS}
   * @param wording how models of text are asked
   * @param thoughts what is one thought
   */
  public DocumentMergingTask(int documents, int facts, Wording wording, Thoughts thoughts) {
    if (documents < 2) {
      throw new IllegalArgumentException("documents must be at least 2, was " + documents);
    }
    if (facts < documents || facts > TownNews.MOST_FACTS) {
      throw new IllegalArgumentException(
          "facts must be as many as documents or more, to %d; were %d for %d documents"
              .formatted(TownNews.MOST_FACTS, facts, documents));
    }
    this.documents = documents;
    this.facts = facts;
    this.wording = wording;
    this.thoughts = thoughts;
  }

  private MergeProblem problem(String id, List<String> texts) {
    return new MergeProblem(id, texts, wording, thoughts == Thoughts.PARTS);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Problem generate(long seed) {
    return problem("seed " + seed, TownNews.of(seed, documents, facts).documents());
  }

  @Override
  public Problem parse(String text) {
    return given(Arrays.asList(BETWEEN.split(text, -1)));
  }

  /** All texts together are one problem, a document each. */
  @Override
  public List<Problem> parse(List<String> texts) {
    return List.of(texts.size() == 1 ? parse(texts.getFirst()) : given(texts));
  }

  private MergeProblem given(List<String> texts) {
    List<String> stripped = texts.stream().map(String::strip).toList();
    if (stripped.size() < 2) {
      throw new DeftException(
          DeftException.USAGE,
          "merging needs two documents: give --problem for each, or put a line '"
              + MergeProblem.SEPARATOR
              + "' between them");
    }
    for (int i = 0; i < stripped.size(); i++) {
      if (English.sentences(stripped.get(i)).isEmpty()) {
        throw new DeftException(DeftException.USAGE, "document " + (i + 1) + " has no words");
      }
    }
    return problem("given", stripped);
  }

  @Override
  public List<Problem> read(Path file, int limit) {
    Csv csv = Csv.read(file, limit);
    List<Problem> problems = new ArrayList<>();
    for (Csv.Row row : csv.rows()) {
      List<String> texts = new ArrayList<>();
      for (int i = 1; csv.has("document" + i); i++) {
        String text = csv.field(row, "document" + i).strip();
        if (!text.isEmpty()) {
          texts.add(text);
        }
      }
      if (texts.size() < 2) {
        throw csv.error(row, "has no two documents in columns document1, document2, ...");
      }
      String id = csv.has("id") ? csv.field(row, "id") : "" + problems.size();
      problems.add(problem(id, texts));
    }
    return problems;
  }

  @Override
  public String defaultEvaluator() {
    return Checker.NAME;
  }

  /** Makes it by name. */
  public static final class Factory implements TaskFactory {
    @Override
    public String description() {
      return "merge documents that overlap into one";
    }

    @Override
    public List<OptionSpec> options() {
      return Wording.options(
          new OptionSpec("documents", "" + DEFAULT_DOCUMENTS, "of a generated problem, >= 2"),
          new OptionSpec(
              "facts", "" + DEFAULT_FACTS, "that they tell, at most " + TownNews.MOST_FACTS),
          new OptionSpec(
              "thoughts",
              "parts",
              "one thought of deft-mini: parts, what it keeps of one document, or whole merges"));
    }

    @Override
    public Task create(Options options) {
      options.requireKnown("task " + NAME, options());
      return new DocumentMergingTask(
          options.integer("documents", DEFAULT_DOCUMENTS, 2),
          options.integer("facts", DEFAULT_FACTS, 2),
          MergeStages.wording(options),
          options.choice("thoughts", Thoughts.PARTS, Thoughts.class));
    }
  }
}
