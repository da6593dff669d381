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
    for (String line : Files.readAllLines(DOCS.resolve(page))) {
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
