package org.deft4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Traces in the form of {@code docs/traces.md}. */
class TraceLogTest {
  private static final String HEADER =
      """
      {"trace":1,"task":"sorting","strategy":"beam","evaluator":"checker","seed":7,"oracle":false,"model":"deft-mini","budget":{"decodeTokens":500}}
      """;
  private static final String EVENTS =
      """
      {"event":"Started","t":0,"problem":"[3, 1, 2]","seed":7}
      {"event":"Asked","t":5,"slots":8,"asks":[]}
      {"event":"Stepped","t":100000,"live":2,"decoded":0,"nodes":0,"step":1,"kvBytes":4096,"kvBytesShared":8192}
      {"event":"TokenBatch","t":150000,"samples":[[1,5],[2,6]]}
      {"event":"ThoughtAdded","t":200000,"ask":1,"tokens":[5],"thought":{"ordinal":1,"parent":0,"depth":1,"stage":"solve","text":"[1, 2, 3]","state":"answer","says":"[1, 2, 3]","sampled":9,"logProb":-1.5,"expandable":true}}
      {"event":"ThoughtAdded","t":200000,"ask":1,"tokens":[6],"thought":{"ordinal":2,"parent":0,"depth":1,"stage":"solve","text":"x","state":"dead","says":"no list","sampled":1,"logProb":null,"expandable":false}}
      {"event":"Scored","t":210000,"ask":2,"thought":1,"value":1,"solved":true,"source":"checker"}
      {"event":"Selected","t":220000,"thought":1,"answer":"[1, 2, 3]","value":1}
      {"event":"BudgetSpent","t":230000,"decodeTokens":10,"evaluatorTokens":0,"prefillTokens":30,"reusedTokens":60,"nodes":2}
      {"event":"SomethingNew","t":240000,"whatever":[]}
      {"event":"Finished","t":250000,"stopped":"solved","answer":"[1, 2, 3]","best":[0,1],"value":1,"solved":true,"error":0,"treeHash":"ab","nodes":2,"depth":1,"maxWidth":2,"steps":1,"seconds":0.25}
      """;

  @TempDir Path folder;

  private SearchLog read(String text) throws IOException {
    return TraceLog.read(Files.writeString(folder.resolve("t.jsonl"), text));
  }

  private static List<?> list(Map<?, ?> map, String name) {
    return (List<?>) Objects.requireNonNull(map.get(name));
  }

  @Test
  void readsAWholeTrace() throws IOException {
    Map<String, Object> data = read(HEADER + EVENTS).data();
    Map<?, ?> nodes = (Map<?, ?>) Objects.requireNonNull(data.get("nodes"));
    assertThat(list(nodes, "ordinal")).isEqualTo(List.of(0L, 1L, 2L));
    assertThat(list(nodes, "score").get(1)).isEqualTo(1.0);
    assertThat(list(nodes, "why").get(2)).isEqualTo("no list");
    assertThat(data.get("title")).isEqualTo("sorting by beam");
    assertThat(data.get("best")).isEqualTo(List.of(0L, 1L));
    assertThat(String.valueOf(data.get("ledger")))
        .contains("[tokens sampled, 10, 500]")
        .contains("[prompt tokens reused, 60, null]");
    Map<?, ?> steps = (Map<?, ?>) Objects.requireNonNull(data.get("steps"));
    assertThat(list(steps, "shared")).isEqualTo(List.of(8192L));
    assertThat(String.valueOf(data.get("facts")))
        .contains("[solved, yes]")
        .contains("[time, 0.25 s]");
  }

  @Test
  void aSearchThatWasKilledIsShownAsFarAsItCame() throws IOException {
    String all = HEADER + EVENTS;
    SearchLog log = read(all.substring(0, all.indexOf("\"event\":\"BudgetSpent\"") + 8));
    assertThat(log.size()).isEqualTo(3);
    assertThat(String.valueOf(log.data().get("notes"))).contains("in the middle of a line");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          ``                                                | it is empty
          hello                                             | line 1 is no JSON
          []                                                | line 1 is no object
          {}                                                | has no field "trace"
          {"trace":2}                                       | version 2; this DeFT reads 1
          {"trace":1}                                       | line 1 lacks a field
          """)
  void whatIsNoTraceIsRefused(String text, String message) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining(message)
        .hasMessageContaining("t.jsonl");
  }

  @Test
  void brokenLinesAreNamed() {
    assertThatThrownBy(() -> read(HEADER + "{\"event\":\"Scored\",\"t\":1}\n" + EVENTS))
        .hasMessageContaining("line 2 lacks a field");
    assertThatThrownBy(() -> read(HEADER + "{\n" + EVENTS))
        .hasMessageContaining("line 2 is no JSON");
    assertThatThrownBy(() -> read(HEADER)).hasMessageContaining("no Started event");
    assertThatThrownBy(() -> TraceLog.read(folder.resolve("none"))).hasMessageContaining("no file");
  }
}
