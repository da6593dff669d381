package org.deft4j.runtime;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.deft4j.kernels.cpu.WeightCache;
import org.jspecify.annotations.Nullable;

/**
 * Where things lie on this machine, by the platform's conventions.
 *
 * @param home the installation (or clone) that the program was started from, if it is known
 * @param data the user's data folder, which holds {@code plugins}
 * @param cache the user's cache folder, which holds what can be made again
 */
public record Folders(Optional<Path> home, Path data, Path cache) {
  /** System property with the installation's folder; the launcher sets it. */
  public static final String HOME_PROPERTY = "deft.home";

  /** The folders of this process. */
  public static Folders here() {
    return of(
        System.getenv(),
        Path.of(System.getProperty("user.home", ".")),
        System.getProperty("os.name", ""),
        Optional.ofNullable(System.getProperty(HOME_PROPERTY)).map(Path::of));
  }

  /**
   * The folders of a given environment: {@code XDG_DATA_HOME} and {@code XDG_CACHE_HOME} where they
   * are set to absolute paths, else what is usual on the system.
   */
  public static Folders of(
      Map<String, String> env, Path userHome, String system, Optional<Path> home) {
    String os = system.toLowerCase(Locale.ROOT);
    Path data = userHome.resolve(".local/share");
    Path cache = userHome.resolve(".cache");
    if (os.startsWith("mac")) {
      data = userHome.resolve("Library/Application Support");
      cache = userHome.resolve("Library/Caches");
    } else if (os.startsWith("windows")) {
      data = absolute(env.get("LOCALAPPDATA")).orElse(userHome.resolve("AppData/Local"));
      cache = data.resolve("cache");
    }
    return new Folders(
        home,
        absolute(env.get("XDG_DATA_HOME")).orElse(data).resolve("deft"),
        absolute(env.get("XDG_CACHE_HOME")).orElse(cache).resolve("deft"));
  }

  /** Where repacked weights are kept. */
  public WeightCache weights() {
    return new WeightCache(cache.resolve("weights"));
  }

  /** The XDG specification has relative paths ignored. */
  private static Optional<Path> absolute(@Nullable String path) {
    return Optional.ofNullable(path)
        .filter(p -> !p.isEmpty())
        .map(Path::of)
        .filter(Path::isAbsolute);
  }
}
