package org.deft4j.bench.accuracy;

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
import org.deft4j.engine.json.JsonReader;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.tree.DeftException;

/**
 * Finished rows in a file of JSON lines: the configuration first, then a row a line, each written
 * with one write and forced to disk. A line without its end, as a crash leaves it, is cut off when
 * the file is opened again.
 */
final class RowLog implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final Map<String, AccuracyRow> rows;

  private RowLog(Path file, FileChannel channel, Map<String, AccuracyRow> rows) {
    this.file = file;
    this.channel = channel;
    this.rows = rows;
  }

  /**
   * Opens a log, or begins one.
   *
   * @param configuration what decides the rows' values, as for {@link JsonWriter}
   * @throws DeftException with exit code 2 if the file is no log, or one of another configuration
   */
  static RowLog open(Path file, Map<String, ?> configuration) {
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
        Map<String, AccuracyRow> rows = new LinkedHashMap<>();
        RowLog log = new RowLog(file, channel, rows);
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
        AccuracyRow row = AccuracyRow.read(map);
        rows.put(row.key(), row);
      } catch (IllegalArgumentException | ClassCastException e) {
        throw new DeftException(
            DeftException.USAGE, "%s, line %d: %s".formatted(file, i + 1, e.getMessage()), e);
      }
    }
  }

  /** Whether there is a row of this {@linkplain AccuracyRow#key key}. */
  boolean has(String key) {
    return rows.containsKey(key);
  }

  /** Adds a finished row. */
  void add(AccuracyRow row) {
    try {
      append(JsonWriter.line(row.toMap()));
    } catch (IOException e) {
      throw failed(file, e);
    }
    rows.put(row.key(), row);
  }

  private void append(String line) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
    channel.force(false);
  }

  /** All rows, in the order in which they were finished. */
  List<AccuracyRow> rows() {
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
