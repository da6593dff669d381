package org.deft4j.cli.report;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.engine.json.JsonWriter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A headless Chromium with one page, driven by its DevTools protocol. */
final class Chromium implements AutoCloseable {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome");

  private final Process process;
  private final HttpClient client = HttpClient.newHttpClient();
  private final BlockingQueue<Map<?, ?>> answers = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> errors = new LinkedBlockingQueue<>();
  private final WebSocket socket;
  private int id;

  private Chromium(String program, Path profile) throws IOException, InterruptedException {
    process =
        new ProcessBuilder(
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--no-first-run",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "--window-size=1440,1000",
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    String browser = listening();
    HttpRequest open =
        HttpRequest.newBuilder(URI.create(browser + "/json/new?about:blank"))
            .PUT(HttpRequest.BodyPublishers.noBody())
            .build();
    String page = client.send(open, HttpResponse.BodyHandlers.ofString()).body();
    URI debugger = URI.create(text((Map<?, ?>) read(page), "webSocketDebuggerUrl"));
    socket = client.newWebSocketBuilder().buildAsync(debugger, new Ears()).join();
    send("Runtime.enable", Map.of());
    send("Page.enable", Map.of());
  }

  /** A browser; skips the calling test, saying so, where none is installed. */
  static Chromium open(Path profile) throws IOException, InterruptedException {
    Optional<String> program =
        NAMES.stream()
            .flatMap(n ->
                List.of(System.getenv().getOrDefault("PATH", "").split(":")).stream()
                    .map(folder -> Path.of(folder).resolve(n)))
            .filter(Files::isExecutable)
            .map(Path::toString)
            .findFirst();
    Assumptions.assumeTrue(
        program.isPresent(), "no Chromium on PATH (" + String.join(", ", NAMES) + ")");
    return new Chromium(program.orElseThrow(), profile);
  }

  private static Object read(String json) {
    return Objects.requireNonNull(JsonReader.read(json));
  }

  private static String text(Map<?, ?> map, String field) {
    return Objects.requireNonNull((String) map.get(field), field);
  }

  /** The address of the browser's own server, which it says on standard error. */
  private String listening() throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    String prefix = "DevTools listening on ws://";
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith(prefix)) {
        Thread.ofVirtual().start(() -> lines.lines().forEach(l -> {}));
        return "http://" + line.substring(prefix.length(), line.indexOf('/', prefix.length()));
      }
    }
    throw new IOException("Chromium ended before it listened");
  }

  /** Collects whole messages. */
  private final class Ears implements WebSocket.Listener {
    private final StringBuilder message = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
      message.append(part);
      if (last) {
        Map<?, ?> map = (Map<?, ?>) read(message.toString());
        message.setLength(0);
        if (map.containsKey("id")) {
          answers.add(map);
        } else if ("Runtime.exceptionThrown".equals(map.get("method"))) {
          errors.add(map.toString());
        }
      }
      from.request(1);
      return null;
    }
  }

  private Map<?, ?> send(String method, Map<String, ?> parameters) throws InterruptedException {
    Map<String, Object> call = new LinkedHashMap<>();
    call.put("id", ++id);
    call.put("method", method);
    call.put("params", parameters);
    socket.sendText(JsonWriter.line(call), true).join();
    Map<?, ?> answer = answers.poll(60, TimeUnit.SECONDS);
    if (answer == null || !(answer.get("result") instanceof Map<?, ?> result)) {
      throw new IllegalStateException(method + ": " + answer);
    }
    return result;
  }

  /** Opens a file and waits until its script has run. */
  void open(Path file, boolean dark) throws InterruptedException, IOException {
    send(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    send("Page.navigate", Map.of("url", file.toUri().toString()));
    for (int i = 0; i < 600 && !Boolean.TRUE.equals(run("!!window.deft")); i++) {
      Thread.sleep(50);
    }
  }

  /** The value of an expression on the page; null for undefined. */
  @Nullable Object run(String expression) throws InterruptedException {
    Map<?, ?> result =
        send(
            "Runtime.evaluate",
            Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
    if (result.get("exceptionDetails") != null) {
      throw new IllegalStateException(result.toString());
    }
    return ((Map<?, ?>) Objects.requireNonNull(result.get("result"))).get("value");
  }

  /** A text of the page. */
  String read1(String selector) throws InterruptedException {
    return String.valueOf(run("document.querySelector('" + selector + "').textContent"));
  }

  /** Clicks a point of the page as a mouse does. */
  void click(double x, double y) throws InterruptedException {
    for (String type : List.of("mouseMoved", "mousePressed", "mouseReleased")) {
      Map<String, Object> event = new LinkedHashMap<>(Map.of("type", type, "x", x, "y", y));
      if (!type.equals("mouseMoved")) {
        event.put("button", "left");
        event.put("clickCount", 1);
      }
      send("Input.dispatchMouseEvent", event);
    }
  }

  /** Exceptions of the page's script so far. */
  List<String> errors() {
    return List.copyOf(errors);
  }

  /** Writes what the page looks like. */
  void screenshot(Path png) throws InterruptedException, IOException {
    String data = text(send("Page.captureScreenshot", Map.of("format", "png")), "data");
    Files.write(png, Base64.getDecoder().decode(data));
  }

  @Override
  public void close() throws InterruptedException {
    socket.abort();
    client.shutdownNow();
    process.destroy();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }
}
