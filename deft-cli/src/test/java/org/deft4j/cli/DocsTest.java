package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.Folders;
import org.deft4j.runtime.PluginLoader;
import org.deft4j.runtime.PluginPath;
import org.deft4j.runtime.Registry;
import org.deft4j.search.spi.Options;
import org.deft4j.tasks.TasksPlugin;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What the pages show must be there. */
class DocsTest {
  private static final Path DOCS = Path.of("..", "docs");
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|'([^']*)'|(\\S+)");

  @TempDir Path temp;

  private static List<List<String>> commands(String page) throws IOException {
    List<List<String>> commands = new ArrayList<>();
    String text = Files.readString(DOCS.resolve(page)).replaceAll("\\\\\\R\\s*", "");
    for (String line : text.lines().toList()) {
      if (line.startsWith("deft ")) {
        List<String> words = new ArrayList<>();
        for (Matcher m = WORD.matcher(line.replaceFirst("\\s+#.*", "")); m.find(); ) {
          words.add(m.group(1) != null ? m.group(1) : m.group(2) != null ? m.group(2) : m.group(3));
        }
        commands.add(words.subList(1, words.size()));
      }
    }
    return commands;
  }

  private static Registry registry() {
    return new DeftModule(DeftOptions.of("any"), PluginLoader.load(PluginPath.none())).registry();
  }

  /** Small files under the names of the pages, each in this test's folder. */
  @BeforeEach
  void files() throws IOException {
    Files.writeString(temp.resolve("a.txt"), "One fact. Another fact.");
    Files.writeString(temp.resolve("b.txt"), "Another fact. A third one.");
    Files.writeString(temp.resolve("question.txt"), "Why?");
    String documents = "id,document1,document2\n0,One fact.,Another fact.\n";
    Files.writeString(temp.resolve("documents.csv"), documents);
    Path data = Files.createDirectories(temp.resolve("DIR"));
    Files.writeString(data.resolve("documents.csv"), documents);
    Files.writeString(data.resolve("sorting_002.csv"), "ID,Unsorted\n0,\"[2, 1]\"\n");
    Files.writeString(data.resolve("sets.csv"), "SET1,SET2\n\"[2, 1]\",\"[2, 3]\"\n");
    Files.writeString(data.resolve("countries.csv"), "Text,Countries\nPeru.,Peru\n");
    Files.writeString(data.resolve("other.csv"), "Rank,Puzzles\n1,4 9 10 13\n");
  }

  /** The same command about files of this test's folder, and a small evaluation for a large one. */
  private String[] here(List<String> command) {
    List<String> words = new ArrayList<>();
    for (String word : command) {
      words.add(
          switch (word) {
            case "FILE" -> temp.resolve("model.gguf").toString();
            case "2^0..2^6" -> "1,2";
            case "40" -> "2";
            case "5" -> "1";
            default ->
                word.matches("DIR|eval-sorting|[\\w.-]+\\.(txt|csv|html|jsonl|gguf)")
                    ? temp.resolve(word).toString()
                    : word;
          });
    }
    if (command.getFirst().equals("bench")) {
      words.addAll(List.of("--out", temp.resolve("rows.jsonl").toString()));
    } else if (command.getFirst().equals("new")) {
      words.addAll(List.of("--output", temp.resolve(command.getLast()).toString()));
    }
    return words.toArray(String[]::new);
  }

  /** In order, with a scripted model: what one writes, the next may read. */
  @ParameterizedTest
  @ValueSource(strings = {"tasks.md", "traces.md", "eval.md", "plugins.md"})
  void everyCommandRuns(String page) throws IOException {
    int ran = 0;
    for (List<String> command : commands(page)) {
      // A plugin must be built first: PluginProjectTest does that for the project that it shows.
      if (!command.contains("--plugin")) {
        CliRunner.Outcome o = new CliRunner(temp.resolve("home")).run(here(command));
        assertThat(o.code()).as("%s%n%s", command, o.err()).isZero();
        assertThat(o.err()).as("%s", command).doesNotContain("Exception");
        ran++;
      }
    }
    assertThat(ran).isPositive();
  }

  @Test
  void theBenchmarkOfTasksTakesWhatItKnowsOfAFolder() {
    CliRunner.Outcome o =
        new CliRunner(temp.resolve("home"))
            .run(here(List.of("bench", "tasks", "--data", "DIR", "--json", "--entrant", "greedy")));
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(
            CliRunner.list(o.json(), "lines").stream()
                .map(l -> String.valueOf(CliRunner.map(l).get("task"))))
        .containsExactly("keyword-counting", "document-merging", "set-intersection", "sorting");
    assertThat(CliRunner.list(o.json(), "merges")).hasSize(3 + 1);
    assertThat(CliRunner.list(o.json(), "sizes")).hasSize(4);
    CliRunner.Outcome none =
        new CliRunner(temp.resolve("home"))
            .run(here(List.of("bench", "tasks", "--data", "DIR", "--task", "game-of-24")));
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("no file of game-of-24").hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"tasks.md", "plugins.md"})
  void everyCommandIsUnderstood(String page) throws IOException {
    Terminal silent =
        new Terminal(
            InputStream.nullInputStream(),
            new PrintWriter(new StringWriter()),
            new PrintWriter(new StringWriter()),
            false,
            false,
            Map.of());
    Folders folders = new Folders(Optional.empty(), temp, temp);
    CommandLine line = Cli.commandLine(new Context(silent, new Interrupt(), folders, Deft::open));
    assertThat(commands(page)).isNotEmpty();
    for (List<String> command : commands(page)) {
      // Throws for an unknown command or option.
      line.parseArgs(command.toArray(String[]::new));
    }
  }

  @Test
  void theFirstCommandRuns() throws IOException {
    List<String> first = commands("tasks.md").getFirst();
    assertThat(first).startsWith("run", "sorting");
    CliRunner.Outcome o = new CliRunner(temp).run(first.toArray(String[]::new));
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.out()).contains("solved   yes");
  }

  @Test
  void thePageOfTasksNamesThemAllWithTheirStages() throws IOException {
    String page = Files.readString(DOCS.resolve("tasks.md"));
    Registry registry = registry();
    assertThat(registry.tasks())
        .allSatisfy((name, factory) -> {
          assertThat(page).contains("| `" + name + "` |");
          assertThat(factory.create(Options.none()).generate(0).text()).isNotEmpty();
          assertThat(TasksPlugin.class.getResource("prompts/" + name + "/root.txt")).isNotNull();
        });
  }
}
