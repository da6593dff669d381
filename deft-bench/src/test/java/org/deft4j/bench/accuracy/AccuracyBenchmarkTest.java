package org.deft4j.bench.accuracy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.PluginLoader;
import org.deft4j.runtime.PluginPath;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccuracyBenchmarkTest {
  private static final Map<String, Object> SETTING = Map.of("model", "scripted");
  private static final List<Entrant> ENTRANTS =
      List.of(
          new Entrant("greedy", "greedy", Map.of(), "checker"),
          new Entrant("tot", "tot-bfs", Map.of("width", "2", "depth", "1"), "checker"));

  @TempDir Path temp;
  private Path data = Path.of("");
  private Path log = Path.of("");

  @BeforeEach
  void files() throws IOException {
    data =
        Files.writeString(
            temp.resolve("lists.csv"),
            """
            ID,Unsorted
            0,"[3, 1, 2]"
            1,"[2, 1]"
            2,"[1, 3, 2]"
            """);
    log = temp.resolve("log.jsonl");
  }

  /** A model that always answers [1, 2, 3]: right for two of the three lists. */
  private static Deft deft() {
    ScriptedCodec codec = new ScriptedCodec("<|bos|>", "<|end|>");
    return new Deft(
        new DeftModule(DeftOptions.of("any"), PluginLoader.load(PluginPath.none())).registry(),
        new ScriptedDecoder(codec, ScriptedModel.canned(codec, (_, _) -> " [1, 2, 3]")));
  }

  private AccuracyBenchmark benchmark(int limit) {
    return benchmark(limit, 0);
  }

  private AccuracyBenchmark benchmark(int limit, long seed) {
    DataFile file = DataFile.of(data, limit).orElseThrow();
    return new AccuracyBenchmark(List.of(new AccuracyBenchmark.Entry(file, ENTRANTS)), seed);
  }

  private AccuracyTable run(int limit, List<String> solved) {
    try (Deft deft = deft()) {
      return benchmark(limit).run(log, deft, SETTING, p -> solved.add(p.what()), () -> false);
    }
  }

  @Test
  void addsUpRightAndWrongAnswers() {
    List<AccuracyTable.Line> lines = run(100, new ArrayList<>()).lines();
    assertThat(lines).hasSize(2);
    assertThat(lines)
        .allSatisfy(l -> {
          assertThat(l.problems()).isEqualTo(3);
          assertThat(l.solved()).isEqualTo(2);
          assertThat(l.meanError()).isEqualTo(1.0 / 3);
          assertThat(l.medianError()).isZero();
          assertThat(l.failed()).isZero();
          assertThat(l.meanTokens()).isPositive();
        });
    assertThat(run(100, new ArrayList<>()).markdown())
        .contains("| lists | greedy | checker | 67 % of 3 | 0.33 | 0.00 | 0 |");
  }

  @Test
  void aSecondRunSolvesOnlyWhatIsMissing() {
    List<String> first = new ArrayList<>();
    run(1, first);
    assertThat(first).containsExactly("lists 0 greedy/checker", "lists 0 tot/checker");
    List<String> second = new ArrayList<>();
    run(2, second);
    assertThat(second).containsExactly("lists 1 greedy/checker", "lists 1 tot/checker");
    List<String> third = new ArrayList<>();
    assertThat(run(1, third).lines()).allSatisfy(l -> assertThat(l.problems()).isEqualTo(1));
    assertThat(third).isEmpty();
  }

  @Test
  void aLineThatACrashCutShortIsDoneAgain() throws IOException {
    AccuracyTable whole = run(100, new ArrayList<>());
    String text = Files.readString(log);
    Files.writeString(log, text.substring(0, text.length() - 7));
    List<String> again = new ArrayList<>();
    assertThat(run(100, again).lines()).hasSameSizeAs(whole.lines());
    assertThat(again).containsExactly("lists 2 tot/checker");
  }

  @Test
  void aLogOfAnotherConfigurationIsRefused() {
    run(1, new ArrayList<>());
    AccuracyBenchmark other = benchmark(1, 7);
    try (Deft deft = deft()) {
      assertThatThrownBy(() -> other.run(log, deft, SETTING, _ -> {}, () -> false))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("another configuration");
      assertThatThrownBy(
              () -> benchmark(1).run(log, deft, Map.of("model", "b"), _ -> {}, () -> false))
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("another configuration");
    }
  }

  @Test
  void aDamagedLineIsNamed() throws IOException {
    run(1, new ArrayList<>());
    Files.writeString(log, "{\"data\":1}\n", StandardOpenOption.APPEND);
    assertThatThrownBy(() -> run(1, new ArrayList<>()))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("line 4");
  }

  @Test
  void stoppingKeepsWhatIsDone() {
    List<String> begun = new ArrayList<>();
    try (Deft deft = deft()) {
      AccuracyTable table =
          benchmark(100).run(log, deft, SETTING, p -> begun.add(p.what()), () -> begun.size() > 2);
      assertThat(table.lines().getFirst().problems()).isEqualTo(2);
    }
    List<String> rest = new ArrayList<>();
    run(100, rest);
    assertThat(rest).hasSize(4);
  }

  @Test
  void anEntrantOfOtherSettingsIsAnotherOne() {
    run(1, new ArrayList<>());
    Entrant wider = new Entrant("tot", "tot-bfs", Map.of("width", "3", "depth", "1"), "checker");
    DataFile file = DataFile.of(data, 1).orElseThrow();
    AccuracyBenchmark other =
        new AccuracyBenchmark(
            List.of(new AccuracyBenchmark.Entry(file, List.of(ENTRANTS.getFirst(), wider))), 0);
    List<String> solved = new ArrayList<>();
    try (Deft deft = deft()) {
      assertThat(other.run(log, deft, SETTING, p -> solved.add(p.what()), () -> false).lines())
          .hasSize(2);
    }
    assertThat(solved).containsExactly("lists 0 tot/checker");
  }

  @Test
  void theTaskIsToldByTheColumns() throws IOException {
    assertThat(DataFile.of(data, 0).orElseThrow().task()).isEqualTo("sorting");
    assertThat(DataFile.of(data, 0).orElseThrow().limit()).isEqualTo(Integer.MAX_VALUE);
    String[][] files = {
      {"SET1,SET2\n1,1\n", "set-intersection"},
      {"ID,Text,Countries\n0,Peru,Peru\n", "keyword-counting"},
      {"document1,document2\na,b\n", "document-merging"}
    };
    for (String[] f : files) {
      Path file = Files.writeString(temp.resolve("file.csv"), f[0]);
      assertThat(DataFile.of(file, 0).orElseThrow().task()).isEqualTo(f[1]);
      assertThat(DataFile.of(file, 7).orElseThrow().limit()).isEqualTo(7);
    }
    assertThat(DataFile.of(temp.resolve("file.csv"), 0).orElseThrow().limit())
        .as("of documents the first rows")
        .isEqualTo(50);
    assertThat(DataFile.of(Files.writeString(temp.resolve("b.csv"), "Rank,Puzzles\n1,2\n"), 0))
        .isEmpty();
    assertThat(DataFile.of(temp.resolve("no-table.txt"), 0)).isEmpty();
  }

  @Test
  void filesOfOneNameAreRefused() {
    AccuracyBenchmark.Entry entry = benchmark(1).entries().getFirst();
    assertThatThrownBy(() -> new AccuracyBenchmark(List.of(entry, entry), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("two data files have the same name");
  }
}
