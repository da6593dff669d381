package org.deft4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.PluginLoader;
import org.deft4j.runtime.PluginPath;
import org.deft4j.runtime.Registry;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.junit.jupiter.api.Test;

class ExamplesTest {
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
    assertThat(readme.lines().filter(l -> l.startsWith("./deft run ")))
        .isNotEmpty()
        .allSatisfy(l -> assertThat(l).matches("./deft run (sorting|maximum)\\b.*"));
  }
}
