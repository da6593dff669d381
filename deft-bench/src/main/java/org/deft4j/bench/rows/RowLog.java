package org.deft4j.bench.rows;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.tree.DeftException;

/**
 * Finished rows of a long measurement in a file of JSON lines: the configuration first, then a row
 * a line, each written with one write and forced to disk. A line without its end, as a crash leaves
 * it, is cut off when the file is opened again. One process writes a log at a time.
 *
 * @param <R> what a row is
 */
public final class RowLog<R> implements AutoCloseable {
  /**
   * How rows are written and told apart.
   *
   * @param key what a row is about: no two rows of a log share it
   * @param write the row as {@link JsonWriter} takes it
   * @param read the inverse of {@code write}; {@link IllegalArgumentException} or {@link
   *     ClassCastException} for what is no row
   * @param <R> what a row is
   */
  public record Form<R>(
      Function<R, String> key,
      Function<R, Map<String, Object>> write,
      Function<Map<?, ?>, R> read) {}

  private final Path file;
  private final FileChannel channel;
  private final Form<R> form;
  private final Map<String, R> rows = new LinkedHashMap<>();

  private RowLog(Path file, FileChannel channel, Form<R> form) {
    this.file = file;
    this.channel = channel;
    this.form = form;
  }

  /**
   * Opens a log, or begins one.
   *
   * @param configuration what decides the rows' values, as for {@link JsonWriter}
   * @throws DeftException with exit code 2 if the file is no log, is one of another configuration,
   *     cannot be written, or is being written by another process
   */
  public static <R> RowLog<R> open(Path file, Map<String, ?> configuration, Form<R> form) {
    String header = JsonWriter.line(configuration);
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      try {
        if (channel.tryLock() == null) {
          throw new DeftException(
              DeftException.USAGE, file + " is being written by another process");
        }
        byte[] bytes = Files.readAllBytes(file);
        int end = wholeLines(bytes);
        channel.truncate(end);
        channel.position(end);
        RowLog<R> log = new RowLog<>(file, channel, form);
        if (end == 0) {
          log.append(header);
        } else {
          log.load(new String(bytes, 0, end, StandardCharsets.UTF_8), header);
        }
        return log;
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static int wholeLines(byte[] bytes) {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    return end;
  }

  private void load(String text, String header) {
    List<String> lines = text.lines().toList();
    if (!lines.getFirst().equals(header)) {
      throw new DeftException(
          DeftException.USAGE,
          "%s holds rows of another configuration; use another --out, or delete it (its own: %s; this: %s)"
              .formatted(file, lines.getFirst(), header));
    }
    for (int i = 1; i < lines.size(); i++) {
      try {
        if (!(JsonReader.read(lines.get(i)) instanceof Map<?, ?> map)) {
          throw new IllegalArgumentException("no row");
        }
        R row = form.read().apply(map);
        rows.put(form.key().apply(row), row);
      } catch (IllegalArgumentException | ClassCastException e) {
        throw new DeftException(
            DeftException.USAGE, "%s, line %d: %s".formatted(file, i + 1, e.getMessage()), e);
      }
    }
  }

  /**
   * The first line of a log: the configuration that it was begun with. Empty where there is no file
   * or no such line; {@link #open} says what is wrong with it.
   */
  public static Map<?, ?> configuration(Path file) {
    if (!Files.isRegularFile(file)) {
      return Map.of();
    }
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      String header = reader.readLine();
      return header != null && JsonReader.read(header) instanceof Map<?, ?> map ? map : Map.of();
    } catch (IOException | IllegalArgumentException e) {
      return Map.of();
    }
  }

  /** Whether there is a row of this key. */
  public boolean has(String key) {
    return rows.containsKey(key);
  }

  /** Adds a finished row. */
  public void add(R row) {
    try {
      append(JsonWriter.line(form.write().apply(row)));
    } catch (IOException e) {
      throw failed(file, e);
    }
    rows.put(form.key().apply(row), row);
  }

  private void append(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
    channel.force(false);
  }

  /** All rows, in the order in which they were finished. */
  public List<R> rows() {
    return new ArrayList<>(rows.values());
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static DeftException failed(Path file, IOException e) {
    return new DeftException(
        DeftException.USAGE, "cannot write the rows to " + file + ": " + e.getMessage(), e);
  }
}
