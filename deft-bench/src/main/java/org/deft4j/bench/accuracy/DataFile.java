package org.deft4j.bench.accuracy;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.deft4j.tasks.data.Csv;
import org.deft4j.tasks.keywords.KeywordCountingTask;
import org.deft4j.tasks.merging.DocumentMergingTask;
import org.deft4j.tasks.sets.SetIntersectionTask;
import org.deft4j.tasks.sorting.SortingTask;

/**
 * A data file of one of Graph of Thoughts' tasks (Besta et al., 2024).
 *
 * @param path the file
 * @param task the task whose problems it holds
 * @param limit at most this many of them, from the top
 */
public record DataFile(Path path, String task, int limit) {
  /** Graph of Thoughts' own experiments on merging use so many of its rows. */
  private static final int MERGES = 50;

  /**
   * Tells the task by the columns of a CSV file.
   *
   * @param limit at most this many rows; 0 for all, of documents the first {@value #MERGES}
   * @return empty for another file
   */
  public static Optional<DataFile> of(Path path, int limit) {
    Path name = path.getFileName();
    if (name == null || !name.toString().toLowerCase(Locale.ROOT).endsWith(".csv")) {
      return Optional.empty();
    }
    return task(Csv.read(path, 1))
        .map(task -> {
          int all = task.equals(DocumentMergingTask.NAME) ? MERGES : Integer.MAX_VALUE;
          return new DataFile(path, task, limit == 0 ? all : limit);
        });
  }

  private static Optional<String> task(Csv csv) {
    if (csv.has("Unsorted")) {
      return Optional.of(SortingTask.NAME);
    }
    if (csv.has("SET1") && csv.has("SET2")) {
      return Optional.of(SetIntersectionTask.NAME);
    }
    if (csv.has("Text") && csv.has("Countries")) {
      return Optional.of(KeywordCountingTask.NAME);
    }
    return csv.has("document1") && csv.has("document2")
        ? Optional.of(DocumentMergingTask.NAME)
        : Optional.empty();
  }

  /** What is compared on its problems, unless told otherwise. */
  public List<Entrant> entrants() {
    return switch (task) {
      case KeywordCountingTask.NAME -> Entrant.standard(List.of("judge"));
      case DocumentMergingTask.NAME -> Entrant.standard(List.of("checker"));
      default -> Entrant.standard(List.of("checker", "judge"));
    };
  }

  /** Its name without the ending. */
  public String name() {
    return path.getFileName().toString().replaceFirst("\\.[^.]*$", "");
  }
}
