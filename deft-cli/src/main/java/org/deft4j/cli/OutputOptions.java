package org.deft4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import org.deft4j.bench.report.Column;
import org.deft4j.bench.report.Report;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a benchmark's results go: a table on a terminal, JSON, CSV, a file. */
final class OutputOptions {
  @Option(
      names = "--json",
      description = "Print one JSON document on standard output in place of tables.")
  private boolean json;

  @Option(names = "--csv", description = "Print the rows as CSV in place of tables.")
  private boolean csv;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write the JSON document to a file, too; 'deft plot' draws its charts.")
  private @Nullable Path out;

  /**
   * Checks what can be before anything is measured.
   *
   * @throws IllegalArgumentException for options that exclude each other
   */
  void check() {
    if (json && csv) {
      throw new IllegalArgumentException("--json or --csv, not both");
    }
    Path file = out;
    if (file != null && Files.isDirectory(file)) {
      throw new IllegalArgumentException("--out: " + file + " is a folder");
    }
    Path folder = file == null ? null : file.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      throw new IllegalArgumentException("--out: there is no folder " + folder);
    }
  }

  /** Whether tables are to be printed as rows come in. */
  boolean tables() {
    return !json && !csv;
  }

  /** Prints text that belongs to tables. */
  void print(Context context, String text) {
    if (tables()) {
      context.terminal().out().print(text);
      context.terminal().out().flush();
    }
  }

  /** Prints a row of a table. */
  void print(Context context, Collection<Column> columns, Map<String, ?> row) {
    print(context, Report.line(columns, row));
  }

  /** Prints and writes the whole. */
  void finish(Context context, Report report) {
    Path file = out;
    if (file != null) {
      try {
        Files.writeString(file, JsonWriter.document(report.toMap()) + "\n");
      } catch (IOException e) {
        throw new DeftException(
            DeftException.RUNTIME, "--out: cannot write " + file + ": " + e.getMessage(), e);
      }
    }
    if (json) {
      context.terminal().out().print(JsonWriter.document(report.toMap()) + "\n");
    } else if (csv) {
      context.terminal().out().print(report.csv());
    }
  }
}
