package org.deft4j.runtime.trace;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;

/**
 * A process that searches, slowly, and may be killed: begins a trace or goes on with the one that
 * there is. Arguments: the kind of search, the trace, nanoseconds to wait after each event. Prints
 * a line when the search begins.
 */
final class KilledProcess {
  private KilledProcess() {}

  public static void main(String[] args) {
    int kind = Integer.parseInt(args[0]);
    Path file = Path.of(args[1]);
    long pause = Long.parseLong(args[2]);
    SearchRequest request = LetterSearches.request(kind);
    TraceWriter writer;
    if (Files.exists(file)) {
      Trace trace = Trace.read(file);
      request = request.after(trace.recording());
      writer = TraceWriter.append(file, trace);
    } else {
      writer = TraceWriter.create(file, LetterSearches.header(kind));
    }
    System.out.println("begins");
    try (ScriptedDecoder decoder = LetterProblem.decoder(request.seed());
        writer) {
      new SearchDriver(decoder, 1 + (int) (System.nanoTime() % 9), System::nanoTime)
          .run(
              request.withListener(
                  writer.andThen(e -> {
                    long end = System.nanoTime() + pause;
                    for (long left = pause; left > 0; left = end - System.nanoTime()) {
                      LockSupport.parkNanos(left);
                    }
                  })));
    }
  }
}
