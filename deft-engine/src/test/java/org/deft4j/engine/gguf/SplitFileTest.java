package org.deft4j.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SplitFileTest {
  @TempDir Path folder;

  private Path write(int part, int of, GgufWriter file) throws IOException {
    Path path = folder.resolve("m-%05d-of-%05d.gguf".formatted(part, of));
    Files.write(path, file.put("split.no", part - 1).put("split.count", of).bytes());
    return path;
  }

  private static float first(GgufFile file, String tensor) {
    GgufTensor t = java.util.Objects.requireNonNull(file.tensor(tensor));
    return t.data().get(java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
  }

  private Path three() throws IOException {
    Path first =
        write(
            1,
            3,
            new GgufWriter()
                .put("general.name", "x")
                .put("split.tensors.count", 3)
                .floats("a", new float[] {1}, 1));
    write(2, 3, new GgufWriter().floats("b", new float[] {2}, 1));
    write(3, 3, new GgufWriter().floats("c", new float[] {3}, 1));
    return first;
  }

  @Test
  void theFirstBringsTheOthersAlong() throws IOException {
    try (GgufFile file = GgufFile.open(three())) {
      assertThat(file.tensors()).extracting(GgufTensor::name).containsExactly("a", "b", "c");
      assertThat(first(file, "a")).isEqualTo(1);
      assertThat(first(file, "b")).isEqualTo(2);
      assertThat(first(file, "c")).isEqualTo(3);
      assertThat(file.metadata().string("general.name")).isEqualTo("x");
    }
  }

  @Test
  void incompleteOnesAreRefused() throws IOException {
    Path first = three();
    refused(folder.resolve("m-00002-of-00003.gguf"), "open the first");
    Path renamed = folder.resolve("other.gguf");
    Files.copy(first, renamed);
    refused(renamed, "its name must end in -00001-of-00003.gguf");
    Path third = folder.resolve("m-00003-of-00003.gguf");
    Files.copy(
        folder.resolve("m-00002-of-00003.gguf"),
        third,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    refused(first, "is not file 3 of 3");
    write(3, 3, new GgufWriter().floats("b", new float[] {3}, 1));
    refused(first, "tensor 'b' is in an earlier file too");
    write(3, 3, new GgufWriter());
    refused(first, "have 2 tensors together, not 3");
    Files.delete(third);
    refused(first, "m-00003-of-00003.gguf: no such model file");
  }

  private static void refused(Path file, String why) {
    assertThatThrownBy(() -> GgufFile.open(file).close())
        .isInstanceOf(DeftException.class)
        .hasMessageContaining(why);
  }
}
