package org.deft4j.runtime.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/** A hub on this machine that can misbehave: drop connections, damage bytes, refuse. */
final class HubServer implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  private final HttpServer server;
  private final Map<String, byte[]> files = new TreeMap<>();

  /** Requests as "METHOD path range authorized". */
  final List<String> requests = new CopyOnWriteArrayList<>();

  volatile int dropAfter = -1;
  volatile int drops;
  volatile int damages;
  volatile boolean needsToken;
  volatile boolean ignoresRanges;
  volatile boolean large = true;

  HubServer() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  HubServer file(String name, byte[] content) {
    files.put(name, content);
    return this;
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void handle(HttpExchange x) throws IOException {
    String path = x.getRequestURI().getPath();
    String range = x.getRequestHeaders().getFirst("Range");
    boolean authorized = x.getRequestHeaders().getFirst("Authorization") != null;
    requests.add(x.getRequestMethod() + " " + path + " " + range + " " + authorized);
    try (x) {
      if (path.startsWith("/cdn/")) {
        send(x, path.substring(5), range);
      } else if (needsToken && !authorized) {
        x.sendResponseHeaders(401, -1);
      } else if (path.startsWith("/api/models/org/name/revision/")) {
        List<String> names = new ArrayList<>();
        files.keySet().forEach(n -> names.add("{\"rfilename\":\"" + n + "\"}"));
        byte[] b =
            ("{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + String.join(",", names) + "]}")
                .getBytes(StandardCharsets.UTF_8);
        x.sendResponseHeaders(200, b.length);
        x.getResponseBody().write(b);
      } else if (path.startsWith("/org/name/resolve/" + COMMIT + "/")) {
        resolve(x, path.substring(path.lastIndexOf('/') + 1));
      } else {
        x.sendResponseHeaders(404, -1);
      }
    }
  }

  private void resolve(HttpExchange x, String name) throws IOException {
    byte[] content = files.get(name);
    if (content == null) {
      x.sendResponseHeaders(404, -1);
      return;
    }
    x.getResponseHeaders().set("X-Repo-Commit", COMMIT);
    x.getResponseHeaders().set(large ? "X-Linked-Etag" : "ETag", "\"" + hash(content) + "\"");
    x.getResponseHeaders().set("X-Linked-Size", String.valueOf(content.length));
    // Another name of this machine stands for the server that stores large files.
    x.getResponseHeaders()
        .set("Location", "http://localhost:" + server.getAddress().getPort() + "/cdn/" + name);
    x.sendResponseHeaders(302, -1);
  }

  String hash(byte[] content) {
    try {
      if (large) {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
      }
      MessageDigest sha = MessageDigest.getInstance("SHA-1");
      sha.update(("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(sha.digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void send(HttpExchange x, String name, @org.jspecify.annotations.Nullable String range)
      throws IOException {
    byte[] content = files.getOrDefault(name, new byte[0]).clone();
    int from = 0;
    if (range != null && !ignoresRanges) {
      from = Integer.parseInt(range.substring(6, range.length() - 1));
      x.getResponseHeaders()
          .set(
              "Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
    }
    if (damages > 0) {
      damages--;
      content[content.length - 1] ^= 1;
    }
    int to = content.length;
    if (drops > 0) {
      drops--;
      to = Math.min(to, from + dropAfter);
    }
    x.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
    OutputStream out = x.getResponseBody();
    out.write(content, from, to - from);
    out.flush();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
