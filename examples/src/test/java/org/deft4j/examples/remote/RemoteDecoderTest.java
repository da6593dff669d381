package org.deft4j.examples.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a small server of this process that streams as OpenAI-compatible ones do. */
@Timeout(60)
class RemoteDecoderTest {
  private final BlockingQueue<Map<?, ?>> requests = new LinkedBlockingQueue<>();
  private final ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor();
  private HttpServer server = serve();

  /** What the server writes to a request: pieces of text, and why it ends; null breaks off. */
  private Function<Map<?, ?>, List<String>> model = r -> List.of("", "stop");

  private static HttpServer serve() {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @BeforeEach
  void start() {
    server.setExecutor(pool);
    server.createContext("/v1/completions", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    pool.shutdownNow();
  }

  private URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void answer(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    Map<?, ?> request = (Map<?, ?>) Objects.requireNonNull(JsonReader.read(body));
    requests.add(request);
    List<String> pieces = model.apply(request);
    if (pieces.getFirst().equals("503")) {
      byte[] text = "busy loading".getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(503, text.length);
      exchange.getResponseBody().write(text);
      exchange.close();
      return;
    }
    exchange.getResponseHeaders().add("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      for (String piece : pieces.subList(0, pieces.size() - 1)) {
        out.write(event(Map.of("text", piece)));
        out.flush();
      }
      if (!pieces.getLast().equals("breaks off")) {
        out.write(event(Map.of("text", "", "finish_reason", pieces.getLast())));
        out.write("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  private static byte[] event(Map<String, ?> choice) {
    String line = "data: " + JsonWriter.line(Map.of("choices", List.of(choice))) + "\n\n";
    return line.getBytes(StandardCharsets.UTF_8);
  }

  private static List<DecodeEvent> drain(RemoteDecoder decoder) {
    List<DecodeEvent> events = new ArrayList<>();
    while (decoder.busy()) {
      decoder.step(events::add);
    }
    return events;
  }

  private static FinishReason reason(List<DecodeEvent> events) {
    return ((DecodeEvent.Finished) events.getLast()).reason();
  }

  private RemoteDecoder decoder() {
    return new RemoteDecoder(uri(), "some-model", 4, 1000);
  }

  private static DecodeSpec.Builder spec(int maxTokens) {
    return DecodeSpec.of(maxTokens).temperature(.5f);
  }

  @Test
  void aBranchSendsItsWholePathAndTakesWhatComes() throws InterruptedException {
    model = r -> List.of("Zü", "rich", "stop");
    try (RemoteDecoder decoder = decoder()) {
      NodeId root = decoder.root(decoder.codec().encode("From Bern"));
      NodeId leaf = decoder.fork(root, 5, 1).getFirst();
      decoder.extend(leaf, decoder.codec().encode("to "), false);
      drain(decoder);
      decoder.decode(leaf, spec(100).seed(7, 3).build());
      List<DecodeEvent> events = drain(decoder);
      assertThat(decoder.codec().decode(decoder.tokens(leaf))).isEqualTo("to Zürich");
      assertThat(reason(events)).isEqualTo(FinishReason.STOP_TOKEN);
      // A byte each, and the end.
      assertThat(events).hasSize(7 + 1 + 1);
      assertThat(((DecodeEvent.Sampled) events.getFirst()).position()).isEqualTo(8);
      Map<?, ?> request = requests.take();
      assertThat(request.get("prompt")).isEqualTo("From to ");
      assertThat(request.get("model")).isEqualTo("some-model");
      assertThat(request.get("max_tokens")).isEqualTo(100L);
      assertThat(request.get("temperature")).isEqualTo(.5);
      assertThat(request.get("stream")).isEqualTo(true);
      // What one branch wrote is no part of another.
      NodeId other = decoder.fork(root, 1).getFirst();
      decoder.decode(other, spec(100).seed(7, 4).build());
      drain(decoder);
      Map<?, ?> second = requests.take();
      assertThat(second.get("prompt")).isEqualTo("From Bern");
      assertThat(second.get("seed")).isNotEqualTo(request.get("seed"));
    }
  }

  @Test
  void stopsAndLimitsCutInTheMiddleOfAPiece() {
    model = r -> List.of("one\ntwo\n", "three", "stop");
    try (RemoteDecoder decoder = decoder()) {
      NodeId root = decoder.root(decoder.codec().encode("x\n"));
      NodeId stop = decoder.fork(root, 1).getFirst();
      decoder.decode(stop, spec(100).stopStrings(List.of("\n")).build());
      assertThat(reason(drain(decoder))).isEqualTo(FinishReason.STOP_STRING);
      assertThat(decoder.codec().decode(decoder.tokens(stop)))
          .as("the prompt's own line break is none of the answer")
          .isEqualTo("one\n");
      NodeId limit = decoder.fork(root, 1).getFirst();
      decoder.decode(limit, spec(6).build());
      assertThat(reason(drain(decoder))).isEqualTo(FinishReason.MAX_TOKENS);
      assertThat(decoder.codec().decode(decoder.tokens(limit))).isEqualTo("one\ntw");
      model = r -> List.of("a", "length");
      NodeId shorter = decoder.fork(root, 1).getFirst();
      decoder.decode(shorter, spec(6).build());
      assertThat(reason(drain(decoder))).isEqualTo(FinishReason.MAX_TOKENS);
    }
  }

  @Test
  void failuresOfTheServerAreOneLine() {
    for (List<String> pieces : List.of(List.of("503", ""), List.of("half", "breaks off"))) {
      model = r -> pieces;
      try (RemoteDecoder decoder = decoder()) {
        decoder.decode(decoder.root(new int[] {65}), spec(9).build());
        assertThatThrownBy(() -> drain(decoder))
            .isInstanceOf(DeftException.class)
            .hasMessageContaining(uri().toString())
            .hasMessageContaining(pieces.getFirst().equals("503") ? "503" : "broke off")
            .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
      }
    }
    server.stop(0);
    try (RemoteDecoder decoder = decoder()) {
      decoder.decode(decoder.root(new int[] {65}), spec(9).build());
      assertThatThrownBy(() -> drain(decoder)).isInstanceOf(DeftException.class);
    }
  }

  @Test
  void cancelledAndReleasedBranchesAreHeardNoMore() {
    model = r -> List.of("text", "stop");
    try (RemoteDecoder decoder = decoder()) {
      NodeId root = decoder.root(new int[] {65});
      NodeId cancelled = decoder.fork(root, 1).getFirst();
      NodeId released = decoder.fork(root, 1).getFirst();
      NodeId kept = decoder.fork(root, 1).getFirst();
      for (NodeId leaf : List.of(cancelled, released, kept)) {
        decoder.decode(leaf, spec(9).build());
        assertThatThrownBy(() -> decoder.decode(leaf, spec(9).build()))
            .isInstanceOf(IllegalStateException.class);
      }
      decoder.cancel(cancelled);
      decoder.release(released);
      List<DecodeEvent> events = drain(decoder);
      assertThat(events).filteredOn(e -> e.node().equals(released)).isEmpty();
      assertThat(events)
          .filteredOn(e -> e.node().equals(cancelled))
          .containsExactly(
              new DecodeEvent.Finished(cancelled, FinishReason.CANCELLED, 0, Double.NaN));
      assertThat(decoder.codec().decode(decoder.tokens(kept))).isEqualTo("text");
      assertThatThrownBy(() -> decoder.length(released))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void whatItLacksIsRefusedWithAReason() {
    try (Deft deft = new Deft(new DeftModule(DeftOptions.of("any")).registry(), decoder())) {
      assertThatThrownBy(() -> deft.search("prompt").problem("Why?").evaluator("judge").run())
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("gives no probabilities");
    }
  }

  @Test
  void aSearchRunsOnIt() {
    // Every third branch has the right answer; all begin with the same shared prompt.
    model =
        r ->
            ((Number) Objects.requireNonNull(r.get("seed"))).longValue() % 3 == 0
                ? List.of(" (10 - 4) *", " (13 - 9) = 24\n", "stop")
                : List.of(" 4 + 9 + 10 + 13 = 36\n", "stop");
    SearchResult result = RemoteModel.run(uri(), "some-model");
    assertThat(result.solved()).as("%s", result.thoughts()).isTrue();
    assertThat(requests)
        .hasSizeBetween(1, 8)
        .allMatch(r -> ((String) Objects.requireNonNull(r.get("prompt"))).contains("4 9 10 13"));
  }
}
