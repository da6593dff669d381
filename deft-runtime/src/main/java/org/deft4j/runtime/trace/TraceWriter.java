package org.deft4j.runtime.trace;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.event.SearchListener;
import org.deft4j.tree.DeftException;

/**
 * Writes a trace: a line for each event, with one write each. What was written survives the death
 * of the process; after the death of the machine a tail may be missing, which a reader takes like
 * any other torn end.
 *
 * <p>A disk that fails ends the search with an {@link UncheckedIOException}: a trace with a hole
 * could not be gone on with.
 */
public final class TraceWriter implements SearchListener, AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final LongSupplier nanoClock;
  private final long began;

  private TraceWriter(Path file, FileChannel channel, LongSupplier nanoClock, long elapsed) {
    this.file = file;
    this.channel = channel;
    this.nanoClock = nanoClock;
    this.began = nanoClock.getAsLong() - elapsed;
  }

  /**
   * Begins a trace; a file of that name is replaced.
   *
   * @throws DeftException with exit code 2 if the file cannot be written
   */
  public static TraceWriter create(Path file, TraceHeader header) {
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      lock(file, channel);
      channel.truncate(0);
      TraceWriter writer = new TraceWriter(file, channel, System::nanoTime, 0);
      writer.append(header.toMap());
      return writer;
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /**
   * Goes on with a trace after what was read of it; a torn line at its end is cut off.
   *
   * @throws DeftException with exit code 2 if the file cannot be written, or another process is
   *     writing it
   */
  public static TraceWriter append(Path file, Trace trace) {
    try {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
      lock(file, channel);
      channel.truncate(trace.bytes());
      channel.position(trace.bytes());
      return new TraceWriter(file, channel, System::nanoTime, trace.recording().nanos());
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static void lock(Path file, FileChannel channel) throws IOException {
    boolean free = false;
    try {
      free = channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      throw new IOException("this process is writing it already", e);
    } finally {
      if (!free) {
        channel.close();
      }
    }
    if (!free) {
      throw new IOException("another process is writing it");
    }
  }

  /**
   * Notes that the search goes on from an earlier event with other limits.
   *
   * @param events how many of its events stay
   * @param budget the limits from now on
   */
  public void rewind(int events, SearchBudget budget) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("event", "Rewound");
    map.put("t", micros());
    map.put("events", events);
    map.put("budget", BudgetJson.write(budget));
    write(map);
  }

  @Override
  public void on(SearchEvent event) {
    write(EventJson.write(event, micros()));
  }

  private long micros() {
    return (nanoClock.getAsLong() - began) / 1000;
  }

  private void write(Map<String, Object> map) {
    try {
      append(map);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the trace " + file, e);
    }
  }

  private void append(Map<String, Object> map) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.wrap((JsonWriter.line(map) + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
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
        DeftException.USAGE, "cannot write the trace " + file + ": " + e.getMessage(), e);
  }
}
