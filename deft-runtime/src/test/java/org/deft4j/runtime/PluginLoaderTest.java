package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.tools.ToolProvider;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Loads plugins that the test compiles into real jars. */
class PluginLoaderTest {
  private static final String SOURCE =
      """
      package p;
      import com.google.inject.AbstractModule;
      import com.google.inject.Module;
      import java.util.List;
      import org.deft4j.search.spi.*;
      import org.deft4j.search.strategy.SearchStrategy;
      public class CLASS implements DeftPlugin {
        @Override public String id() { return "ID"; }
        @Override public int apiVersion() { return VERSION; }
        @Override public List<Module> modules() {
          return List.of(new AbstractModule() {
            @Override protected void configure() {
              new PluginBinder(binder()).strategy("NAME", new StrategyFactory() {
                @Override public String description() { return "from ID"; }
                @Override public SearchStrategy create(Options o) { throw new IllegalStateException(); }
              });
            }
          });
        }
      }
      """;

  @TempDir Path temp;
  private Folders folders = Folders.here();

  @BeforeEach
  void folders() {
    folders = new Folders(Optional.of(temp.resolve("home")), temp.resolve("data"), temp);
  }

  private Path jar(Path file, String type, String id, String strategy, int version)
      throws IOException {
    Path work = Files.createTempDirectory(temp, "work");
    Path source = Files.createDirectories(work.resolve("p")).resolve(type + ".java");
    Files.writeString(
        source,
        SOURCE
            .replace("CLASS", type)
            .replace("ID", id)
            .replace("NAME", strategy)
            .replace("VERSION", Integer.toString(version)));
    int code =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                work.toString(),
                source.toString());
    assertThat(code).isZero();
    Files.createDirectories(file.getParent());
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out)) {
      jar.putNextEntry(new JarEntry("META-INF/services/org.deft4j.search.spi.DeftPlugin"));
      jar.write(("p." + type + "\n").getBytes(StandardCharsets.UTF_8));
      try (var classes = Files.newDirectoryStream(work.resolve("p"), "*.class")) {
        for (Path c : classes) {
          jar.putNextEntry(new JarEntry("p/" + c.getFileName()));
          jar.write(Files.readAllBytes(c));
        }
      }
    }
    return file;
  }

  private Registry load(PluginPath path) {
    return new DeftModule(DeftOptions.of("any"), PluginLoader.load(path)).registry();
  }

  @Test
  void findsPluginsInAllTheUsualPlaces() throws IOException {
    jar(temp.resolve("home/plugins/a.jar"), "A", "a", "strategy-a", 1);
    jar(temp.resolve("data/plugins/nested/b.jar"), "B", "b", "strategy-b", 1);
    Path c = jar(temp.resolve("else/c.jar"), "C", "c", "strategy-c", 1);
    Path d = jar(temp.resolve("named/d.jar"), "D", "d", "strategy-d", 1);
    PluginPath path =
        PluginPath.of(folders, Map.of(PluginPath.VARIABLE, c + File.pathSeparator), List.of(d));
    assertThat(load(path).strategies())
        .containsKeys("strategy-a", "strategy-b", "strategy-c", "strategy-d");
    assertThat(PluginLoader.load(path))
        .filteredOn(p -> p.id().equals("c"))
        .extracting(LoadedPlugin::source)
        .containsExactly(c.toString());
  }

  @Test
  void aFolderMayBeNamedToo() throws IOException {
    jar(temp.resolve("named/a.jar"), "A", "a", "strategy-a", 1);
    jar(temp.resolve("named/b.jar"), "B", "b", "strategy-b", 1);
    PluginPath path = PluginPath.of(folders, Map.of(), List.of(temp.resolve("named")));
    assertThat(load(path).strategies()).containsKeys("strategy-a", "strategy-b");
  }

  @Test
  void theWorkingDirectoryIsNoPlaceForPlugins() {
    Folders none = new Folders(Optional.empty(), temp.resolve("data"), temp);
    assertThat(PluginPath.of(none, Map.of(), List.of()).entries()).isEmpty();
    assertThatThrownBy(() -> PluginPath.of(none, Map.of(PluginPath.VARIABLE, "plugins"), List.of()))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("absolute");
  }

  @Test
  void twoPluginsOfOneIdAreRefusedNamingBoth() throws IOException {
    Path a = jar(temp.resolve("x/a.jar"), "A", "same", "one", 1);
    Path b = jar(temp.resolve("x/b.jar"), "B", "same", "two", 1);
    assertThatThrownBy(() -> PluginLoader.load(new PluginPath(List.of(a, b))))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("'same'")
        .hasMessageContaining(a.toString())
        .hasMessageContaining(b.toString());
  }

  @Test
  void twoContributionsOfOneNameAreRefusedNamingBothPlugins() throws IOException {
    Path a = jar(temp.resolve("x/a.jar"), "A", "first", "clash", 1);
    Path b = jar(temp.resolve("x/b.jar"), "B", "second", "clash", 1);
    assertThatThrownBy(() -> load(new PluginPath(List.of(a, b))))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("plugin first")
        .hasMessageContaining("plugin second")
        .hasMessageContaining("strategy 'clash'");
  }

  @Test
  void aPluginForANewerApiIsRefused() throws IOException {
    Path a = jar(temp.resolve("x/a.jar"), "A", "future", "s", 99);
    assertThatThrownBy(() -> PluginLoader.load(new PluginPath(List.of(a))))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("future")
        .hasMessageContaining("API 99");
  }

  @Test
  void brokenAndEmptyJarsAreRefused() throws IOException {
    Path text = Files.writeString(temp.resolve("text.jar"), "no jar");
    assertThatThrownBy(() -> PluginLoader.load(new PluginPath(List.of(text))))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining(text.toString());
    Path empty = temp.resolve("empty.jar");
    try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(empty))) {
      jar.putNextEntry(new JarEntry("x"));
    }
    assertThatThrownBy(() -> PluginLoader.load(new PluginPath(List.of(empty))))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("declares no");
    Path missing = temp.resolve("missing.jar");
    assertThatThrownBy(() -> PluginPath.of(folders, Map.of(), List.of(missing)))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("does not exist");
  }

  @Test
  void aServiceFileThatNamesNoClassIsRefused() throws IOException {
    Path file = temp.resolve("lies.jar");
    try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(file))) {
      jar.putNextEntry(new JarEntry("META-INF/services/org.deft4j.search.spi.DeftPlugin"));
      jar.write("p.Missing\n".getBytes(StandardCharsets.UTF_8));
    }
    assertThatThrownBy(() -> PluginLoader.load(new PluginPath(List.of(file))))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("lies.jar");
  }
}
