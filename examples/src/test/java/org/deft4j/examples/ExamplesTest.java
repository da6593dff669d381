package org.deft4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.PluginLoader;
import org.deft4j.runtime.PluginPath;
import org.deft4j.runtime.Registry;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExamplesTest {
  @TempDir Path temp;

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  /** The plugin is found on the class path, as it is in a jar. */
  private static Registry registry() {
    return new DeftModule(DeftOptions.of("any"), PluginLoader.load(PluginPath.none())).registry();
  }

  private static Deft scripted(String answer) {
    ScriptedCodec codec = new ScriptedCodec("<|bos|>", "<|end|>");
    return new Deft(
        registry(),
        new ScriptedDecoder(codec, ScriptedModel.canned(codec, (_, _) -> " " + answer + "\n")));
  }

  @Test
  void thePluginsTaskRunsWithItsStrategyAndTheBuiltInOnes() {
    for (String strategy : List.of("try-again", "greedy", "beam", "tot-bfs")) {
      try (Deft deft = scripted("41")) {
        SearchResult result = deft.search("maximum").problem("7 41 3").strategy(strategy).run();
        assertThat(result.answer()).as(strategy).contains("41");
        assertThat(result.solved()).isTrue();
      }
    }
  }

  @Test
  void retryGivesUpAfterItsTries() {
    try (Deft deft = scripted("42")) {
      SearchResult result =
          deft.search("maximum").problem("7 41 3").strategy("try-again").option("tries", 3).run();
      assertThat(result.solved()).isFalse();
      assertThat(result.tree().nodes()).isEqualTo(3);
    }
  }

  /** What a main prints, with the shipped model. */
  private static String printed(Consumer<String[]> main, String... arguments) {
    PrintStream out = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      main.accept(arguments);
    } finally {
      System.setOut(out);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void programsThatNeedNoArgumentsRunWithTheShippedModel() {
    assertThat(printed(EmbedBeamSearch::main)).isEqualTo("[1, 1, 2, 3, 4, 5, 6, 9] solved: true\n");
    assertThat(printed(CustomStrategy::main)).contains("solved: true");
    assertThat(printed(WithGuice::main)).isEqualTo("[0, 1, 3, 3, 7, 8]\n");
    assertThat(printed(WithGuice::main, "[2, 1]")).isEqualTo("[1, 2]\n");
    assertThat(printed(CustomEvaluator::main)).contains("score 1.0 by in-order, solved: true");
  }

  @Test
  void theCustomEvaluatorSeesOrderAlone() {
    Thought root =
        new Thought(0, -1, 0, "", "", new ThoughtState.Partial("x"), 0, 0, true, Optional.empty());
    Problem problem = registry().task("sorting", Options.none()).parse("[3, 1, 2]");
    for (var c :
        Map.of("[1, 2, 3]", 1.0, "[1, 9, 9]", 1.0, "[3, 2, 1]", 0.0, "[1, 3, 2]", .5).entrySet()) {
      Thought answer =
          new Thought(
              1, 0, 1, "", "", new ThoughtState.Answer(c.getKey()), 1, 0, true, Optional.empty());
      assertThat(CustomEvaluator.score(problem, List.of(root, answer)).score())
          .as(c.getKey())
          .isEqualTo(c.getValue());
    }
    assertThat(CustomEvaluator.score(problem, List.of(root)).score()).isZero();
  }

  @Test
  void mctsTellsOfEachThought() {
    ScriptedCodec codec = new ScriptedCodec("<|bos|>", "<|end|>");
    // 4 4 10 10: 10 * 10 - 4 = 96, 96 / 4 = 24, where a stream does not go astray.
    ScriptedModel model =
        ScriptedModel.canned(
            codec,
            (prompt, stream) -> {
              int left = prompt.lastIndexOf("Numbers left: ");
              String numbers = prompt.substring(left + 14, prompt.indexOf('\n', left)).strip();
              return switch (numbers) {
                case "4 4 10 10" -> stream % 2 == 0 ? " 10 * 10 = 100\n" : " 4 + 4 = 8\n";
                case "4 4 100" -> " 100 - 4 = 96\n";
                case "4 96" -> " 96 / 4 = 24\n";
                default -> " 10 - 10 = 0\n";
              };
            });
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (Deft deft = new Deft(registry(), new ScriptedDecoder(codec, model))) {
      SearchResult result =
          MctsWithProgress.run(
              deft, "4 4 10 10", new PrintStream(bytes, true, StandardCharsets.UTF_8));
      assertThat(result.solved()).as("%s", bytes).isTrue();
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .contains("  10 * 10 = 100")
        .contains("      96 / 4 = 24")
        .contains("best so far: ");
  }

  @Test
  void aMergeIsWrittenAsAReport() throws IOException {
    Path report = temp.resolve("report.html");
    String merge =
        "The old bridge over the Orlov was closed in March. Traffic now goes through the village."
            + " Its repair will cost two million crowns. The mayor hopes to open it before winter.";
    try (Deft deft = scripted(merge + "</Merged>")) {
      SearchResult result = MergeWithReport.run(deft, report);
      assertThat(result.answer()).contains(merge);
      assertThat(result.solved()).isTrue();
    }
    assertThat(Files.readString(report))
        .contains("Merging three documents")
        .contains("The mayor hopes to open it before winter.");
  }

  @Test
  void theReadmeShowsTheExampleAsItIs() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    String source =
        Files.readString(
            ROOT.resolve("examples/src/main/java/org/deft4j/examples/EmbedBeamSearch.java"));
    List<String> lines = source.lines().toList();
    int from = lines.indexOf("    try (Deft deft = Deft.open(\"deft-mini\")) {");
    int to = lines.indexOf("    }");
    assertThat(from).isPositive();
    List<String> body = lines.subList(from, to + 1).stream().map(l -> l.substring(4)).toList();
    assertThat(body).as("what the issue promises").hasSizeLessThanOrEqualTo(10);
    assertThat(readme).contains("```java\n" + String.join("\n", body) + "\n```");
  }

  @Test
  void theReadmeNamesOnlyCommandsThatExist() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    Map<String, ?> tasks = registry().tasks();
    assertThat(tasks).containsKeys("sorting", "maximum");
    List<String> named =
        Pattern.compile("\\./deft run ([a-z0-9-]+)")
            .matcher(readme)
            .results()
            .map(m -> m.group(1))
            .toList();
    assertThat(named).contains("sorting", "document-merging").isSubsetOf(tasks.keySet());
  }
}
