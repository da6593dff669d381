package org.deft4j.runtime.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deft4j.tree.DeftException;

/**
 * Where the hub and its cache are, by the variables that its own tools read.
 *
 * @param endpoint {@code HF_ENDPOINT}, else the public hub
 * @param cache {@code HF_HUB_CACHE}, else {@code hub} in {@code HF_HOME}
 * @param token {@code HF_TOKEN}, else the content of {@code HF_TOKEN_PATH} or of {@code token} in
 *     {@code HF_HOME}
 * @param offline {@code HF_HUB_OFFLINE}
 */
public record HubSettings(URI endpoint, Path cache, Optional<String> token, boolean offline) {
  /** Settings of an environment. */
  public static HubSettings of(Map<String, String> env, Path userHome) {
    String xdg = env.getOrDefault("XDG_CACHE_HOME", "");
    Path caches = xdg.isEmpty() ? userHome.resolve(".cache") : Path.of(xdg);
    Path home = path(env, "HF_HOME").orElse(caches.resolve("huggingface"));
    Path tokenFile = path(env, "HF_TOKEN_PATH").orElse(home.resolve("token"));
    String endpoint = env.getOrDefault("HF_ENDPOINT", "");
    URI uri;
    try {
      uri = URI.create(endpoint.isEmpty() ? "https://huggingface.co" : endpoint);
    } catch (IllegalArgumentException e) {
      throw new DeftException(DeftException.USAGE, "HF_ENDPOINT is no address: " + endpoint, e);
    }
    if (uri.getHost() == null || !Set.of("http", "https").contains(uri.getScheme())) {
      throw new DeftException(
          DeftException.USAGE, "HF_ENDPOINT must be an http or https address: " + endpoint);
    }
    return new HubSettings(
        uri,
        path(env, "HF_HUB_CACHE").orElse(home.resolve("hub")),
        token(env, tokenFile),
        Set.of("1", "on", "yes", "true")
            .contains(env.getOrDefault("HF_HUB_OFFLINE", "").toLowerCase(java.util.Locale.ROOT)));
  }

  private static Optional<Path> path(Map<String, String> env, String name) {
    return Optional.ofNullable(env.get(name)).filter(s -> !s.isEmpty()).map(Path::of);
  }

  private static Optional<String> token(Map<String, String> env, Path file) {
    String given = env.getOrDefault("HF_TOKEN", "").strip();
    if (!given.isEmpty()) {
      return Optional.of(given);
    }
    try {
      String text = Files.isRegularFile(file) ? Files.readString(file).strip() : "";
      return text.isEmpty() ? Optional.empty() : Optional.of(text);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.USAGE, "cannot read the token in " + file + ": " + e.getMessage(), e);
    }
  }

  /** Never shows the token. */
  @Override
  public String toString() {
    return endpoint + ", cache " + cache + (offline ? ", offline" : "");
  }
}
