package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.deft4j.cli.CliRunner.Outcome;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a user gets wrong ends in one line that says what to do, and the right exit code. */
class BadInputTest {
  @TempDir Path temp;

  /**
   * A mistake.
   *
   * @param command words after {@code deft}; {@code @name} is a file of {@link #files}
   * @param code exit code
   * @param says what the line must contain
   */
  record Mistake(String command, int code, String... says) {
    @Override
    public String toString() {
      return command;
    }
  }

  @BeforeEach
  void files() throws IOException {
    write("good.csv", "ID,Unsorted,Sorted\n0,\"[3, 1]\",\"[1, 3]\"\n");
    write("empty.csv", "");
    write("header.csv", "ID,Unsorted,Sorted\n");
    write("columns.csv", "ID,List\n0,\"[1]\"\n");
    write("digit.csv", "ID,Unsorted\n0,\"[3, 1]\"\n1,\"[3, x]\"\n");
    write("range.csv", "ID,Unsorted\n0,\"[3, 10]\"\n");
    write("fields.csv", "ID,Unsorted\n0,\"[3, 1]\"\n1\n");
    write("quote.csv", "ID,Unsorted\n0,\"[3, 1]\n");
    write("wrong.csv", "ID,Unsorted,Sorted\n0,\"[3, 1]\",\"[3, 1]\"\n");
    Files.write(temp.resolve("bytes.csv"), new byte[] {'I', 'D', (byte) 0xff, (byte) 0xfe, '\n'});
    write("text.gguf", "this is no model");
    write("short.gguf", "GGUF");
    write("no.jar", "this is no jar");
    write("tree.json", "{\"a\": 1}");
    write("broken.json", "[1, 2\n");
    write("record.json", "[{\"data\": {\"0\": {\"id\": 5}}}]");
    write("draft.json", "{\"Tree_Structure\": [[0]]}");
    write("good.json", RECORDING);
    Files.createDirectory(temp.resolve("folder"));
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(temp.resolve(name), text);
  }

  private static final String RECORDING =
      """
      [{"incompleted": false, "data": {
        "0": {"id": 0, "value": 4, "start": -3, "end": 0, "children": [1, 2]},
        "1": {"id": 1, "value": 3, "start": 1, "end": 3, "children": []},
        "2": {"id": 2, "value": 5, "start": 1, "end": 5, "children": []}}}]
      """;

  static Stream<Mistake> mistakes() {
    return Stream.of(
        new Mistake("", 2, "which command?"),
        new Mistake("fly", 2, "unknown command 'fly'"),
        new Mistake("doctr", 2, "did you mean", "doctor"),
        new Mistake("--frobnicate", 2, "--frobnicate"),
        new Mistake("run", 2, "TASK"),
        new Mistake("run sorting extra", 2, "extra"),
        new Mistake("run sortin", 2, "unknown task 'sortin'", "sorting"),
        new Mistake("run sorting --strategy guess", 2, "unknown strategy 'guess'", "tot-bfs"),
        new Mistake("run sorting --evaluator nobody", 2, "unknown evaluator 'nobody'", "judge"),
        new Mistake("run sorting --attention flat", 2, "unknown attention method", "flatten"),
        new Mistake("run sorting --backend abacus", 2, "unknown backend 'abacus'", "scalar"),
        new Mistake("run sorting --kv-type f8", 2, "--kv-type", "f8"),
        new Mistake("run sorting --kv-memory -1", 2, "--kv-memory"),
        new Mistake("run sorting --width 0", 2, "width", "at least 1", "0"),
        new Mistake("run sorting --width many", 2, "width", "many"),
        new Mistake("run sorting --width", 2, "--width"),
        new Mistake("run sorting --depth -3", 2, "depth", "-3"),
        new Mistake("run sorting --length 0", 2, "length", "0"),
        new Mistake("run sorting --length 9999999999", 2, "length", "9999999999"),
        new Mistake("run sorting --threads -1", 2, "--threads"),
        new Mistake("run sorting --threads two", 2, "--threads", "two"),
        new Mistake("run sorting --seed x", 2, "--seed", "x"),
        new Mistake("run sorting --budget-tokens 0", 2, "--budget-tokens"),
        new Mistake("run sorting --budget-nodes -5", 2, "--budget-nodes"),
        new Mistake("run sorting --budget-time 0", 2, "--budget-time"),
        new Mistake("run sorting --budget-time soon", 2, "--budget-time", "soon"),
        new Mistake("run sorting -S colour=red", 2, "colour", "width"),
        new Mistake("run sorting -T colour=red", 2, "colour", "length"),
        new Mistake("run sorting -S width", 2, "-S"),
        new Mistake("run sorting -S temperature=hot", 2, "temperature", "hot"),
        new Mistake("run sorting --problem [3,x]", 2, "x"),
        new Mistake("run sorting --problem [3,10]", 2, "10", "0 to 9"),
        new Mistake("run sorting --problem []", 2, "empty"),
        new Mistake("run sorting --problem hello", 2, "hello"),
        new Mistake("run sorting --problem -", 2, "list"),
        new Mistake("run sorting --problem [1] --data @good.csv", 2, "--problem or --data"),
        new Mistake("run sorting --limit 3", 2, "--limit goes with --data"),
        new Mistake("run sorting --data @good.csv --limit 0", 2, "--limit"),
        new Mistake("run sorting --data @missing.csv", 2, "missing.csv", "does not exist"),
        new Mistake("run sorting --data @folder", 2, "folder"),
        new Mistake("run sorting --data @empty.csv", 2, "empty.csv", "header"),
        new Mistake("run sorting --data @header.csv", 2, "header.csv", "no problems"),
        new Mistake("run sorting --data @columns.csv", 2, "columns.csv", "Unsorted"),
        new Mistake("run sorting --data @digit.csv", 2, "digit.csv", "line 3", "x"),
        new Mistake("run sorting --data @range.csv", 2, "range.csv", "line 2", "10"),
        new Mistake("run sorting --data @fields.csv", 2, "fields.csv", "line 3"),
        new Mistake("run sorting --data @quote.csv", 2, "quote.csv", "line 2"),
        new Mistake("run sorting --data @wrong.csv", 2, "wrong.csv", "line 2"),
        new Mistake("run sorting --data @bytes.csv", 2, "bytes.csv", "UTF-8"),
        new Mistake("run sorting --plugin @missing.jar", 2, "missing.jar", "does not exist"),
        new Mistake("run sorting --plugin @no.jar", 1, "no.jar"),
        new Mistake("tasks --plugin @folder", 1, "folder", "DeftPlugin"),
        new Mistake("run sorting --model @missing.gguf", 3, "missing.gguf"),
        new Mistake("run sorting --model nobody", 3, "nobody"),
        new Mistake("run sorting --model @text.gguf", 4, "text.gguf"),
        new Mistake("run sorting --model @short.gguf", 4, "short.gguf"),
        new Mistake("run sorting --model @folder", 3, "folder"),
        new Mistake("bench", 2, "which benchmark?"),
        new Mistake("bench io", 2, "--templates"),
        new Mistake("bench io --templates @missing", 2, "missing", "does not exist"),
        new Mistake("bench io --templates @folder", 2, "*.json"),
        new Mistake("bench io --templates @tree.json", 2, "tree.json", "list of trees"),
        new Mistake("bench io --templates @broken.json", 2, "broken.json", "line 2"),
        new Mistake("bench io --templates @record.json", 2, "record.json", "record 0"),
        new Mistake("bench io --templates @tree.json --attention x", 2, "attention method 'x'"),
        new Mistake("bench io --templates @tree.json --block-tokens 0", 2, "--block-tokens"),
        new Mistake("bench io --templates @tree.json --kv-heads 5", 2, "5 kv heads"),
        new Mistake("bench attention --dtype f8", 2, "--dtype", "f8"),
        new Mistake("bench attention --heads 32,8", 2, "--heads", "32,8"),
        new Mistake("bench attention --heads 32,5,128", 2, "--heads", "32,5,128"),
        new Mistake("bench attention --workload x", 2, "unknown workload 'x'", "few-shot-4k-50"),
        new Mistake("bench attention --tree 1,10", 2, "1,10", "1,10/4000,400"),
        new Mistake("bench attention --tree 1,x/4,4", 2, "1,x"),
        new Mistake("bench attention --tree 2,3/4,4", 2, "level 1", "3 nodes"),
        new Mistake("bench attention --attention x", 2, "attention method 'x'"),
        new Mistake("bench attention --peak 0", 2, "--peak"),
        new Mistake("bench attention --json --csv", 2, "--json or --csv"),
        new Mistake("bench io --templates @tree.json --out @none/x", 2, "--out", "no folder"),
        new Mistake("bench io --templates @tree.json --out @folder", 2, "--out", "folder"),
        new Mistake("bench decode --shape huge", 2, "unknown shape 'huge'", "llama-3-8b"),
        new Mistake("bench decode --shape tiny --model @text.gguf", 2, "--shape or --model"),
        new Mistake("bench decode --model @text.gguf --backend scalar", 4, "text.gguf"),
        new Mistake("bench decode --leaves 0", 2, "--leaves", "0"),
        new Mistake("bench decode --context 0", 2, "--context"),
        new Mistake("bench decode --steps 0", 2, "--steps"),
        new Mistake("bench decode --temperature -1", 2, "--temperature"),
        new Mistake("bench decode --attention x", 2, "attention method 'x'"),
        new Mistake("bench decode --threads -1", 2, "--threads"),
        new Mistake("bench replay", 2, "--templates"),
        new Mistake("bench replay --templates @missing", 2, "missing", "does not exist"),
        new Mistake("bench replay --templates @tree.json", 2, "tree.json", "list of trees"),
        new Mistake("bench replay --templates @draft.json", 2, "draft.json", "Records"),
        new Mistake("bench replay --templates @good.json --record 1", 2, "0 to 0"),
        new Mistake("bench replay --templates @good.json --prompt 0", 2, "--prompt"),
        new Mistake("bench replay --templates @good.json --samples -1", 2, "--samples"),
        new Mistake("plot", 2, "FILE"),
        new Mistake("plot @missing.json", 2, "missing.json"),
        new Mistake("plot @broken.json", 2, "broken.json", "line 2"),
        new Mistake("plot @good.json", 2, "good.json", "deft bench"),
        new Mistake("bench tasks", 2, "--data"),
        new Mistake("bench tasks --data @missing.csv", 2, "missing.csv"),
        new Mistake("bench tasks --data @folder", 2, "*.csv"),
        new Mistake("bench tasks --data @good.csv --entrant x", 2, "unknown --entrant 'x'"),
        new Mistake("bench tasks --data @good.csv --limit 0", 2, "--limit"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void endsInOneLineThatSaysWhatToDo(Mistake mistake) {
    String[] args =
        mistake.command().isEmpty()
            ? new String[0]
            : Stream.of(mistake.command().split(" "))
                .map(w -> w.startsWith("@") ? temp.resolve(w.substring(1)).toString() : w)
                .toArray(String[]::new);
    CliRunner cli = new CliRunner(temp.resolve("home"));
    // Only a command about a model gets as far as opening one.
    Outcome o = (mistake.command().contains("--model") ? cli.realModels() : cli).run(args);
    assertThat(o.code()).as(o.err()).isEqualTo(mistake.code());
    assertThat(o.out()).isEmpty();
    assertThat(o.err()).startsWith("deft: ").hasLineCount(1).contains(mistake.says());
    assertThat(o.err()).doesNotContain("Exception").doesNotContain("internal error");
  }

  @Test
  void aLogOfAnotherConfigurationIsRefused() throws IOException {
    Path log = temp.resolve("log.jsonl");
    String data = temp.resolve("good.csv").toString();
    List<String> command =
        List.of("bench", "tasks", "--data", data, "--out", log.toString(), "--entrant", "greedy");
    CliRunner cli = new CliRunner(temp.resolve("home"));
    Files.writeString(log, "no log\n", StandardCharsets.UTF_8);
    Outcome o = cli.run(command.toArray(String[]::new));
    assertThat(o.code()).isEqualTo(2);
    assertThat(o.err()).hasLineCount(1).contains("another configuration");
  }

  @Test
  void inputThatIsNoTextIsRefused() {
    Outcome o = new CliRunner(temp).in("\ud800").run("run", "sorting", "--problem", "-");
    assertThat(o.code()).isEqualTo(2);
    assertThat(o.err()).hasLineCount(1);
  }
}
