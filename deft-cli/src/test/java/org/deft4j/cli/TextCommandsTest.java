package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.deft4j.testing.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** generate, chat, perplexity, convert and doctor --model on a real small model. */
class TextCommandsTest {
  @TempDir Path home;

  private static String stories() {
    return SharedData.require("models/weights/stories260K-F32.gguf").toString();
  }

  private CliRunner.Outcome run(String in, String... args) {
    return new CliRunner(home).realModels().in(in).run(args);
  }

  @Test
  void generateStreamsTheGreedyTextAndStops() {
    CliRunner.Outcome o =
        run(
            "",
            "generate",
            "Once upon a time",
            "--model",
            stories(),
            "--temperature",
            "0",
            "-n",
            "40");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.out()).startsWith(", there was a little girl named Lily.");
    CliRunner.Outcome stopped =
        run(
            "Once upon a time",
            "generate",
            "--model",
            stories(),
            "--temperature",
            "0",
            "--stop",
            "Lily",
            "--json");
    Map<?, ?> result = CliRunner.map(CliRunner.list(stopped.json(), "results").getFirst());
    assertThat(result.get("text")).isEqualTo(", there was a little girl named ");
    assertThat(result.get("finish")).isEqualTo("stop-string");
  }

  @Test
  void seedsAreReproducedAndSamplesDiffer() {
    String[] args = {
      "generate", "Once", "--model", stories(), "-n", "20", "--samples", "3", "--seed", "7"
    };
    String first = run("", args).out();
    assertThat(first).contains("--- 3").isEqualTo(run("", args).out());
    args[args.length - 1] = "8";
    assertThat(run("", args).out()).isNotEqualTo(first);
  }

  @Test
  void badInputIsALine() {
    assertThat(run("", "generate", "x", "--top-p", "7").err()).startsWith("deft: topP must be");
    assertThat(run("", "generate", "x", "--samples", "0").err()).contains("--samples");
    assertThat(run("hi\n", "chat", "--model", stories()).err())
        .contains("brings no chat template; use 'deft generate'");
    assertThat(run("", "perplexity", "nowhere.txt", "--model", stories()).code()).isEqualTo(2);
    assertThat(run("", "generate", "x", "--model", "nowhere/at/all").code()).isEqualTo(3);
    CliRunner.Outcome offline =
        new CliRunner(home)
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HOME", home.toString())
            .run("generate", "x", "--model", "org/none");
    assertThat(offline.code()).isEqualTo(3);
    assertThat(offline.err()).contains("model org/none: it is not in the cache");
  }

  @Test
  void perplexityOfAStoryIsLow() throws IOException {
    Path text = home.resolve("t.txt");
    Files.writeString(
        text,
        ("Once upon a time, there was a little girl named Lily. She loved to play outside in the"
                + " park. One day, she saw a big dog. The dog was happy and ran to Lily. ")
            .repeat(4));
    CliRunner.Outcome o =
        run("", "perplexity", text.toString(), "--model", stories(), "--window", "64", "--json");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat((Double) o.json().get("perplexity")).isBetween(1.5, 12.0);
  }

  @Test
  void convertedFilesRunAndDoctorKnowsTheirNeeds() {
    Path out = home.resolve("q8.gguf");
    CliRunner.Outcome o = run("", "convert", stories(), out.toString(), "--type", "q8_0");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(out).exists();
    assertThat(run("", "convert", stories(), out.toString()).err()).contains("is there already");
    CliRunner.Outcome text =
        run(
            "",
            "generate",
            "Once upon a time",
            "--model",
            out.toString(),
            "--temperature",
            "0",
            "-n",
            "12");
    assertThat(text.out()).startsWith(", there was a");
    CliRunner.Outcome doctor = run("", "doctor", "--model", out.toString(), "--json");
    Map<?, ?> model = CliRunner.map(doctor.json(), "model");
    assertThat(model.get("architecture")).isEqualTo("llama");
    assertThat(model.get("fitsHeap")).isEqualTo(true);
    // Keys and values: 5 layers, 4 heads of 8, both, 4 bytes.
    assertThat(CliRunner.number(model, "kvBytesPerToken")).isEqualTo(5 * 4 * 8 * 2 * 4);
    // Small, so not in files.
    assertThat(CliRunner.number(model, "panelFileBytes")).isZero();
    assertThat(CliRunner.number(model, "panelMemoryBytes"))
        .isBetween(1L, CliRunner.number(model, "deviceBytes"));
    assertThat(CliRunner.number(model, "heapBytes")).isPositive();
  }
}
