package org.deft4j.kernels.cpu.panama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Matrix;
import org.deft4j.kernels.Oracle;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.WeightCache;
import org.deft4j.kernels.cpu.WeightFiles;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Panels that are mapped give what those in memory give. */
class PanelFilesTest {
  private static final int COLS = 512;

  @TempDir private Path temp;

  private WeightFiles files() {
    return new WeightCache(temp.resolve("panels")).model("model", "place", "identity");
  }

  private static PanamaBackend open(@Nullable WeightFiles files, boolean exact, boolean int8) {
    return new PanamaBackend(
        new BackendOptions(2, 0, exact).withInt8Activations(int8).withWeightFiles(files));
  }

  /** Products of 1, 5 and 40 rows, and rows as they are embedded. */
  private static List<float[]> results(PanamaBackend b, Weights... parts) {
    List<float[]> all = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(7);
    try (Matrix m = b.matrix(parts)) {
      for (int rows : new int[] {1, 5, 40}) {
        try (Tensor in = b.tensor(rows, COLS);
            Tensor out = b.tensor(rows, m.rows())) {
          in.write(0, rows, Oracle.floats(random, rows * COLS), 0);
          b.matmul(m, in, out, rows);
          float[] y = new float[rows * m.rows()];
          out.read(0, rows, y, 0);
          all.add(y);
        }
      }
      float[] row = new float[COLS];
      ((PanamaMatrix) m).decodeRow(m.rows() - 1, row, 0);
      all.add(row);
    }
    return all;
  }

  private static void assertSame(List<float[]> got, List<float[]> want) {
    assertThat(got).hasSameSizeAs(want);
    for (int i = 0; i < got.size(); i++) {
      assertThat(got.get(i)).isEqualTo(want.get(i));
    }
  }

  private List<Path> written() throws IOException {
    try (Stream<Path> list = Files.list(files().folder())) {
      return list.sorted().toList();
    }
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void everyTypeHasTheSameBits(WeightType type) {
    SplittableRandom random = new SplittableRandom(type.ordinal());
    Weights[] parts = {
      Oracle.weights(random, type, 70, COLS).weights(),
      Oracle.weights(random, type, 33, COLS).weights(),
      Oracle.weights(random, WeightType.F32, 5, COLS).weights()
    };
    for (boolean exact : new boolean[] {false, true}) {
      for (boolean int8 : new boolean[] {false, true}) {
        List<float[]> want;
        try (PanamaBackend b = open(null, exact, int8)) {
          want = results(b, parts);
        }
        // Written by the first, mapped by the others.
        for (int i = 0; i < 2; i++) {
          try (PanamaBackend b = open(files(), exact, int8)) {
            assertSame(results(b, parts), want);
          }
        }
      }
    }
  }

  @Test
  void theSecondTimeNothingIsPacked() throws IOException {
    Weights w = Oracle.weights(new SplittableRandom(3), WeightType.F32, 96, COLS).weights();
    List<float[]> first;
    try (PanamaBackend b = open(files(), false, false)) {
      first = results(b, w);
    }
    byte[] file = Files.readAllBytes(written().getFirst());
    // Between the samples: whoever packs again would take it.
    byte[] data = w.data().toArray(ValueLayout.JAVA_BYTE);
    data[8192 + 3] = 0x41;
    Weights touched = new Weights(w.type(), 96, COLS, MemorySegment.ofArray(data));
    try (PanamaBackend b = open(files(), false, false)) {
      assertSame(results(b, touched), first);
    }
    assertThat(written()).hasSize(1);
    assertThat(written().getFirst()).hasBinaryContent(file);
  }

  @Test
  void otherWeightsAreNotTakenForThese() throws IOException {
    SplittableRandom random = new SplittableRandom(4);
    Weights one = Oracle.weights(random, WeightType.Q8_0, 64, COLS).weights();
    Weights two = Oracle.weights(random, WeightType.Q8_0, 64, COLS).weights();
    List<float[]> want;
    try (PanamaBackend b = open(null, false, false)) {
      want = results(b, two);
    }
    for (Weights w : new Weights[] {one, two}) {
      try (PanamaBackend b = open(files(), false, false)) {
        List<float[]> got = results(b, w);
        if (w == two) {
          assertSame(got, want);
        }
      }
    }
    assertThat(written()).hasSize(2);
  }

  @Test
  void equalMatricesHaveFilesOfTheirOwn() throws IOException {
    Weights w = Oracle.weights(new SplittableRandom(5), WeightType.Q4_K, 64, COLS).weights();
    try (PanamaBackend b = open(files(), false, false)) {
      assertSame(results(b, w), results(b, w));
    }
    assertThat(written()).hasSize(2);
  }

  @Test
  void damagedFilesAreWrittenAnew() throws IOException {
    Weights w = Oracle.weights(new SplittableRandom(6), WeightType.Q6_K, 64, COLS).weights();
    List<float[]> want;
    try (PanamaBackend b = open(files(), false, false)) {
      want = results(b, w);
    }
    Path file = written().getFirst();
    byte[] sound = Files.readAllBytes(file);
    for (int length : new int[] {0, 100, sound.length - 4}) {
      Files.write(file, java.util.Arrays.copyOf(sound, length));
      try (PanamaBackend b = open(files(), false, false)) {
        assertSame(results(b, w), want);
      }
      assertThat(file).hasBinaryContent(sound);
    }
  }

  @Test
  void whereNothingCanBeWrittenWeightsStayInMemory() throws IOException {
    Files.writeString(temp.resolve("panels"), "a file where the folder would be");
    Weights w = Oracle.weights(new SplittableRandom(8), WeightType.Q8_0, 64, COLS).weights();
    WeightFiles files = files();
    try (PanamaBackend memory = open(null, false, false);
        PanamaBackend b = open(files, false, false)) {
      assertSame(results(b, w), results(memory, w));
      assertThat(files.refused()).isTrue();
      assertSame(results(b, w), results(memory, w));
    }
    assertThat(temp.resolve("panels")).isRegularFile();
  }
}
