package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.deft4j.cli.CliRunner.Outcome;
import org.deft4j.engine.json.JsonReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunCommandTest {
  @TempDir Path temp;
  private CliRunner cli = new CliRunner(Path.of(""));

  @BeforeEach
  void runner() {
    cli = new CliRunner(temp);
  }

  private Path csv() throws IOException {
    return Files.writeString(
        temp.resolve("lists.csv"),
        """
        ID,Unsorted,Sorted
        0,"[3, 1, 2]","[1, 2, 3]"
        1,"[9, 9, 0]","[0, 9, 9]"
        2,"[5, 4]","[4, 5]"
        """);
  }

  @Test
  void printsAReport() {
    Outcome o = cli.run("run", "sorting", "--problem", "[3, 1, 2]");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.out().lines())
        .anySatisfy(l -> assertThat(l).matches("problem +\\[3, 1, 2]"))
        .anySatisfy(l -> assertThat(l).matches("answer +\\[1, 2, 3]"))
        .anySatisfy(l -> assertThat(l).matches("solved +yes"))
        .anySatisfy(l -> assertThat(l).matches("tree +\\d+ nodes?, depth \\d+, at most .* live"))
        .anySatisfy(l -> assertThat(l).matches("tokens +[\\d,]+ decoded .*"))
        .anySatisfy(l -> assertThat(l).matches("KV +.* shared between branches, .* read"))
        .anySatisfy(l -> assertThat(l).matches("time +.*, stopped: solved"));
    assertThat(o.err()).startsWith("deft: model ").hasLineCount(1);
  }

  @Test
  void printsOneJsonDocumentWithTheDocumentedFields() {
    Outcome o = cli.run("run", "sorting", "--problem", "[3, 1, 2]", "--json", "--seed", "7");
    assertThat(o.code()).isZero();
    Map<?, ?> doc = o.json();
    assertThat(CliRunner.fields(doc))
        .containsExactly(
            "task",
            "strategy",
            "evaluator",
            "oracle",
            "seed",
            "model",
            "backend",
            "attention",
            "results");
    assertThat(doc.get("oracle")).isEqualTo(false);
    assertThat(doc.get("task")).isEqualTo("sorting");
    assertThat(doc.get("strategy")).isEqualTo("tot-bfs");
    assertThat(doc.get("seed")).isEqualTo(7L);
    assertThat(doc.get("attention")).isEqualTo("flatten");
    Map<?, ?> result = o.result();
    assertThat(CliRunner.fields(result))
        .containsExactly(
            "problem", "id", "answer", "score", "solved", "error", "seconds", "tokens", "tree",
            "io", "stopped");
    assertThat(result.get("problem")).isEqualTo("[3, 1, 2]");
    assertThat(result.get("answer")).isEqualTo("[1, 2, 3]");
    assertThat(result.get("solved")).isEqualTo(true);
    assertThat(result.get("error")).isEqualTo(0L);
    assertThat(result.get("score")).isEqualTo(1L);
    assertThat(result.get("stopped")).isEqualTo("solved");
    assertThat(CliRunner.fields(CliRunner.map(result, "tokens")))
        .containsExactly("decoded", "evaluator", "prefilled", "reused");
    assertThat(CliRunner.fields(CliRunner.map(result, "tree")))
        .containsExactly("nodes", "depth", "maxWidth");
    assertThat(CliRunner.fields(CliRunner.map(result, "io")))
        .containsExactly(
            "kvTokens",
            "kvBytes",
            "queryBytes",
            "partialBytes",
            "maskBytes",
            "scoreBytes",
            "totalBytes",
            "kvBytesShared");
  }

  @Test
  void quietPrintsTheAnswerAlone() {
    Outcome o = cli.run("run", "sorting", "--problem", "[3, 1, 2]", "--quiet");
    assertThat(o.out()).isEqualTo("[1, 2, 3]" + System.lineSeparator());
    assertThat(o.err()).isEmpty();
  }

  @Test
  void readsTheProblemFromStandardInput() {
    Outcome o = cli.in("[2, 1]\n").run("run", "sorting", "--problem", "-", "-q");
    assertThat(o.out().strip()).isEqualTo("[1, 2]");
  }

  @Test
  void generatesAProblemFromLengthAndSeed() {
    String[] command = {"run", "sorting", "--length", "9", "--seed", "3", "--json"};
    String first = problem(cli.run(command));
    assertThat(first.split(",")).hasSize(9);
    assertThat(problem(cli.run(command))).isEqualTo(first);
    command[5] = "4";
    assertThat(problem(cli.run(command))).isNotEqualTo(first);
    assertThat(problem(cli.run("run", "sorting", "--json")).split(",")).hasSize(64);
  }

  private static String problem(Outcome o) {
    assertThat(o.code()).as(o.err()).isZero();
    Map<?, ?> result = o.result();
    return String.valueOf(result.get("problem"));
  }

  @Test
  void solvesAFileAndSumsUp() throws IOException {
    Outcome o = cli.run("run", "sorting", "--data", csv().toString());
    assertThat(o.code()).isZero();
    assertThat(o.out().lines()).hasSize(4).last().asString().startsWith("3 of 3 solved");
    Outcome limited = cli.run("run", "sorting", "--data", csv().toString(), "--limit", "2", "-q");
    assertThat(limited.out().lines()).containsExactly("[1, 2, 3]", "[0, 9, 9]");
  }

  @Test
  void anUnsolvedProblemIsAFailureOnlyWhenAskedFor() {
    UnaryOperator<String> wrong = list -> list;
    Outcome o = cli.answers(wrong).run("run", "sorting", "--problem", "[3, 1]", "--json");
    assertThat(o.code()).isZero();
    Map<?, ?> result = o.result();
    assertThat(result.get("solved")).isEqualTo(false);
    assertThat(result.get("error")).isEqualTo(1L);
    Outcome required =
        cli.answers(wrong).run("run", "sorting", "--problem", "[3, 1]", "--require-solved");
    assertThat(required.code()).isEqualTo(1);
    assertThat(required.out()).contains("no, error 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"greedy", "best-of-n", "self-consistency", "beam", "tot-bfs"})
  void everyStrategySorts(String strategy) {
    Outcome o = cli.run("run", "sorting", "--problem", "[3, 1, 2]", "--strategy", strategy, "-q");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.out().strip()).isEqualTo("[1, 2, 3]");
  }

  @Test
  void widthDepthAndBudgetsReachTheSearch() {
    Outcome o =
        cli.answers(list -> list)
            .run(
                "run",
                "sorting",
                "--problem",
                "[3, 1]",
                "--json",
                "--width",
                "3",
                "--depth",
                "2",
                "--budget-nodes",
                "4");
    Map<?, ?> result = o.result();
    Map<?, ?> tree = CliRunner.map(result, "tree");
    assertThat(CliRunner.number(tree, "nodes")).isLessThanOrEqualTo(4);
    assertThat(CliRunner.number(tree, "depth")).isLessThanOrEqualTo(2);
    Outcome tokens =
        cli.answers(list -> list)
            .run("run", "sorting", "--problem", "[3, 1]", "--json", "--budget-tokens", "20");
    Map<?, ?> cut = tokens.result();
    assertThat(CliRunner.number(CliRunner.map(cut, "tokens"), "decoded")).isLessThanOrEqualTo(20);
  }

  @Test
  void drawsALiveLineOnATerminalOnly() {
    Outcome piped = cli.run("run", "sorting");
    assertThat(piped.err()).doesNotContain("\r").doesNotContain("\033");
    assertThat(piped.out()).doesNotContain("\033");
    Outcome shown = new CliRunner(temp).terminals().run("run", "sorting");
    assertThat(shown.err()).contains("\r").contains("live").endsWith("\033[J");
    assertThat(shown.out()).contains("\033[32myes");
    Outcome plain = new CliRunner(temp).terminals().env("NO_COLOR", "1").run("run", "sorting");
    assertThat(plain.out()).doesNotContain("\033");
    Outcome dumb = new CliRunner(temp).terminals().env("TERM", "dumb").run("run", "sorting");
    assertThat(dumb.err()).doesNotContain("\r");
  }

  @Test
  void problemsAreTextsFilesAndStandardInput() throws IOException {
    Path file = Files.writeString(temp.resolve("list.txt"), "[5, 4]\n");
    Outcome o =
        cli.in("[3, 2]")
            .run(
                "run",
                "sorting",
                "--problem",
                "[1, 0]",
                "--problem",
                file.toString(),
                "--problem",
                "-",
                "--json");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(
            CliRunner.list(o.json(), "results").stream().map(r -> CliRunner.map(r).get("problem")))
        .isEqualTo(List.of("[1, 0]", "[5, 4]", "[3, 2]"));
    Outcome gone = cli.run("run", "sorting", "--problem", "gone.txt");
    assertThat(gone.code()).isEqualTo(2);
    assertThat(gone.err()).contains("gone.txt looks like a file, but is not there").hasLineCount(1);
    assertThat(cli.run("run", "sorting", "--problem", "-", "--problem", "-").code()).isEqualTo(2);
  }

  @Test
  void aPartOfAFileCanBeTaken() throws IOException {
    String data = csv().toString();
    Outcome o = cli.run("run", "sorting", "--data", data, "--skip", "1", "--limit", "1", "--json");
    assertThat(o.result().get("id")).isEqualTo("1");
    Outcome past = cli.run("run", "sorting", "--data", data, "--skip", "3");
    assertThat(past.code()).isEqualTo(2);
    assertThat(past.err()).contains("holds only 3");
    assertThat(cli.run("run", "sorting", "--skip", "1").code()).isEqualTo(2);
  }

  @Test
  void promptsOfOnesOwnAreUsed() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("mine/sorting"));
    Files.writeString(folder.resolve("root.txt"), "Ordne! Input: {problem}\n");
    List<String> seen = new ArrayList<>();
    cli.answers(list -> {
      seen.add(list);
      return CliRunner.sorted(list);
    });
    Outcome o =
        cli.run(
            "run",
            "sorting",
            "--problem",
            "[3, 1, 2]",
            "--prompts",
            temp.resolve("mine").toString(),
            "--json");
    assertThat(o.result().get("solved")).isEqualTo(true);
    // The built-in prompt has hundreds of letters before the list.
    assertThat(CliRunner.number(CliRunner.map(o.result(), "tokens"), "prefilled")).isLessThan(60);
    assertThat(seen).contains("3, 1, 2");
    Outcome bad = cli.run("run", "sorting", "--prompts", temp.resolve("none").toString());
    assertThat(bad.code()).isEqualTo(2);
    assertThat(bad.err()).contains("there is no folder").hasLineCount(1);
  }

  @Test
  void aReportIsWritten() throws IOException {
    Path file = temp.resolve("r.html");
    Outcome o = cli.run("run", "sorting", "--data", csv().toString(), "--report", file.toString());
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.err()).contains("the report is " + file);
    String page = Files.readString(file);
    assertThat(page).contains("[9, 9, 0]").contains("sorting by tot-bfs");
    int at = page.indexOf("id=\"data\">") + 10;
    Object data = JsonReader.read(page.substring(at, page.indexOf("</script>", at)));
    assertThat((List<?>) data).as("a search each problem").hasSize(3);
    Outcome bad = cli.run("run", "sorting", "--report", temp.resolve("no/r.html").toString());
    assertThat(bad.code()).isEqualTo(1);
    assertThat(bad.err()).contains("cannot write the report");
  }

  @Test
  void anInterruptEndsWithTheBestSoFarAndItsExitCode() throws IOException {
    CliRunner interrupted = new CliRunner(temp);
    interrupted.answers(list -> {
      interrupted.interrupt().raise();
      return list;
    });
    Outcome o = interrupted.run("run", "sorting", "--data", csv().toString(), "--json");
    assertThat(o.code()).isEqualTo(130);
    assertThat(o.result().get("stopped")).isEqualTo("cancelled");
  }

  @Test
  void aRewardModelIsAnEvaluatorByName() {
    Outcome o =
        cli.run(
            "run",
            "sorting",
            "--problem",
            "[3, 1, 2]",
            "--strategy",
            "best-of-n",
            "--evaluator",
            "reward-model",
            "-E",
            "model=deft-mini",
            "--json");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.result().get("answer")).isEqualTo("[1, 2, 3]");
    Outcome lacking = cli.run("run", "sorting", "--evaluator", "reward-model");
    assertThat(lacking.code()).isEqualTo(2);
    assertThat(lacking.err()).contains("-E model=NAME-OR-PATH").hasLineCount(1);
  }
}
