package org.deft4j.runtime.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Brings one file whole: resumes where a connection broke, checks size and hash, and gives the file
 * its name only then.
 */
final class Download {
  private static final int BUFFER = 1 << 16;
  private static final int MAX_REDIRECTS = 5;
  private static final long NOTICE_NANOS = 200_000_000;

  private final HttpClient client;
  private final HubSettings settings;
  private final Duration pause;
  private final int attempts;

  /**
   * A way to download.
   *
   * @param attempts how often a file is tried
   * @param pause between the first two attempts; doubles
   */
  Download(HubSettings settings, int attempts, Duration pause) {
    this.settings = settings;
    this.attempts = attempts;
    this.pause = pause;
    client =
        HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofSeconds(20))
            .build();
  }

  /** What the hub says of a file: its hash (git's SHA-1 or SHA-256), size and commit. */
  record Info(String hash, long size, String commit) {}

  /** An answer that is no success. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;

    final int status;

    Refused(int status, URI uri) {
      super("the hub answers " + status + " for " + uri);
      this.status = status;
    }
  }

  private HttpRequest.Builder request(URI uri) {
    HttpRequest.Builder b =
        HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(60)).header("User-Agent", "deft");
    // A redirect leads to servers that are to see nothing of the token.
    if (same(uri, settings.endpoint())) {
      settings.token().ifPresent(t -> b.header("Authorization", "Bearer " + t));
    }
    return b;
  }

  private static boolean same(URI a, URI b) {
    return java.util.Objects.equals(a.getHost(), b.getHost())
        && a.getPort() == b.getPort()
        && java.util.Objects.equals(a.getScheme(), b.getScheme());
  }

  private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler)
      throws IOException {
    try {
      return client.send(request, handler);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeftException(DeftException.RUNTIME, "the download was interrupted", e);
    }
  }

  /** A short text. */
  String text(URI uri) throws IOException {
    HttpResponse<InputStream> r =
        send(request(uri).GET().build(), HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream in = r.body()) {
      if (r.statusCode() != 200) {
        throw new Refused(r.statusCode(), uri);
      }
      byte[] b = in.readNBytes(32 << 20);
      return new String(b, java.nio.charset.StandardCharsets.UTF_8);
    }
  }

  Info info(URI uri) throws IOException {
    HttpResponse<Void> r =
        send(
            request(uri).method("HEAD", HttpRequest.BodyPublishers.noBody()).build(),
            HttpResponse.BodyHandlers.discarding());
    // Files in large storage are redirected; what the hub says of them stands in its own answer.
    if (r.statusCode() >= 400) {
      throw new Refused(r.statusCode(), uri);
    }
    String tag =
        r.headers().firstValue("X-Linked-Etag").or(() -> r.headers().firstValue("ETag")).orElse("");
    String hash = tag.replace("W/", "").replace("\"", "");
    Optional<String> size =
        r.headers().firstValue("X-Linked-Size").or(() -> r.headers().firstValue("Content-Length"));
    String commit = r.headers().firstValue("X-Repo-Commit").orElse("");
    if (!hash.matches("[0-9a-f]{40}|[0-9a-f]{64}")
        || !commit.matches("[0-9a-f]{40}")
        || size.isEmpty()
        || !size.get().matches("\\d{1,15}")) {
      throw new IOException("the hub says neither hash, size nor commit of " + uri);
    }
    return new Info(hash, Long.parseLong(size.get()), commit);
  }

  /** Brings a file to its place. */
  void fetch(URI uri, Info info, Path blob, String name, HubListener listener) throws IOException {
    Path part = blob.resolveSibling(blob.getFileName() + ".incomplete");
    IOException last = null;
    for (int i = 0; i < attempts; i++) {
      if (i > 0) {
        sleep(pause.multipliedBy(1L << Math.min(i - 1, 6)));
      }
      try {
        transfer(uri, info, part, name, listener);
        if (!matches(part, info)) {
          Files.delete(part);
          throw new IOException(name + " arrived damaged (its hash differs)");
        }
        Files.move(part, blob, StandardCopyOption.ATOMIC_MOVE);
        return;
      } catch (Refused e) {
        if (e.status < 500 && e.status != 429 && e.status != 416) {
          throw e;
        }
        last = e;
      } catch (IOException e) {
        last = e;
      }
    }
    throw last == null ? new IOException("no attempt was made") : last;
  }

  private static void sleep(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeftException(DeftException.RUNTIME, "the download was interrupted", e);
    }
  }

  private void transfer(URI uri, Info info, Path part, String name, HubListener listener)
      throws IOException {
    long have = Files.exists(part) ? Files.size(part) : 0;
    if (have > info.size) {
      Files.delete(part);
      have = 0;
    }
    if (have == info.size && have > 0) {
      return;
    }
    HttpResponse<InputStream> r = get(uri, have);
    try (InputStream in = r.body()) {
      boolean resumed = r.statusCode() == 206;
      if (resumed && !begins(r, have)) {
        throw new IOException("the hub resumes " + name + " at another place");
      }
      if (!resumed && r.statusCode() != 200) {
        if (r.statusCode() == 416) {
          Files.deleteIfExists(part);
        }
        throw new Refused(r.statusCode(), uri);
      }
      write(in, part, resumed ? have : 0, info.size, name, listener);
    }
    if (Files.size(part) != info.size) {
      throw new IOException(
          "the connection broke after " + Files.size(part) + " of " + info.size + " bytes");
    }
  }

  private static boolean begins(HttpResponse<?> r, long at) {
    return r.headers().firstValue("Content-Range").orElse("").startsWith("bytes " + at + "-");
  }

  private HttpResponse<InputStream> get(URI start, long from) throws IOException {
    URI uri = start;
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      HttpRequest.Builder b = request(uri).GET();
      if (from > 0) {
        b.header("Range", "bytes=" + from + "-");
      }
      HttpResponse<InputStream> r = send(b.build(), HttpResponse.BodyHandlers.ofInputStream());
      @Nullable String next = r.headers().firstValue("Location").orElse(null);
      if (r.statusCode() < 300 || r.statusCode() >= 400 || next == null) {
        return r;
      }
      r.body().close();
      uri = uri.resolve(next);
      if (!"https".equals(uri.getScheme()) && "https".equals(start.getScheme())) {
        throw new IOException("a redirect leaves https: " + uri);
      }
    }
    throw new IOException("too many redirects of " + start);
  }

  private static void write(
      InputStream in, Path part, long from, long size, String name, HubListener listener)
      throws IOException {
    byte[] buffer = new byte[BUFFER];
    long done = from;
    long told = System.nanoTime();
    try (FileChannel out =
        FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      out.truncate(from).position(from);
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        ByteBuffer b = ByteBuffer.wrap(buffer, 0, n);
        while (b.hasRemaining()) {
          out.write(b);
        }
        done += n;
        if (done > size) {
          throw new IOException(name + " is longer than the hub said");
        }
        if (System.nanoTime() - told > NOTICE_NANOS) {
          told = System.nanoTime();
          listener.progress(name, done, size);
        }
      }
      listener.progress(name, done, size);
    }
  }

  /** Whether a file has the hash: SHA-256, or git's SHA-1 over a header and the content. */
  static boolean matches(Path file, Info info) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance(info.hash.length() == 64 ? "SHA-256" : "SHA-1");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    if (info.hash.length() == 40) {
      digest.update(
          ("blob " + Files.size(file) + "\0").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest()).equals(info.hash);
  }
}
