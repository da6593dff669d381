package org.deft4j.bench.accuracy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Merges in the table: scored beside what needs no model, and problems that do not fit. */
class MergeTableTest {
  private static final String FACT = "The old stone bridge burned down yesterday.";

  @TempDir Path temp;
  private Path data = Path.of("");

  @BeforeEach
  void write() throws IOException {
    data =
        Files.writeString(
            temp.resolve("documents.csv"),
            """
            id,document1,document2
            a,"%s Nobody was hurt.","%s Teachers demand higher wages."
            b,"%s","%s"
            """
                .formatted(FACT, FACT, "Too long. ".repeat(150), "Much too long. ".repeat(80)));
  }

  private AccuracyTable run(List<String> progress) {
    ScriptedCodec codec =
        new ScriptedCodec(
            "<|bos|>",
            "<|end|>",
            "<|solve|>",
            "<|improve|>",
            "<|merge|>",
            "<|judge|>",
            "<|sep|>",
            "<|yes|>",
            "<|no|>",
            "<|document|>",
            "255");
    ScriptedModel model =
        ScriptedModel.canned(
            codec,
            (prompt, _) ->
                prompt.contains("<|solve|>") && prompt.endsWith("<|sep|>")
                    ? "Teachers demand higher wages.<|end|>"
                    : FACT + "<|sep|>");
    DataFile file = DataFile.of(data, 0).orElseThrow();
    AccuracyBenchmark benchmark =
        new AccuracyBenchmark(
            List.of(
                new AccuracyBenchmark.Entry(
                    file,
                    List.of(
                        new Entrant("greedy", "greedy", Map.of(), Entrant.NONE),
                        new Entrant("tot", "tot-bfs", Map.of(), "checker")))),
            0);
    try (Deft deft =
        new Deft(
            new DeftModule(DeftOptions.of("any"), PluginLoader.load(PluginPath.none())).registry(),
            new ScriptedDecoder(codec, model))) {
      return benchmark.run(
          temp.resolve("log.jsonl"), deft, Map.of(), p -> progress.add(p.what()), () -> false);
    }
  }

  @Test
  void aProblemThatDoesNotFitIsAFailureAndNoEnd() {
    List<String> first = new ArrayList<>();
    AccuracyTable table = run(first);
    assertThat(first).hasSize(4);
    assertThat(table.lines())
        .allSatisfy(l -> {
          assertThat(l.problems()).isEqualTo(2);
          assertThat(l.failed()).isEqualTo(1);
          assertThat(l.solved()).isZero();
        });
    AccuracyTable.Size size = table.sizes().getFirst();
    assertThat(size.tooLarge()).isEqualTo(1);
    assertThat(size.mostTokens()).isEqualTo((int) size.meanTokens());
    // Of the problem that fits alone, which has 10 and 11 words.
    assertThat(size.tokensPerWord()).isEqualTo(size.meanTokens() / 21, within(1e-9));
    List<String> second = new ArrayList<>();
    assertThat(run(second)).isEqualTo(table);
    assertThat(second).as("what failed is kept too").isEmpty();
  }

  @Test
  void mergesAreScoredBesideThoseOfNoModel() {
    AccuracyTable table = run(new ArrayList<>());
    assertThat(table.merges().stream().map(MergeLine::method))
        .containsExactly(
            "documents one after the other",
            "sentences of equal content words once",
            "sentences that those before do not cover",
            "greedy",
            "tot");
    MergeLine plain = table.merges().get(0);
    assertThat(plain.coverage()).isEqualTo(1);
    assertThat(plain.ofPlain()).isEqualTo(1);
    assertThat(table.merges().get(1).repetition()).isLessThan(plain.repetition());
    MergeLine greedy = table.merges().get(3);
    assertThat(greedy.problems()).isEqualTo(2);
    assertThat(greedy.merges()).isEqualTo(1);
    // Two of three distinct sentences of one problem, nothing of the other.
    assertThat(greedy.coverage()).isEqualTo(1 / 3.0, within(1e-9));
    assertThat(greedy.repetition()).isZero();
    assertThat(greedy.words()).isEqualTo(11);
    assertThat(table.markdown())
        .contains("| documents | greedy | none | 1 of 2 | 0.333 | 0.000 | 0.00 | 11 |");
    assertThat(table.texts()).hasSize(1);
    assertThat(table.texts().getFirst().markdown())
        .contains("## documents a by tot/checker: coverage 0.667, repetition 0.000")
        .contains("- " + FACT + "\n- Teachers demand higher wages.\n")
        .contains("Not covered:\n\n- Nobody was hurt.");
  }
}
