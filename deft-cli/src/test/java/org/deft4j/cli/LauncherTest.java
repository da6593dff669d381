package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the launcher script with a java and an mvn that only say how they were called. */
class LauncherTest {
  private static final Path LAUNCHER = Path.of("..", "deft").toAbsolutePath().normalize();
  private static final String JAVA =
      """
      #!/bin/sh
      echo "pid $$"
      for a in "$@"; do echo "arg $a"; done
      exit ${FAKE_EXIT:-0}
      """;
  private static final String MVN =
      """
      #!/bin/sh
      echo "[INFO] Building deft-tree 0.1.0-SNAPSHOT          [2/10]"
      echo "[ERROR] what javac said"
      echo "JAVA25_HOME=$JAVA25_HOME $*" >>"$FAKE_MVN_CALLS"
      [ "${FAKE_MVN_EXIT:-0}" = 0 ] || exit "$FAKE_MVN_EXIT"
      mkdir -p deft-cli/target/quick/dist/lib
      touch deft-cli/target/quick/dist/lib/deft-cli-1.jar
      """;

  record Outcome(int code, long pid, List<String> out, String err) {
    List<String> arguments() {
      return out.stream().filter(l -> l.startsWith("arg ")).map(l -> l.substring(4)).toList();
    }

    /** What the program itself was given. */
    List<String> programArguments() {
      List<String> all = arguments();
      return all.subList(all.indexOf("org.deft4j.cli.Main") + 1, all.size());
    }
  }

  @TempDir Path temp;
  private Path bin;
  private Path jdk;

  @BeforeEach
  void tools() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "there is no POSIX shell here");
    temp = temp.toRealPath();
    bin = Files.createDirectory(temp.resolve("bin"));
    for (String tool :
        List.of(
            "sh",
            "sed",
            "find",
            "head",
            "dirname",
            "readlink",
            "mkdir",
            "rm",
            "mv",
            "cat",
            "tee",
            "grep",
            "awk",
            "touch",
            "sleep",
            "kill")) {
      for (String folder : List.of("/usr/bin/", "/bin/")) {
        if (Files.exists(Path.of(folder, tool))) {
          script(bin.resolve(tool), "#!/bin/sh\nexec " + folder + tool + " \"$@\"\n");
        }
      }
    }
    jdk = jdk("jdk", "25.0.3");
  }

  private Path jdk(String name, String version) throws IOException {
    Path home = Files.createDirectories(temp.resolve(name));
    Files.createDirectories(home.resolve("bin"));
    script(home.resolve("bin/java"), JAVA);
    script(home.resolve("bin/javac"), JAVA);
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  private static void script(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** An unpacked archive: a launcher and jars, no sources. */
  private Path installation(String name) throws IOException {
    Path home = Files.createDirectories(temp.resolve(name));
    Files.createDirectories(home.resolve("bin"));
    Files.createDirectories(home.resolve("lib"));
    Files.copy(LAUNCHER, home.resolve("bin/deft"));
    script(home.resolve("bin/deft"), Files.readString(LAUNCHER));
    Files.writeString(home.resolve("lib/a.jar"), "");
    Files.writeString(home.resolve("lib/deft-cli-1.jar"), "");
    return home;
  }

  /** A clone: a launcher and sources. */
  private Path clone(String name) throws IOException {
    Path home = Files.createDirectories(temp.resolve(name));
    script(home.resolve("deft"), Files.readString(LAUNCHER));
    Files.writeString(home.resolve("pom.xml"), "<project/>");
    Path main = Files.createDirectories(home.resolve("deft-cli/src/main/java"));
    Files.writeString(main.resolve("A.java"), "class A {}");
    Files.writeString(home.resolve("deft-cli/pom.xml"), "<project/>");
    script(bin.resolve("mvn"), MVN);
    return home;
  }

  private Outcome run(Path cwd, Map<String, String> env, String... command) throws Exception {
    ProcessBuilder b = new ProcessBuilder(command).directory(cwd.toFile());
    b.environment().clear();
    b.environment().put("PATH", bin.toString());
    b.environment().put("HOME", temp.toString());
    b.environment().put("DEFT_JVM_ROOT", temp.resolve("root").toString());
    b.environment().put("FAKE_MVN_CALLS", temp.resolve("calls").toString());
    b.environment().putAll(env);
    Path out = temp.resolve("out.txt");
    Path err = temp.resolve("err.txt");
    Process p = b.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    p.getOutputStream().close();
    assertThat(p.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Outcome(
        p.exitValue(),
        p.pid(),
        Files.readAllLines(out, StandardCharsets.UTF_8),
        Files.readString(err));
  }

  private Map<String, String> withJdk() {
    return Map.of("JAVA_HOME", jdk.toString());
  }

  @Test
  void runsAnInstallationAndPassesArgumentsUnchanged() throws Exception {
    Path home = installation("an installation");
    Outcome o =
        run(temp, withJdk(), home + "/bin/deft", "run", "sorting", "--problem", "[3, 1, 2]", "*");
    assertThat(o.code()).isZero();
    assertThat(o.programArguments())
        .containsExactly("run", "sorting", "--problem", "[3, 1, 2]", "*");
    assertThat(o.arguments())
        .contains(
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Ddeft.home=" + home,
            home + "/lib/a.jar:" + home + "/lib/deft-cli-1.jar");
  }

  @Test
  void worksThroughSymbolicLinksFromAnyFolder() throws Exception {
    Path home = installation("real");
    Path links = Files.createDirectory(temp.resolve("links"));
    Files.createSymbolicLink(links.resolve("one"), Path.of("../real/bin/deft"));
    Files.createSymbolicLink(links.resolve("two"), links.resolve("one"));
    Files.createSymbolicLink(temp.resolve("aside"), links);
    Outcome direct = run(links, withJdk(), "./two", "models");
    Outcome aside = run(Path.of("/"), withJdk(), temp.resolve("aside/one").toString(), "models");
    assertThat(direct.code()).isZero();
    assertThat(direct.arguments()).contains("-Ddeft.home=" + home);
    assertThat(aside.arguments()).contains("-Ddeft.home=" + home);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 6, 130})
  void returnsTheExitCodeOfTheProgram(int code) throws Exception {
    Path home = installation("i");
    Map<String, String> env =
        Map.of("JAVA_HOME", jdk.toString(), "FAKE_EXIT", Integer.toString(code));
    assertThat(run(temp, env, home + "/bin/deft").code()).isEqualTo(code);
  }

  @Test
  void becomesTheProgramSoThatSignalsReachIt() throws Exception {
    Outcome o = run(temp, withJdk(), installation("i") + "/bin/deft");
    assertThat(o.out()).contains("pid " + o.pid());
  }

  @Test
  void passesExtraOptionsOfTheJvm() throws Exception {
    Map<String, String> env = Map.of("JAVA_HOME", jdk.toString(), "DEFT_JAVA_OPTS", "-Xmx1g -Da=b");
    assertThat(run(temp, env, installation("i") + "/bin/deft").arguments())
        .contains("-Xmx1g", "-Da=b");
  }

  @Test
  void saysWhatToInstallWithoutAJdk() throws Exception {
    Outcome o = run(temp, Map.of(), installation("i") + "/bin/deft", "run", "sorting");
    assertThat(o.code()).isEqualTo(1);
    assertThat(o.out()).isEmpty();
    assertThat(o.err()).contains("no JDK 25").contains("25.0.3").contains("adoptium.net");
  }

  @Test
  void namesTheVersionsThatDoNotFit() throws Exception {
    jdk("root/usr/lib/jvm/java-17", "17.0.15");
    jdk("root/usr/lib/jvm/early", "25.0.2");
    jdk("root/opt/next", "26");
    jdk("root/opt/first", "25");
    Outcome o = run(temp, Map.of(), installation("i") + "/bin/deft");
    assertThat(o.code()).isEqualTo(1);
    assertThat(o.err()).contains("found only: 25.0.2 17.0.15 25 26");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "root/usr/lib/jvm/x",
        "root/opt/jdk-25",
        ".sdkman/candidates/java/25.0.3-tem",
        ".jdks/temurin-25",
        "root/Library/Java/JavaVirtualMachines/temurin-25.jdk/Contents/Home",
        "root/opt/homebrew/opt/openjdk@25/libexec/openjdk.jdk/Contents/Home"
      })
  void findsAJdkInTheUsualFolders(String folder) throws Exception {
    jdk(folder, "25.0.4");
    jdk("root/usr/lib/jvm/a-17", "17.0.1");
    assertThat(run(temp, Map.of(), installation("i") + "/bin/deft").code()).isZero();
  }

  @Test
  void findsTheJdkOfTheJavaOnPath() throws Exception {
    Files.createSymbolicLink(bin.resolve("java"), jdk.resolve("bin/java"));
    assertThat(run(temp, Map.of(), installation("i") + "/bin/deft").code()).isZero();
  }

  @Test
  void aJavaHomeThatDoesNotFitIsPassedOver() throws Exception {
    Path old = jdk("old", "21.0.2");
    jdk("root/usr/lib/jvm/new", "25.1");
    Map<String, String> env = Map.of("JAVA_HOME", old.toString());
    assertThat(run(temp, env, installation("i") + "/bin/deft").code()).isZero();
  }

  @Test
  void buildsOnceAndAgainAfterAChange() throws Exception {
    Path home = clone("a clone");
    Outcome first = run(temp, withJdk(), home + "/deft", "doctor");
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.err()).contains("first run: building").contains("deft-tree [2/10]");
    assertThat(first.programArguments()).containsExactly("doctor");
    Outcome second = run(temp, withJdk(), home + "/deft");
    assertThat(second.err()).isEmpty();
    assertThat(temp.resolve("calls")).content().hasLineCount(1).contains("JAVA25_HOME=" + jdk);

    Path source = home.resolve("deft-cli/src/main/java/A.java");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(1)));
    Outcome third = run(temp, withJdk(), home + "/deft");
    assertThat(third.code()).isZero();
    assertThat(third.err()).contains("the sources changed");
    assertThat(temp.resolve("calls")).content().hasLineCount(2);
  }

  @Test
  void takesWhatMavenItselfBuilt() throws Exception {
    Path home = clone("c");
    Path lib = Files.createDirectories(home.resolve("deft-cli/target/dist/lib"));
    Files.writeString(lib.resolve("deft-cli-1.jar"), "");
    Outcome o = run(temp, withJdk(), home + "/deft");
    assertThat(o.err()).isEmpty();
    assertThat(o.arguments()).contains(lib + "/deft-cli-1.jar");
  }

  @Test
  void aFailedBuildShowsItsErrorsAndLeavesNoLock() throws Exception {
    Path home = clone("c");
    Map<String, String> env = Map.of("JAVA_HOME", jdk.toString(), "FAKE_MVN_EXIT", "1");
    Outcome o = run(temp, env, home + "/deft");
    assertThat(o.code()).isEqualTo(1);
    assertThat(o.err()).contains("what javac said").contains("build.log");
    assertThat(home.resolve("deft-cli/target/quick/lock")).doesNotExist();
    assertThat(run(temp, withJdk(), home + "/deft").code()).isZero();
  }

  @Test
  void theLockOfADeadLauncherIsTakenOver() throws Exception {
    Path home = clone("c");
    Path lock = Files.createDirectories(home.resolve("deft-cli/target/quick/lock"));
    Process gone = new ProcessBuilder("true").start();
    gone.waitFor();
    Files.writeString(lock.resolve("pid"), Long.toString(gone.pid()));
    assertThat(run(temp, withJdk(), home + "/deft").code()).isZero();
    assertThat(lock).doesNotExist();
  }

  @Test
  void saysSoWhereItCannotBuild() throws Exception {
    Path home = clone("c");
    Files.writeString(home.resolve("deft-cli/target"), "in the way, also for root");
    Outcome o = run(temp, withJdk(), home + "/deft");
    assertThat(o.code()).isEqualTo(1);
    assertThat(o.err()).contains("read-only").hasLineCount(1);

    Path other = clone("d");
    Files.delete(bin.resolve("mvn"));
    Outcome noMaven = run(temp, withJdk(), other + "/deft");
    assertThat(noMaven.code()).isEqualTo(1);
    assertThat(noMaven.err()).contains("Maven").contains("apt install maven");
  }
}
