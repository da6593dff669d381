package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deft4j.cli.CliRunner.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that list, and help. */
class CommandsTest {
  @TempDir Path temp;

  private Outcome run(String command) {
    return new CliRunner(temp).run(command.split(" "));
  }

  private static List<String> names(Outcome o, String kind) {
    return CliRunner.list(o.json(), kind).stream()
        .map(e -> String.valueOf(CliRunner.map(e).get("name")))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--help",
        "run --help",
        "tasks --help",
        "strategies --help",
        "models --help",
        "doctor --help",
        "bench --help",
        "bench io --help",
        "bench tasks --help",
        "bench attention --help",
        "bench decode --help",
        "bench replay --help",
        "plot --help",
        "help run"
      })
  void everyCommandHasHelp(String command) {
    Outcome o = run(command);
    assertThat(o.code()).isZero();
    assertThat(o.out()).startsWith("Usage: deft");
    assertThat(o.err()).isEmpty();
  }

  @Test
  void helpNamesTheExitCodes() {
    assertThat(run("--help").out()).contains("Exit codes:").contains("130");
  }

  @Test
  void printsItsVersion() {
    Outcome o = run("--version");
    assertThat(o.code()).isZero();
    assertThat(o.out()).startsWith("deft ").contains("Java 25");
  }

  @Test
  void listsTasks() {
    Outcome o = run("tasks --json");
    assertThat(names(o, "tasks")).contains("sorting");
    Map<?, ?> task = CliRunner.map(CliRunner.list(o.json(), "tasks").getFirst());
    Map<?, ?> option = CliRunner.map(CliRunner.list(task, "options").getFirst());
    assertThat(CliRunner.fields(option)).containsExactly("name", "default", "description");
    assertThat(run("tasks").out()).contains("sorting").contains("length");
  }

  @Test
  void listsStrategiesAndEvaluators() {
    Outcome o = run("strategies --json");
    assertThat(names(o, "strategies"))
        .contains("greedy", "best-of-n", "self-consistency", "beam", "tot-bfs");
    assertThat(names(o, "evaluators")).contains("judge", "vote");
    assertThat(run("strategies").out()).contains("strategies:").contains("evaluators:");
  }

  @Test
  void listsModels() {
    Outcome o = run("models --json");
    assertThat(o.code()).isZero();
    assertThat(o.json().get("models")).isInstanceOf(List.class);
  }

  @Test
  void doctorReports() {
    Outcome o = run("doctor --json");
    assertThat(o.code()).isZero();
    Map<?, ?> doc = o.json();
    assertThat(CliRunner.fields(doc))
        .contains(
            "java",
            "machine",
            "memory",
            "backends",
            "models",
            "weights",
            "attention",
            "tasks",
            "strategies",
            "evaluators",
            "plugins",
            "folders");
    assertThat(CliRunner.fields(CliRunner.map(doc, "weights")))
        .contains("folder", "bytes", "clear");
    List<?> backends = CliRunner.list(doc, "backends");
    assertThat(backends)
        .filteredOn(b -> Boolean.TRUE.equals(CliRunner.map(b).get("chosen")))
        .hasSize(1);
    assertThat(run("doctor").out()).contains("vectorModule true").contains("scalar");
  }

  @Test
  void writesACompletionScript() {
    Outcome o = run("generate-completion");
    assertThat(o.code()).isZero();
    assertThat(o.out()).contains("complete -F _complete_deft").contains("bench");
  }

  @Test
  void theHiddenWarmUpSucceeds() {
    Outcome o = run("warm-up");
    assertThat(o.code()).isZero();
    assertThat(o.out()).isEmpty();
    assertThat(run("--help").out()).doesNotContain("warm-up");
  }
}
