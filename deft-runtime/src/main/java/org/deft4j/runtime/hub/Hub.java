package org.deft4j.runtime.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.deft4j.engine.json.JsonObject;
import org.deft4j.tree.DeftException;

/**
 * Finds models in the hub's cache, and downloads what is missing there.
 *
 * <p>The cache is laid out as huggingface_hub does: {@code models--org--name} with {@code blobs} by
 * hash, {@code snapshots} by commit and {@code refs} by revision, so that what either tool has
 * brought serves both.
 */
public final class Hub {
  private static final Set<String> TEXTS =
      Set.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer.model",
          "tokenizer_config.json",
          "chat_template.jinja",
          "model.safetensors.index.json");

  private final HubSettings settings;
  private final HubListener listener;
  private final Download download;

  /** A hub. */
  public Hub(HubSettings settings, HubListener listener) {
    this(settings, listener, 6, Duration.ofSeconds(1));
  }

  Hub(HubSettings settings, HubListener listener, int attempts, Duration pause) {
    this.settings = settings;
    this.listener = listener;
    download = new Download(settings, attempts, pause);
  }

  /**
   * The model's folder, or its GGUF file, on this machine; downloaded if need be.
   *
   * @throws DeftException {@code MODEL_NOT_FOUND} if there is no such model or it cannot be had,
   *     saying why and what to do
   */
  public Path resolve(HubModel model) {
    if (settings.offline()) {
      return cached(model)
          .orElseThrow(() ->
              missing(model, "it is not in the cache, and HF_HUB_OFFLINE forbids downloads", null));
    }
    try {
      return fetch(model);
    } catch (Download.Refused e) {
      throw missing(model, reason(e), e);
    } catch (IOException e) {
      // Without a network what is cached is as good as it was.
      return cached(model)
          .orElseThrow(() -> missing(model, "cannot be downloaded: " + describe(e), e));
    }
  }

  private static String describe(IOException e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  private String reason(Download.Refused e) {
    return switch (e.status) {
      case 401, 403 ->
          settings.token().isPresent()
              ? "the hub refuses the token ("
                  + e.status
                  + "); has the model's licence been accepted?"
              : "the hub asks for a token (" + e.status + "); set HF_TOKEN";
      case 404 -> "the hub has no such model, revision or file";
      default -> String.valueOf(e.getMessage());
    };
  }

  private static DeftException missing(
      HubModel model, String why, @org.jspecify.annotations.Nullable Exception cause) {
    String message = "model " + model + ": " + why;
    return cause == null
        ? new DeftException(DeftException.MODEL_NOT_FOUND, message)
        : new DeftException(DeftException.MODEL_NOT_FOUND, message, cause);
  }

  private Path folder(HubModel model) {
    return settings.cache().resolve(model.folder());
  }

  /** What the cache has of a revision. */
  private Optional<Path> cached(HubModel model) {
    try {
      String commit = model.revision();
      Path ref = folder(model).resolve("refs").resolve(model.revision());
      if (Files.isRegularFile(ref)) {
        commit = Files.readString(ref).strip();
      }
      Path snapshot = folder(model).resolve("snapshots").resolve(commit);
      if (!commit.matches("[0-9a-f]{40}") || !Files.isDirectory(snapshot)) {
        return Optional.empty();
      }
      List<String> names;
      try (var files = Files.list(snapshot)) {
        names = files.map(f -> f.getFileName().toString()).sorted().toList();
      }
      return Optional.of(entrance(model, snapshot, choose(model, names)));
    } catch (IOException e) {
      throw missing(model, "the cache cannot be read: " + describe(e), e);
    }
  }

  private Path fetch(HubModel model) throws IOException {
    URI api = uri("api/models/" + model.repository() + "/revision/" + model.revision());
    JsonObject about =
        JsonObject.read(
            download.text(api), what -> missing(model, "the hub's answer: " + what, null));
    String commit = about.string("sha");
    if (!commit.matches("[0-9a-f]{40}")) {
      throw new IOException("the hub names the commit '" + commit + "'");
    }
    List<String> names = new ArrayList<>();
    for (JsonObject o : about.objects("siblings")) {
      names.add(o.string("rfilename"));
    }
    List<String> chosen = choose(model, names);
    Path snapshot = folder(model).resolve("snapshots").resolve(commit);
    Files.createDirectories(snapshot);
    for (String name : chosen) {
      if (!Files.exists(snapshot.resolve(name))) {
        bring(model, commit, name, snapshot);
      }
    }
    if (!commit.equals(model.revision())) {
      Path ref = folder(model).resolve("refs").resolve(model.revision());
      Files.createDirectories(ref.getParent());
      Files.writeString(ref, commit);
    }
    return entrance(model, snapshot, chosen);
  }

  private URI uri(String path) {
    String base = settings.endpoint().toString();
    return URI.create(base + (base.endsWith("/") ? "" : "/") + path);
  }

  /** The files that make the model. */
  private static List<String> choose(HubModel model, List<String> names) {
    List<String> plain = names.stream().filter(n -> n.matches("[A-Za-z0-9._-]+")).toList();
    List<String> gguf = plain.stream().filter(n -> n.endsWith(".gguf")).toList();
    if (model.file().isPresent()) {
      String wanted = model.file().get();
      if (!gguf.contains(wanted)) {
        throw missing(
            model, "it has no file " + wanted + "; it has: " + String.join(", ", gguf), null);
      }
      return split(wanted, gguf);
    }
    boolean safetensors = plain.stream().anyMatch(n -> n.endsWith(".safetensors"));
    if (plain.contains("config.json") && safetensors) {
      return plain.stream()
          .filter(n ->
              TEXTS.contains(n)
                  || n.equals("model.safetensors")
                  || n.matches("model-\\d{5}-of-\\d{5}\\.safetensors"))
          .filter(n -> !n.equals("tokenizer.model") || !plain.contains("tokenizer.json"))
          .toList();
    }
    List<String> first =
        gguf.stream()
            .filter(n -> !n.matches(".*-\\d{5}-of-\\d{5}\\.gguf") || n.contains("-00001-of-"))
            .toList();
    if (first.size() == 1) {
      return split(first.getFirst(), gguf);
    }
    throw missing(
        model,
        gguf.isEmpty()
            ? "it has neither GGUF files nor safetensors"
            : "it has several files; choose one as "
                + model.repository()
                + ":FILE of "
                + String.join(", ", first),
        null);
  }

  /** A file and, of a split model, those that belong to it. */
  private static List<String> split(String first, List<String> gguf) {
    int at = first.indexOf("-00001-of-");
    if (at < 0) {
      return List.of(first);
    }
    String stem = first.substring(0, at);
    String end = first.substring(at + 6);
    return gguf.stream()
        .filter(n ->
            n.matches(
                java.util.regex.Pattern.quote(stem)
                    + "-\\d{5}"
                    + java.util.regex.Pattern.quote(end)))
        .sorted()
        .toList();
  }

  private static Path entrance(HubModel model, Path snapshot, List<String> chosen) {
    String first = chosen.getFirst();
    return first.endsWith(".gguf") ? snapshot.resolve(first) : snapshot;
  }

  private void bring(HubModel model, String commit, String name, Path snapshot) throws IOException {
    URI uri = uri(model.repository() + "/resolve/" + commit + "/" + name);
    Download.Info info = download.info(uri);
    Path blobs = Files.createDirectories(folder(model).resolve("blobs"));
    Path blob = blobs.resolve(info.hash());
    Path locks =
        Files.createDirectories(settings.cache().resolve(".locks").resolve(model.folder()));
    // Another process may be bringing the same file.
    try (FileChannel channel =
            FileChannel.open(
                locks.resolve(info.hash() + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      if (!Files.exists(blob)) {
        download.fetch(uri, info, blob, name, listener);
      }
    }
    Path link = snapshot.resolve(name);
    try {
      Files.createSymbolicLink(link, Path.of("..", "..", "blobs", info.hash()));
    } catch (FileAlreadyExistsException e) {
      // Another process was faster: it is the same file.
    } catch (UnsupportedOperationException | IOException e) {
      Files.copy(blob, link);
    }
  }
}
