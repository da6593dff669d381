package org.deft4j.bench.eval;

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
import java.util.OptionalLong;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.tree.DeftException;

/**
 * Finished rows as JSON lines, the setting first. A line without its end is cut off when the log is
 * opened again; a log of another setting is refused.
 */
final class EvalLog implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final Map<String, EvalRow> rows = new LinkedHashMap<>();

  private EvalLog(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  static EvalLog open(Path file, Map<String, ?> setting) {
    String header = JsonWriter.line(setting);
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      EvalLog log = new EvalLog(file, channel);
      try {
        if (channel.tryLock() == null) {
          throw new DeftException(
              DeftException.USAGE, file + " is being written by another process");
        }
        byte[] bytes = Files.readAllBytes(file);
        int end = bytes.length;
        while (end > 0 && bytes[end - 1] != '\n') {
          end--;
        }
        channel.truncate(end);
        channel.position(end);
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

  private void load(String text, String header) {
    List<String> lines = text.lines().toList();
    if (!lines.getFirst().equals(header)) {
      throw new DeftException(
          DeftException.USAGE,
          "%s holds rows of another setting; use another --out, or delete it (its own: %s; this: %s)"
              .formatted(file, lines.getFirst(), header));
    }
    for (int i = 1; i < lines.size(); i++) {
      try {
        if (!(JsonReader.read(lines.get(i)) instanceof Map<?, ?> map)) {
          throw new IllegalArgumentException("no row");
        }
        EvalRow row = EvalRow.read(map);
        rows.put(row.key(), row);
      } catch (IllegalArgumentException | ClassCastException e) {
        throw new DeftException(
            DeftException.USAGE, "%s, line %d: %s".formatted(file, i + 1, e.getMessage()), e);
      }
    }
  }

  /** The unit in a log's setting, if the file is one. */
  static OptionalLong unit(Path file) {
    if (!Files.isRegularFile(file)) {
      return OptionalLong.empty();
    }
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      String header = reader.readLine();
      return header != null
              && JsonReader.read(header) instanceof Map<?, ?> map
              && map.get("unit") instanceof Number n
          ? OptionalLong.of(n.longValue())
          : OptionalLong.empty();
    } catch (IOException | IllegalArgumentException e) {
      // Opening it to write says what is wrong with it.
      return OptionalLong.empty();
    }
  }

  boolean has(String key) {
    return rows.containsKey(key);
  }

  void add(EvalRow row) {
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
  }

  List<EvalRow> rows() {
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
