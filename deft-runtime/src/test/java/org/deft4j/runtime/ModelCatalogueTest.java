package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelCatalogueTest {
  @TempDir Path temp;

  private ModelCatalogue catalogue(Path cache) {
    return new ModelCatalogue(new Folders(Optional.empty(), temp, cache));
  }

  @Test
  void extractsTheShippedModelOnce() throws IOException {
    Path file = catalogue(temp).resolve(ModelCatalogue.DEFAULT);
    assertThat(file).startsWith(temp.resolve("models"));
    assertThat(Files.size(file)).isEqualTo(catalogue(temp).models().getFirst().bytes());
    var time = Files.getLastModifiedTime(file);
    assertThat(catalogue(temp).resolve(ModelCatalogue.DEFAULT)).isEqualTo(file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(time);
  }

  @Test
  void aCacheThatCannotBeWrittenIsNoObstacle() throws IOException {
    Path inTheWay = Files.writeString(temp.resolve("file"), "");
    assertThat(catalogue(inTheWay).resolve(ModelCatalogue.DEFAULT)).isRegularFile();
  }

  @Test
  void takesPaths() throws IOException {
    Path file = Files.writeString(temp.resolve("any.gguf"), "abc");
    assertThat(catalogue(temp).resolve(file.toString())).isEqualTo(file);
    // CRC-32 of "abc", as zlib and others give it.
    assertThat(ModelCatalogue.checksum(file)).isEqualTo("352441c2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "nobody", "/no/such/file.gguf", "a\0b"})
  void namesWhatThereIsInsteadOfWhatIsMissing(String model) {
    assertThatThrownBy(() -> catalogue(temp).resolve(model))
        .isInstanceOfSatisfying(
            DeftException.class,
            e -> assertThat(e.exitCode()).isEqualTo(DeftException.MODEL_NOT_FOUND))
        .hasMessageContaining("deft-mini");
  }
}
