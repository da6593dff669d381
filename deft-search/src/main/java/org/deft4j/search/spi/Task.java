package org.deft4j.search.spi;

import java.nio.file.Path;
import java.util.List;

/** A kind of problem: where its problems come from. Immutable and safe for many threads. */
public interface Task {
  /** The task's name, for instance {@code sorting}. */
  String name();

  /**
   * A problem made up from a seed; equal seeds give equal problems.
   *
   * @throws org.deft4j.tree.DeftException with exit code 2 if the task has no generator
   */
  Problem generate(long seed);

  /**
   * A problem that a user wrote.
   *
   * @throws org.deft4j.tree.DeftException with exit code 2, in one line that says what to write
   */
  Problem parse(String text);

  /**
   * The problems of several texts that a user wrote: one each, unless the task makes one problem of
   * them all, as of documents to merge.
   *
   * @throws org.deft4j.tree.DeftException as of {@link #parse(String)}
   */
  default List<Problem> parse(List<String> texts) {
    return texts.stream().map(this::parse).toList();
  }

  /**
   * Problems of a data file.
   *
   * @param file the task's own format
   * @param limit at most this many, from the top
   * @throws org.deft4j.tree.DeftException with exit code 2, naming the file, the line and what is
   *     wrong there
   */
  List<Problem> read(Path file, int limit);

  /** Name of the evaluator that a search uses unless told otherwise. */
  String defaultEvaluator();
}
