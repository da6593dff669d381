package org.deft4j.examples.remote;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.tree.decode.DecodeSpec;

/** One request to {@code /v1/completions}, whose answer comes piece by piece. */
final class Completion implements Runnable {
  private static final String DATA = "data:";

  private final HttpClient client;
  private final HttpRequest request;
  private final Consumer<Piece> heard;
  private volatile boolean cancelled;

  /** What comes. */
  sealed interface Piece {
    /** More text. */
    record Text(String text) implements Piece {}

    /** The end: whether the model ended by itself, or there was no more room. */
    record End(boolean byItself) implements Piece {}

    /** There will be no more, and why. */
    record Failed(String why) implements Piece {}
  }

  /**
   * A request, which {@link #run} sends.
   *
   * @param heard called on the thread that runs it
   */
  Completion(
      HttpClient client,
      URI server,
      String model,
      String prompt,
      DecodeSpec spec,
      Consumer<Piece> heard) {
    this.client = client;
    this.heard = heard;
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("model", model);
    body.put("prompt", prompt);
    body.put("stream", true);
    // A token is a byte at least, so that this is enough; what is too much is cut off here.
    body.put("max_tokens", spec.maxTokens());
    body.put("temperature", spec.temperature());
    body.put("top_p", spec.topP());
    // The same draws for the same branch of the same search, if the server keeps its word.
    body.put("seed", Math.floorMod(spec.seed() * 1_000_003 + spec.stream(), Integer.MAX_VALUE));
    this.request =
        HttpRequest.newBuilder(server.resolve("/v1/completions"))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(JsonWriter.line(body)))
            .build();
  }

  /** Ends it early; nothing more is heard. */
  void cancel() {
    cancelled = true;
  }

  @Override
  public void run() {
    try {
      HttpResponse<Stream<String>> answer =
          client.send(request, HttpResponse.BodyHandlers.ofLines());
      try (Stream<String> lines = answer.body()) {
        if (answer.statusCode() != 200) {
          tell(
              new Piece.Failed(
                  "HTTP status "
                      + answer.statusCode()
                      + " "
                      + lines.collect(Collectors.joining(" "))));
          return;
        }
        boolean ended = false;
        for (String line : (Iterable<String>) lines::iterator) {
          if (cancelled) {
            return;
          }
          ended |= line.startsWith(DATA) && read(line.substring(DATA.length()).strip());
        }
        if (!ended) {
          tell(new Piece.Failed("the answer broke off"));
        }
      }
    } catch (IOException | IllegalArgumentException | ClassCastException e) {
      tell(new Piece.Failed(String.valueOf(e.getMessage())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      tell(new Piece.Failed("interrupted"));
    }
  }

  /** Reads one event and says whether it was the end. */
  private boolean read(String data) {
    if (data.isEmpty() || data.equals("[DONE]")) {
      return false;
    }
    Map<?, ?> event = (Map<?, ?>) JsonReader.read(data);
    if (event == null || !(event.get("choices") instanceof List<?> choices) || choices.isEmpty()) {
      return false;
    }
    Map<?, ?> choice = (Map<?, ?>) choices.getFirst();
    if (choice.get("text") instanceof String text && !text.isEmpty()) {
      tell(new Piece.Text(text));
    }
    if (choice.get("finish_reason") instanceof String reason) {
      tell(new Piece.End(reason.equals("stop")));
      return true;
    }
    return false;
  }

  private void tell(Piece piece) {
    if (!cancelled) {
      heard.accept(piece);
    }
  }
}
