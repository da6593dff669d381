package org.deft4j.runtime.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlightEventsTest {
  @TempDir Path temp = Path.of("");

  @Test
  void theRecorderHearsEveryEventUnderItsName() throws IOException {
    List<SearchEvent> heard = new ArrayList<>();
    Path file = temp.resolve("search.jfr");
    try (Recording recording = new Recording();
        ScriptedDecoder decoder = LetterProblem.decoder(1)) {
      recording.start();
      new SearchDriver(decoder)
          .run(
              SearchRequest.of(new LetterProblem(3, 2, "aabbcc", true), new TotBfs())
                  .withEvaluator(new Checker())
                  .withListener(FlightEvents.listener().andThen(heard::add)));
      recording.stop();
      recording.dump(file);
    }
    TreeMap<String, Integer> expected = new TreeMap<>();
    heard.forEach(e -> expected.merge("deft." + EventJson.name(e), 1, Integer::sum));
    TreeMap<String, Integer> recorded = new TreeMap<>();
    long added = 0;
    for (RecordedEvent e : RecordingFile.readAllEvents(file)) {
      String name = e.getEventType().getName();
      if (name.startsWith("deft.")) {
        recorded.merge(name, 1, Integer::sum);
        added += name.equals("deft.Closed") ? e.getLong("results") : 0;
      }
    }
    assertThat(recorded).isEqualTo(expected);
    long results =
        heard.stream()
            .filter(e -> e instanceof SearchEvent.Closed)
            .mapToLong(e -> ((SearchEvent.Closed) e).results())
            .sum();
    assertThat(added).isEqualTo(results);
  }
}
