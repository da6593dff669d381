package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.deft4j.cli.CliRunner.Outcome;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Benchmarks on a processor, from the command line to files. */
class BenchCommandsTest {
  @TempDir Path folder;
  private Path tree;

  @BeforeEach
  void write() throws IOException {
    tree = folder.resolve("small.json");
    Files.writeString(
        tree,
        """
        [{"incompleted": false, "data": {
          "0": {"id": 0, "value": 20, "start": -19, "end": 0, "children": [1, 2]},
          "1": {"id": 1, "value": 8, "start": 1, "end": 8, "children": []},
          "2": {"id": 2, "value": 12, "start": 1, "end": 12, "children": []}}}]
        """);
  }

  private Outcome run(String... args) {
    return new CliRunner(folder.resolve("home")).run(args);
  }

  @Test
  void replayPrintsATableWritesADocumentAndPlotDrawsIt() throws IOException {
    Path out = folder.resolve("r.json");
    Outcome o =
        run(
            "bench",
            "replay",
            "--templates",
            tree.toString(),
            "--shape",
            "tiny",
            "--backend",
            "scalar",
            "--attention",
            "flatten,sequence",
            "--out",
            out.toString());
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.out()).contains("| small | 20 | 12 | flatten |").contains("| sequence |");
    Path pictures = folder.resolve("pictures");
    Outcome plot = run("plot", out.toString(), "--out", pictures.toString());
    assertThat(plot.code()).as(plot.err()).isZero();
    try (var files = Files.list(pictures)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .contains("latency-small-0-prompt-20.png", "thoughts-small-0.png", "speedup-steps.png");
    }
  }

  @Test
  void attentionAloneAsCsv() {
    Outcome o =
        run(
            "bench",
            "replay",
            "--attention-only",
            "--templates",
            tree.toString(),
            "--shape",
            "tiny",
            "--backend",
            "scalar",
            "--samples",
            "2",
            "--csv");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.out()).hasLineCount(8).startsWith("recording,record,prompt,steps,attention");
  }

  @Test
  void decodeReportsPartsAsJson() {
    Outcome o =
        run(
            "bench",
            "decode",
            "--shape",
            "tiny",
            "--backend",
            "scalar",
            "--leaves",
            "1,3",
            "--context",
            "30",
            "--tokens",
            "4",
            "--steps",
            "2",
            "--json");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.json().get("benchmark")).isEqualTo("decode");
    assertThat(CliRunner.list(o.json(), "rows")).hasSize(4);
    Map<?, ?> row = CliRunner.map(CliRunner.list(o.json(), "rows").getFirst());
    assertThat(CliRunner.fields(row))
        .contains("stepMillis", "productsMillis", "attentionMillis", "otherMillis", "hostMillis");
  }

  @Test
  void ioIsTheSameAsCsvAndTable() {
    Outcome csv = run("bench", "io", "--templates", tree.toString(), "--csv");
    assertThat(csv.code()).as(csv.err()).isZero();
    assertThat(csv.out()).hasLineCount(8).contains("small,1,12,20,flatten,");
    assertThat(run("bench", "io", "--templates", tree.toString()).out())
        .contains("| flatten |")
        .contains("small: 1 trees, 12 steps, 20 tokens decoded");
  }
}
