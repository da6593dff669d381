package org.deft4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.deft4j.runtime.trace.TraceHeader;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which problems to solve: those that are written, those of a file, or a generated one. */
final class ProblemOptions {
  /** More than any prompt of a model that runs here; keeps a mistaken file from filling memory. */
  private static final int MAX_BYTES = 16 << 20;

  /** Longer than file names get. */
  private static final int MAX_NAME = 4096;

  /** What nobody writes who means a text: a word with an ending such as .txt. */
  private static final Pattern FILE_NAME = Pattern.compile("\\S*[^\\s.]\\.[A-Za-z]{2,5}");

  @Option(
      names = "--problem",
      paramLabel = "TEXT",
      description =
          "The problem: its text, for instance '[3, 1, 2]', a file that holds it, or - for standard"
              + " input. May be repeated: a problem each, or for document-merging a document each."
              + " Without --problem and --data one is generated from the seed.")
  private List<String> problems = new ArrayList<>();

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "Solve the problems of a file in the task's format; see docs/tasks.md.")
  private @Nullable Path data;

  @Option(names = "--limit", paramLabel = "N", description = "Only N problems of --data.")
  private @Nullable Integer limit;

  @Option(names = "--skip", paramLabel = "N", description = "Without the first N of --data.")
  private @Nullable Integer skip;

  /** Refuses options that contradict each other, before anything costly. */
  void check() {
    if (!problems.isEmpty() && data != null) {
      throw new IllegalArgumentException("give --problem or --data, not both");
    }
    if (limit != null && data == null) {
      throw new IllegalArgumentException("--limit goes with --data");
    }
    if (skip != null && data == null) {
      throw new IllegalArgumentException("--skip goes with --data");
    }
    if (skip != null && skip < 0) {
      throw new IllegalArgumentException("--skip must be at least 0, was " + skip);
    }
    if (problems.stream().filter("-"::equals).count() > 1) {
      throw new IllegalArgumentException("--problem - reads standard input, which is there once");
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
      int from = skip == null ? 0 : skip;
      long most = limit == null ? Integer.MAX_VALUE : (long) from + limit;
      List<Problem> all = task.read(data, (int) Math.min(most, Integer.MAX_VALUE));
      if (all.size() <= from) {
        String what = all.isEmpty() ? " holds no problems" : " holds only " + all.size();
        throw new DeftException(DeftException.USAGE, "--data: " + data + what);
      }
      return all.subList(from, all.size());
    }
    if (problems.isEmpty()) {
      return List.of(task.generate(seed));
    }
    return task.parse(problems.stream().map(p -> text(p, in)).toList());
  }

  /** Where a problem of {@link #read} comes from, for a trace. */
  TraceHeader.Source source(Problem problem, int index, long seed) {
    TraceHeader.Source.Kind kind =
        data != null
            ? TraceHeader.Source.Kind.FILE
            : !problems.isEmpty()
                ? TraceHeader.Source.Kind.TEXT
                : TraceHeader.Source.Kind.GENERATED;
    return new TraceHeader.Source(
        problem.id(),
        problem.text(),
        kind,
        seed,
        data == null ? "" : data.toAbsolutePath().toString(),
        index + (skip == null ? 0 : skip));
  }

  private static String text(String problem, InputStream in) {
    if (problem.equals("-")) {
      return readAll(in, "the problem on standard input");
    }
    Path file = file(problem);
    if (file == null) {
      return problem;
    }
    try (InputStream stream = Files.newInputStream(file)) {
      return readAll(stream, "--problem: " + file);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.USAGE, "--problem: cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /** The file that a value of {@code --problem} names; null for a text. */
  private static @Nullable Path file(String problem) {
    if (problem.length() > MAX_NAME || problem.indexOf('\n') >= 0) {
      return null;
    }
    Path file;
    try {
      file = Path.of(problem);
    } catch (InvalidPathException e) {
      return null;
    }
    if (Files.isRegularFile(file)) {
      return file;
    }
    if (FILE_NAME.matcher(problem).matches()) {
      throw new DeftException(
          DeftException.USAGE, "--problem: " + problem + " looks like a file, but is not there");
    }
    return null;
  }

  private static String readAll(InputStream in, String what) {
    try {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new DeftException(DeftException.USAGE, what + " is larger than 16 MB");
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new DeftException(DeftException.USAGE, what + " is no UTF-8 text", e);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.RUNTIME, "cannot read " + what + ": " + e.getMessage(), e);
    }
  }
}
