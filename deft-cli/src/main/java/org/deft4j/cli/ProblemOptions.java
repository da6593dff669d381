package org.deft4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.deft4j.runtime.trace.TraceHeader;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which problems to solve: one that is written, those of a file, or a generated one. */
final class ProblemOptions {
  /** More than any prompt of a model that runs here; keeps a mistaken file from filling memory. */
  private static final int MAX_BYTES = 16 << 20;

  @Option(
      names = "--problem",
      paramLabel = "TEXT",
      description =
          "The problem itself, for instance '[3, 1, 2]'; - reads it from standard input. Without"
              + " --problem and --data one is generated from the seed.")
  private @Nullable String problem;

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "Solve the problems of a file in the task's format (sorting: CSV).")
  private @Nullable Path data;

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N problems of --data.")
  private @Nullable Integer limit;

  /** Refuses options that contradict each other, before anything costly. */
  void check() {
    if (problem != null && data != null) {
      throw new IllegalArgumentException("give --problem or --data, not both");
    }
    if (limit != null && data == null) {
      throw new IllegalArgumentException("--limit goes with --data");
    }
    if (limit != null && limit < 1) {
      throw new IllegalArgumentException("--limit must be at least 1, was " + limit);
    }
    if (data != null && !Files.isRegularFile(data)) {
      String what = Files.exists(data) ? " is no file" : " does not exist";
      throw new DeftException(DeftException.USAGE, "--data: " + data + what);
    }
    if (data != null && !Files.isReadable(data)) {
      throw new DeftException(DeftException.USAGE, "--data: " + data + " cannot be read");
    }
  }

  /**
   * The problems.
   *
   * @throws DeftException with exit code 2, saying what is wrong and where
   */
  List<Problem> read(Task task, long seed, InputStream in) {
    if (data != null) {
      List<Problem> problems = task.read(data, limit == null ? Integer.MAX_VALUE : limit);
      if (problems.isEmpty()) {
        throw new DeftException(DeftException.USAGE, "--data: " + data + " holds no problems");
      }
      return problems;
    }
    if (problem != null) {
      return List.of(task.parse(problem.equals("-") ? readAll(in) : problem));
    }
    return List.of(task.generate(seed));
  }

  /** Where a problem of {@link #read} comes from, for a trace. */
  TraceHeader.Source source(Problem problem, int index, long seed) {
    TraceHeader.Source.Kind kind =
        data != null
            ? TraceHeader.Source.Kind.FILE
            : this.problem != null
                ? TraceHeader.Source.Kind.TEXT
                : TraceHeader.Source.Kind.GENERATED;
    return new TraceHeader.Source(
        problem.id(),
        problem.text(),
        kind,
        seed,
        data == null ? "" : data.toAbsolutePath().toString(),
        index);
  }

  private static String readAll(InputStream in) {
    try {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new DeftException(
            DeftException.USAGE, "the problem on standard input is larger than 16 MB");
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new DeftException(
          DeftException.USAGE, "the problem on standard input is no UTF-8 text", e);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.RUNTIME, "cannot read standard input: " + e.getMessage(), e);
    }
  }
}
