package org.deft4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The project of a plugin: written by the real launcher, built by Maven from the artifacts in
 * {@code target/local-repo}, dropped in as a jar and run by the real launcher.
 */
@Tag("slow")
class PluginProjectTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path PROJECT = ROOT.resolve("examples/reverse-word");
  private static final Path DIST = ROOT.resolve("deft-cli/target/dist/lib");
  private static final Path REPOSITORY = ROOT.resolve("target/local-repo");

  @TempDir Path temp;
  private Path home = Path.of("");

  record Outcome(int code, String out, String err) {}

  @BeforeEach
  void installation() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "there is no POSIX shell here");
    assumeTrue(Files.isDirectory(DIST), "deft-cli was not built before: " + DIST + " is not there");
    home = Files.createDirectories(temp.toRealPath().resolve("home"));
    Path launcher = Files.createDirectories(home.resolve("bin")).resolve("deft");
    Files.copy(ROOT.resolve("deft"), launcher);
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path lib = Files.createDirectories(home.resolve("lib"));
    try (DirectoryStream<Path> jars = Files.newDirectoryStream(DIST, "*.jar")) {
      for (Path jar : jars) {
        Files.createSymbolicLink(lib.resolve(jar.getFileName()), jar);
      }
    }
  }

  /** JUnit would warn of each link that it removes with the folder. */
  @AfterEach
  void unlink() throws IOException {
    try (Stream<Path> all = Files.walk(temp)) {
      for (Path link : all.filter(Files::isSymbolicLink).toList()) {
        Files.delete(link);
      }
    }
  }

  private Outcome run(String... command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(temp.toFile());
    builder.environment().put("XDG_DATA_HOME", temp.resolve("data").toString());
    builder.environment().put("XDG_CACHE_HOME", temp.resolve("cache").toString());
    Path out = Files.createTempFile(temp, "out", "");
    Path err = Files.createTempFile(temp, "err", "");
    Process p = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    p.getOutputStream().close();
    assertThat(p.waitFor(5, TimeUnit.MINUTES)).as("%s ended", List.of(command)).isTrue();
    return new Outcome(p.exitValue(), Files.readString(out), Files.readString(err));
  }

  private Outcome deft(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(home + "/bin/deft"));
    command.addAll(List.of(arguments));
    return run(command.toArray(String[]::new));
  }

  private static TreeMap<String, String> files(Path folder) throws IOException {
    TreeMap<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : all.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(p).toString();
        if (!name.startsWith("target")) {
          files.put(name, Files.readString(p));
        }
      }
    }
    return files;
  }

  @Test
  void newTaskWritesTheExample() throws Exception {
    Outcome written = deft("new", "task", "reverse-word", "--output", temp + "/fresh");
    assertThat(written.err()).contains("target/local-repo").doesNotContain("Exception");
    assertThat(written.code()).isZero();
    assertThat(written.out()).contains("mvn -q -f " + temp + "/fresh package");
    TreeMap<String, String> fresh = files(temp.resolve("fresh"));
    // The example finds the repository by its own place instead of by the installation's.
    String here = "file://${project.basedir}/../../target/local-repo";
    String there = home.resolve("target/local-repo").toUri().toString();
    fresh.computeIfPresent("pom.xml", (_, text) -> text.replace(there, here));
    assertThat(fresh).isEqualTo(files(PROJECT));
    long lines =
        fresh.entrySet().stream()
            .filter(e -> e.getKey().endsWith(".java"))
            .mapToLong(e -> e.getValue().lines().count())
            .sum();
    assertThat(lines).isLessThan(150);

    assertThat(deft("new", "task", "reverse-word", "--output", temp + "/fresh").code())
        .isEqualTo(2);
    assertThat(deft("new", "task", "sorting").err()).contains("there is a task 'sorting' already");
    assertThat(deft("new", "task", "Bad Name").err()).contains("as in word-ladder");
  }

  @Test
  void theProjectBuildsAndItsJarRuns() throws Exception {
    assumeTrue(
        Files.isDirectory(REPOSITORY.resolve("org/deft4j/deft-search")),
        "'mvn verify' has not filled " + REPOSITORY);
    Path project = temp.resolve("project");
    for (var file : files(PROJECT).entrySet()) {
      Path to = project.resolve(file.getKey());
      Files.createDirectories(Objects.requireNonNull(to.getParent()));
      Files.writeString(to, file.getValue());
    }
    Outcome built =
        run(
            "mvn",
            "-q",
            "-B",
            "-Dmaven.repo.local=" + ownRepository(),
            "-Ddeft.repo=" + REPOSITORY.toUri(),
            "-f",
            project.toString(),
            "package");
    assertThat(built.code()).as(built.out() + built.err()).isZero();
    Path jar = project.resolve("target/reverse-word-1.0.jar");

    Outcome named = deft("tasks", "--plugin", jar.toString());
    assertThat(named.out()).contains("reverse-word").contains("reverse a word");
    // Dropped in, it needs no option.
    Files.copy(jar, Files.createDirectories(home.resolve("plugins")).resolve("words.jar"));
    Path model =
        ROOT.resolve("deft-engine/src/test/resources/org/deft4j/engine/stories260K-F32.gguf");
    Outcome ran =
        deft(
            "run",
            "reverse-word",
            "--problem",
            "stressed",
            "--evaluator",
            "reverse-word-length",
            "--model",
            model.toString(),
            "--strategy",
            "best-of-n",
            "--width",
            "3",
            "--json");
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains("\"task\": \"reverse-word\"")
        .contains("\"evaluator\": \"reverse-word-length\"")
        .contains("\"problem\": \"stressed\"");
    Outcome twice = deft("tasks", "--plugin", jar.toString());
    assertThat(twice.code()).isEqualTo(1);
    assertThat(twice.err()).contains("two plugins are called 'reverse-word'").contains("words.jar");
  }

  /**
   * A repository that shares all but the project's own artifacts with the user's: these must come
   * from this build, and nothing of it may stay behind.
   */
  private Path ownRepository() throws IOException {
    Path shared = Path.of(System.getProperty("deft.maven.repo", ""));
    assumeTrue(Files.isDirectory(shared), "no local repository of Maven's");
    Path own = temp.resolve("repository");
    Files.createDirectories(own.resolve("org"));
    link(shared, own, "org");
    link(shared.resolve("org"), own.resolve("org"), "deft4j");
    return own;
  }

  private static void link(Path from, Path to, String but) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(from)) {
      for (Path entry : entries) {
        if (!entry.getFileName().toString().equals(but)) {
          Files.createSymbolicLink(to.resolve(entry.getFileName()), entry);
        }
      }
    }
  }
}
