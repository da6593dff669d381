package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.cpu.WeightCache;
import org.deft4j.kernels.cpu.WeightFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which models have their repacked weights in files, and which files. */
class MappedWeightsTest {
  @TempDir private Path temp;
  private Path model;
  private EngineOptions options;

  @BeforeEach
  void copyModel() throws IOException {
    model = Files.copy(TestModels.stories260K(), temp.resolve("model.gguf"));
    options =
        EngineOptions.of(model)
            .withBackend("panama")
            .withThreads(1)
            .withDeterministic(true)
            .withWeightCache(temp.resolve("weights"));
  }

  private static int[] tokens(EngineOptions o) {
    try (TreeEngine engine = TreeEngine.open(o)) {
      return Driver.greedy(engine, engine.root(new int[] {1, 403, 407}), 20);
    }
  }

  private WeightFiles files() {
    try (ModelSource source = ModelSource.open(model)) {
      return MappedWeights.of(source, options.withWeightMemory(WeightMemory.MAPPED)).orElseThrow();
    }
  }

  private List<String> written() throws IOException {
    try (Stream<Path> list = Files.list(temp.resolve("weights"))) {
      return list.map(p -> p.getFileName().toString()).toList();
    }
  }

  @Test
  void mappedWeightsGiveTheSameTokens() throws IOException {
    int[] want = tokens(options.withWeightMemory(WeightMemory.MEMORY));
    assertThat(temp.resolve("weights")).doesNotExist();
    EngineOptions mapped = options.withWeightMemory(WeightMemory.MAPPED);
    assertThat(tokens(mapped)).isEqualTo(want);
    long bytes = new WeightCache(temp.resolve("weights")).bytes();
    assertThat(tokens(mapped)).isEqualTo(want);
    assertThat(new WeightCache(temp.resolve("weights")).bytes()).isEqualTo(bytes);
    assertThat(written()).containsExactly(files().folder().getFileName().toString());
  }

  @Test
  void whatDoctorSaysIsWhatIsWritten() throws IOException {
    tokens(options.withWeightMemory(WeightMemory.MAPPED));
    try (ModelSource source = ModelSource.open(model)) {
      Map<String, Object> needs = ModelNeeds.of(source).toMap(files());
      long headers = 0;
      try (Stream<Path> list = Files.list(files().folder())) {
        headers = list.count() * WeightFiles.HEADER;
      }
      long bytes = new WeightCache(temp.resolve("weights")).bytes();
      assertThat(needs)
          .containsEntry("panelFileBytes", bytes - headers)
          .containsEntry("panelMemoryBytes", 0L)
          .containsEntry("panelFolderExists", true);
      assertThat(ModelNeeds.of(source).toMap(null))
          .containsEntry("panelFileBytes", 0L)
          .containsEntry("panelMemoryBytes", bytes - headers)
          .doesNotContainKey("panelFolder");
    }
  }

  @Test
  void aChangedFileHasFilesOfItsOwn() throws IOException {
    EngineOptions mapped = options.withWeightMemory(WeightMemory.MAPPED);
    tokens(mapped);
    List<String> before = written();
    Files.setLastModifiedTime(model, FileTime.from(Instant.now().minusSeconds(1000)));
    tokens(mapped);
    assertThat(written()).hasSize(1).doesNotContainAnyElementsOf(before);
  }

  @Test
  void smallModelsAndThoseWithoutAFolderStayInMemory() {
    tokens(options);
    assertThat(temp.resolve("weights")).doesNotExist();
    try (ModelSource source = ModelSource.open(model)) {
      EngineOptions mapped = options.withWeightMemory(WeightMemory.MAPPED);
      assertThat(MappedWeights.of(source, mapped.withWeightCache(null))).isEmpty();
    }
    assertThat(WeightMemory.AUTO.mapped(WeightMemory.LEAST_MAPPED)).isTrue();
    assertThat(WeightMemory.AUTO.mapped(WeightMemory.LEAST_MAPPED - 1)).isFalse();
    assertThat(WeightMemory.MEMORY.mapped(Long.MAX_VALUE)).isFalse();
  }
}
