package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.deft4j.cli.CliRunner.Outcome;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResumeCommandTest {
  @TempDir Path temp;
  private CliRunner cli = new CliRunner(Path.of(""));

  @BeforeEach
  void runner() {
    cli = new CliRunner(temp);
  }

  private String trace() {
    return temp.resolve("t.jsonl").toString();
  }

  private Outcome ok(String... args) {
    Outcome o = cli.run(args);
    assertThat(o.code()).as(o.err()).isZero();
    return o;
  }

  @Test
  void goesOnFromACutTraceAndReplaysIt() throws IOException {
    Outcome whole =
        ok("run", "sorting", "--problem", "[3, 1, 2]", "--ordered", "--trace", trace(), "-q");
    byte[] bytes = Files.readAllBytes(Path.of(trace()));
    Files.write(Path.of(trace()), Arrays.copyOf(bytes, bytes.length * 2 / 3));
    Outcome rest = ok("resume", trace());
    assertThat(rest.err()).contains("going on after");
    assertThat(rest.out()).contains(whole.out().strip());
    Outcome replay = ok("resume", trace(), "--replay");
    assertThat(replay.out()).contains("answer   " + whole.out().strip());
    Outcome again = ok("resume", trace());
    assertThat(again.err()).contains("the search has ended (solved)");
    assertThat(again.out()).contains(whole.out().strip());
  }

  @Test
  void aLargerBudgetGoesOn() {
    cli.answers(list -> list);
    Outcome small =
        ok(
            "run",
            "sorting",
            "--problem",
            "[3, 1, 2]",
            "--trace",
            trace(),
            "--json",
            "--ordered",
            "8",
            "--budget-nodes",
            "3");
    assertThat(small.result().get("stopped")).isEqualTo("node-budget");
    Outcome large = ok("resume", trace(), "--budget-nodes", "9", "--json");
    assertThat(CliRunner.number(CliRunner.map(large.result(), "tree"), "nodes")).isGreaterThan(3);
    Outcome replay = ok("resume", trace(), "--replay");
    assertThat(replay.out()).doesNotContain("but the trace says");
  }

  @Test
  void settingsThatAProblemSuggestsAreInTheTrace() throws IOException {
    ok("run", "document-merging", "--width", "3", "--trace", trace(), "-q");
    assertThat(Files.readAllLines(Path.of(trace())).getFirst())
        .as("the user's width, and the rest as the problem of three documents wants it")
        .contains("\"width\":\"3\"")
        .contains("\"keep\":\"2\"")
        .contains("\"depth\":\"4\"");
    assertThat(ok("resume", trace(), "--replay").out()).doesNotContain("but the trace says");
  }

  @Test
  void severalProblemsHaveTracesOfTheirOwn() throws IOException {
    Path csv =
        Files.writeString(
            temp.resolve("l.csv"),
            "ID,Unsorted,Sorted\n0,\"[3, 1]\",\"[1, 3]\"\n1,\"[2, 1]\",\"[1, 2]\"\n");
    ok("run", "sorting", "--data", csv.toString(), "--trace", trace());
    Outcome second = ok("resume", temp.resolve("t-2.jsonl").toString(), "-q");
    assertThat(second.out().strip()).isEqualTo("[1, 2]");
  }

  @Test
  void aConstraintHoldsAndIsResumed() throws IOException {
    // This model would write the list as it stands, with spaces.
    cli.answers(list -> list);
    String regex = " \\[[12],[12]\\]";
    Outcome o =
        ok(
            "run",
            "sorting",
            "--problem",
            "[2, 1]",
            "--regex",
            regex,
            "--trace",
            trace(),
            "-q",
            "--strategy",
            "greedy");
    assertThat(o.out().strip()).matches("\\[[12](, [12])*]");
    List<String> lines = Files.readAllLines(Path.of(trace()));
    Files.write(Path.of(trace()), lines.subList(0, lines.size() / 2));
    assertThat(ok("resume", trace(), "-q").out()).isEqualTo(o.out());
    assertThat(cli.run("run", "sorting", "--regex", "(").err())
        .startsWith("deft: --regex: regular expression, at character")
        .hasLineCount(1);
  }

  @Test
  void badTracesAreRefusedInOneLine() throws IOException {
    assertThat(cli.run("resume", trace()).err()).contains("there is no trace").hasLineCount(1);
    Files.writeString(Path.of(trace()), "hello\n");
    Outcome o = cli.run("resume", trace());
    assertThat(o.code()).isEqualTo(2);
    assertThat(o.err()).contains("line 1").hasLineCount(1);
  }

  /** Real processes, killed with SIGKILL while the shipped model works. */
  @Test
  @Tag("slow")
  void aKilledProcessLosesNothing() throws Exception {
    cli.realModels();
    List<String> command =
        List.of(
            "run",
            "sorting",
            "--length",
            "16",
            "--strategy",
            "tot-bfs",
            "--evaluator",
            "judge",
            "-E",
            "threshold=2",
            "--seed",
            "5",
            "--ordered",
            "--deterministic",
            "--trace");
    List<String> whole = new ArrayList<>(command);
    whole.addAll(List.of(temp.resolve("whole.jsonl").toString(), "--json"));
    Outcome undisturbed = ok(whole.toArray(String[]::new));
    String hash = hash(temp.resolve("whole.jsonl"));
    Random random = new Random(1);
    int killed = 0;
    for (int i = 0; i < 6; i++) {
      Path file = temp.resolve("killed-" + i + ".jsonl");
      List<String> java = new ArrayList<>();
      java.add(ProcessHandle.current().info().command().orElseThrow());
      java.addAll(List.of("--add-modules", "jdk.incubator.vector", "-cp"));
      java.add(
          System.getProperty("java.class.path")
              .replace(File.pathSeparator + File.pathSeparator, File.pathSeparator));
      java.add("org.deft4j.cli.Main");
      java.addAll(command);
      java.add(file.toString());
      Process process =
          new ProcessBuilder(java)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      // The header first, then some more.
      while (process.isAlive() && !(Files.exists(file) && Files.size(file) > 2000)) {
        Thread.sleep(5);
      }
      killed += process.waitFor(random.nextInt(400), TimeUnit.MILLISECONDS) ? 0 : 1;
      process.destroyForcibly().waitFor();
      Outcome rest = ok("resume", file.toString(), "--json");
      assertThat(rest.result().get("answer")).isEqualTo(undisturbed.result().get("answer"));
      assertThat(hash(file)).isEqualTo(hash);
    }
    assertThat(killed).isPositive();
  }

  private static String hash(Path trace) {
    return org.deft4j.runtime.trace.Trace.read(trace).treeHash();
  }
}
