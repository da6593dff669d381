package org.deft4j.runtime;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.deft4j.tree.DeftException;

/**
 * The jars and folders that plugins are loaded from, besides the class path. The working directory
 * is never one of them.
 *
 * @param entries each a jar, or a folder with classes or jars that see each other
 */
public record PluginPath(List<Path> entries) {
  /** Environment variable with more jars and folders, separated as in a class path. */
  public static final String VARIABLE = "DEFT_PLUGINS";

  /** Copies the list. */
  public PluginPath {
    entries = List.copyOf(entries);
  }

  /** No plugins but those of the class path. */
  public static PluginPath none() {
    return new PluginPath(List.of());
  }

  /**
   * The usual places, in order: {@code plugins} of the installation, {@code plugins} of the user's
   * data folder, {@value #VARIABLE}, and what the caller names.
   *
   * @param named jars or folders that must exist
   * @throws DeftException with exit code 2 if one that the user named does not exist
   */
  public static PluginPath of(Folders folders, Map<String, String> env, List<Path> named) {
    List<Path> entries = new ArrayList<>();
    folders.home().ifPresent(home -> addContents(home.resolve("plugins"), entries));
    addContents(folders.data().resolve("plugins"), entries);
    String variable = env.getOrDefault(VARIABLE, "");
    for (String text : variable.split(Pattern.quote(File.pathSeparator), -1)) {
      if (!text.isBlank()) {
        Path path = Path.of(text);
        if (!path.isAbsolute()) {
          throw new DeftException(
              DeftException.USAGE, VARIABLE + " must hold absolute paths, but has '" + text + "'");
        }
        addNamed(path, VARIABLE, entries);
      }
    }
    named.forEach(path -> addNamed(path, "--plugin", entries));
    return new PluginPath(entries.stream().distinct().toList());
  }

  private static void addNamed(Path path, String where, List<Path> entries) {
    Path absolute = path.toAbsolutePath().normalize();
    if (!Files.exists(absolute)) {
      throw new DeftException(
          DeftException.USAGE, where + " names " + path + ", which does not exist");
    }
    entries.add(absolute);
  }

  /** Adds each jar and each plugin's own folder of a folder of plugins, sorted by name. */
  private static void addContents(Path folder, List<Path> entries) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
      for (Path p : stream) {
        if (isJar(p) || (Files.isDirectory(p) && isPlugin(p))) {
          found.add(p.toAbsolutePath().normalize());
        }
      }
    } catch (IOException e) {
      throw new DeftException(
          DeftException.RUNTIME,
          "cannot read the plugin folder " + folder + ": " + e.getMessage(),
          e);
    }
    found.sort(null);
    entries.addAll(found);
  }

  static boolean isJar(Path p) {
    return p.getFileName().toString().endsWith(".jar") && Files.isRegularFile(p);
  }

  private static boolean isPlugin(Path folder) {
    return Files.isDirectory(folder.resolve("META-INF/services")) || !jars(folder).isEmpty();
  }

  static List<Path> jars(Path folder) {
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder, "*.jar")) {
      List<Path> jars = new ArrayList<>();
      stream.forEach(jars::add);
      jars.sort(null);
      return jars;
    } catch (IOException e) {
      throw new DeftException(
          DeftException.RUNTIME,
          "cannot read the plugin folder " + folder + ": " + e.getMessage(),
          e);
    }
  }
}
