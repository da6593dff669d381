package org.deft4j.runtime.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.Recording;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StrategyReplay;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Traces cut at any byte, as the death of a process leaves them. */
class KillTest {
  @TempDir Path temp = Path.of("");

  static List<Integer> kills() {
    return IntStream.range(0, 100).boxed().toList();
  }

  private static SearchResult run(SearchRequest request, TraceWriter writer, int width) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(request.seed());
        writer) {
      return new SearchDriver(decoder, width, System::nanoTime).run(request.withListener(writer));
    }
  }

  @ParameterizedTest
  @MethodSource("kills")
  void aSearchEndsAsIfItHadNotBeenKilled(int kill) throws IOException {
    int kind = kill % LetterSearches.KINDS;
    Random random = new Random(kill);
    Path file = temp.resolve("trace.jsonl");
    SearchResult whole =
        run(
            LetterSearches.request(kind),
            TraceWriter.create(file, LetterSearches.header(kind)),
            64);
    byte[] bytes = Files.readAllBytes(file);
    int header = new String(bytes, StandardCharsets.UTF_8).indexOf('\n') + 1;
    // Killed up to five times, each time somewhere in what there is by then.
    for (int i = 0; i < 1 + kill % 5; i++) {
      bytes = Files.readAllBytes(file);
      int cut = header + random.nextInt(bytes.length - header);
      Files.write(file, Arrays.copyOf(bytes, cut));
      Trace trace = Trace.read(file);
      SearchRequest rest = LetterSearches.request(kind).after(trace.recording());
      SearchResult result = run(rest, TraceWriter.append(file, trace), 1 + random.nextInt(9));
      assertThat(result.treeHash()).isEqualTo(whole.treeHash());
      assertThat(result.best()).isEqualTo(whole.best());
      assertThat(result.stopped()).isEqualTo(whole.stopped());
      assertThat(result.tokens().decoded()).isEqualTo(whole.tokens().decoded());
    }
    Trace last = Trace.read(file);
    assertThat(last.treeHash()).isEqualTo(whole.treeHash());
    assertThat(last.recording().stopped()).contains(whole.stopped());
    // And the patched trace replays without a decoder.
    StrategyReplay replay =
        StrategyReplay.of(
            LetterSearches.strategy(kind),
            last.context().orElseThrow(),
            last.recording().events(),
            true);
    assertThat(replay.treeHash()).isEqualTo(whole.treeHash());
  }

  @Test
  void aTraceSaysWhatTheListenerHeard() throws IOException {
    for (int kind = 0; kind < LetterSearches.KINDS; kind++) {
      Path file = temp.resolve(kind + ".jsonl");
      List<SearchEvent> heard = new java.util.ArrayList<>();
      try (ScriptedDecoder decoder = LetterProblem.decoder(kind);
          TraceWriter writer = TraceWriter.create(file, LetterSearches.header(kind))) {
        new SearchDriver(decoder)
            .run(LetterSearches.request(kind).ordered(0).withListener(writer.andThen(heard::add)));
      }
      heard.removeIf(e ->
          e instanceof SearchEvent.Started
              || e instanceof SearchEvent.Finished
              || e instanceof SearchEvent.Selected);
      Trace trace = Trace.read(file);
      assertThat(trace.recording().events()).isEqualTo(heard);
      assertThat(trace.header()).isEqualTo(LetterSearches.header(kind));
      StrategyReplay replay =
          StrategyReplay.of(
              LetterSearches.strategy(kind),
              trace.context().orElseThrow(),
              trace.recording().events(),
              false);
      assertThat(replay.treeHash()).isEqualTo(trace.treeHash());
      assertThat(replay.best().flatMap(t -> t.answer())).isEqualTo(trace.answer());
    }
  }

  @Test
  void aSearchGoesOnWithMoreBudget() {
    Path file = temp.resolve("more.jsonl");
    run(LetterSearches.request(0), TraceWriter.create(file, LetterSearches.header(0)), 64);
    SearchBudget larger = SearchBudget.UNLIMITED.withDecodeTokens(400);
    SearchResult large;
    try (ScriptedDecoder decoder = LetterProblem.decoder(0)) {
      large = new SearchDriver(decoder).run(LetterSearches.request(0).withBudget(larger));
    }
    Trace trace = Trace.read(file);
    Recording recording = trace.recording().beforeLimits();
    TraceWriter writer = TraceWriter.append(file, trace);
    writer.rewind(recording.events().size(), larger);
    SearchResult rest =
        run(LetterSearches.request(0).withBudget(larger).after(recording), writer, 64);
    assertThat(rest.treeHash()).isEqualTo(large.treeHash());
    Trace again = Trace.read(file);
    assertThat(again.budget()).isEqualTo(larger);
    assertThat(again.treeHash()).isEqualTo(large.treeHash());
  }

  @Test
  void whatIsNoTraceIsRefusedWithItsLine() throws IOException {
    Path file = temp.resolve("bad.jsonl");
    for (String text : List.of("", "{\"trace\":1", "{}\n", "[]\n", "{\"trace\":99}\n", "x\n")) {
      Files.writeString(file, text);
      assertThatThrownBy(() -> Trace.read(file))
          .isInstanceOfSatisfying(
              DeftException.class, e -> assertThat(e.exitCode()).isEqualTo(DeftException.USAGE))
          .hasMessageContaining("bad.jsonl");
    }
    run(LetterSearches.request(2), TraceWriter.create(file, LetterSearches.header(2)), 64);
    List<String> lines = Files.readAllLines(file);
    lines.set(4, lines.get(4).replaceFirst(":", ";"));
    Files.write(file, lines);
    assertThatThrownBy(() -> Trace.read(file)).hasMessageContaining("line 5");
  }
}
