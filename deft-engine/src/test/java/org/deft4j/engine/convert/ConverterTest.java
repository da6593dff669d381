package org.deft4j.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TestModels;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.decode.DecodeEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConverterTest {
  @TempDir Path folder;

  private static void convert(Path from, Path to, TensorType type) throws IOException {
    try (ModelSource source = ModelSource.open(from)) {
      List<String> heard = new ArrayList<>();
      long bytes =
          new Converter(source, type, (n, of, name) -> heard.add(n + "/" + of)).writeTo(to);
      assertThat(bytes).isEqualTo(Files.size(to));
      assertThat(heard).hasSize(source.tensors().size());
    }
  }

  private static float[] next(Path model, int[] prompt) {
    try (TreeEngine engine =
        TreeEngine.open(EngineOptions.of(model).withKvMemory(8 << 20).withThreads(2))) {
      int n = engine.codec().vocabularySize();
      engine.choices(engine.root(prompt), IntStream.range(0, n).toArray());
      List<DecodeEvent> events = new ArrayList<>();
      while (engine.busy()) {
        engine.step(events::add);
      }
      return ((DecodeEvent.Chosen) events.getFirst()).logProbs();
    }
  }

  /** A folder written as GGUF has the rows of the file that was converted elsewhere. */
  @Test
  void aFolderBecomesTheFileThatAnotherToolMade() throws IOException {
    Path hf = folder.resolve("hf");
    Files.createDirectories(hf);
    Path config = SharedData.require("models/weights/stories260K-hf/config.json");
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(Objects.requireNonNull(config.getParent()).resolve(file), hf.resolve(file));
    }
    Files.copy(SharedData.require("models/tokenizers/tok512.model"), hf.resolve("tokenizer.model"));
    Path ours = folder.resolve("ours.gguf");
    convert(hf, ours, TensorType.F32);
    Path theirs = SharedData.require("models/weights/stories260K-F32.gguf");
    try (ModelSource a = ModelSource.open(ours);
        ModelSource b = ModelSource.open(theirs)) {
      for (GgufTensor t : b.tensors()) {
        GgufTensor mine = Objects.requireNonNull(a.tensor(t.name()), t.name());
        assertThat(mine.dimensions()).isEqualTo(t.dimensions());
        assertThat(mine.data().mismatch(t.data())).as(t.name()).isEqualTo(-1);
      }
      assertThat(a.metadata().strings("tokenizer.ggml.tokens"))
          .isEqualTo(b.metadata().strings("tokenizer.ggml.tokens"));
      String text = "Once upon a time, Zoë said \"hi\"";
      assertThat(a.tokenizer().encodePrompt(text, true))
          .isEqualTo(b.tokenizer().encodePrompt(text, true));
    }
  }

  @ParameterizedTest
  @CsvSource({"F16, 0.02", "BF16, 0.15", "Q8_0, 0.3"})
  void quantizedFilesAnswerNearly(TensorType type, double most) throws IOException {
    Path out = folder.resolve("q.gguf");
    convert(TestModels.stories260K(), out, type);
    int[] prompt = {1, 403, 407, 261, 378};
    float[] want = next(TestModels.stories260K(), prompt);
    float[] got = next(out, prompt);
    for (int i = 0; i < want.length; i++) {
      if (want[i] > -6) {
        assertThat(got[i]).as("token %s", i).isCloseTo(want[i], within((float) most));
      }
    }
    try (ModelSource s = ModelSource.open(out)) {
      assertThat(Objects.requireNonNull(s.tensor("blk.0.attn_q.weight")).type()).isEqualTo(type);
      assertThat(Objects.requireNonNull(s.tensor("blk.0.attn_norm.weight")).type())
          .isEqualTo(TensorType.F32);
    }
  }
}
