package org.deft4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of repacked weights: whole or absent, whatever happens to them. */
class WeightFilesTest {
  /** Units of 3 MB and a bit: some end within a piece that is written at once. */
  private static final long UNIT = 3_000_004;

  private static final int UNITS = 7;

  @TempDir private Path temp;

  private WeightCache cache() {
    return new WeightCache(temp.resolve("panels"));
  }

  private WeightFiles files(String identity) {
    return cache().model("a/model of mine.gguf", "/m", identity);
  }

  private static void fill(int first, int n, MemorySegment to) {
    for (int i = 0; i < n; i++) {
      for (long at = 0; at < UNIT; at += 4) {
        int v = (int) (at * 31 + first + i);
        to.set(ValueLayout.JAVA_INT_UNALIGNED, i * UNIT + at, v);
      }
    }
  }

  private static void check(WeightFiles.Content content) {
    assertThat(content.tag()).isEqualTo(5);
    assertThat(content.data().byteSize()).isEqualTo(UNITS * UNIT);
    assertThat(content.data().isReadOnly()).isTrue();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment want = arena.allocate(UNITS * UNIT, 8);
      fill(0, UNITS, want);
      assertThat(content.data().mismatch(want)).isEqualTo(-1);
    }
  }

  private static void write(WeightFiles f) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      check(f.write("w", 5, UNITS, UNIT, WeightFilesTest::fill, arena));
    }
  }

  private static boolean sound(WeightFiles f) {
    try (Arena arena = Arena.ofShared()) {
      Optional<WeightFiles.Content> content = f.map("w", arena);
      content.ifPresent(WeightFilesTest::check);
      return content.isPresent();
    }
  }

  @Test
  void whatWasWrittenIsMapped() throws IOException {
    WeightFiles f = files("1");
    assertThat(sound(f)).isFalse();
    assertThat(f.present()).isFalse();
    assertThat(cache().bytes()).isZero();
    write(f);
    assertThat(sound(f)).isTrue();
    assertThat(sound(files("1"))).isTrue();
    assertThat(cache().bytes()).isEqualTo(WeightFiles.HEADER + UNITS * UNIT);
    assertThat(f.folder().getFileName().toString()).startsWith("a_model_of_mine_gguf-");
  }

  @Test
  void aFileThatIsCutOrDamagedIsAsGoodAsAbsent() throws IOException {
    WeightFiles f = files("1");
    write(f);
    Path path = f.folder().resolve("w");
    byte[] all = Files.readAllBytes(path);
    for (int length : new int[] {0, 10, WeightFiles.HEADER, all.length - 1}) {
      Files.write(path, java.util.Arrays.copyOf(all, length));
      assertThat(sound(f)).as("%d bytes", length).isFalse();
    }
    for (int at = 0; at < 28; at++) {
      byte[] damaged = all.clone();
      damaged[at] ^= 16;
      Files.write(path, damaged);
      assertThat(sound(f)).as("byte %d", at).isFalse();
    }
    write(f);
    assertThat(sound(f)).isTrue();
  }

  @Test
  void aChangedModelTakesTheOldOnesPlace() throws IOException {
    write(files("1"));
    WeightFiles other = cache().model("other", "/n", "1");
    write(other);
    WeightFiles changed = files("2");
    assertThat(sound(changed)).isFalse();
    write(changed);
    assertThat(files("1").present()).isFalse();
    assertThat(sound(changed)).isTrue();
    assertThat(sound(other)).isTrue();
  }

  @Test
  void whatCrashedIsDeletedLater() throws IOException {
    write(files("1"));
    Path folder = files("1").folder();
    Path old = Files.writeString(folder.resolve("w.1.tmp"), "half");
    Path recent = Files.writeString(folder.resolve("w.2.tmp"), "half");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
    write(files("1"));
    assertThat(old).doesNotExist();
    assertThat(recent).exists();
  }

  @Test
  void aFolderThatCannotBeMadeIsAnError() throws IOException {
    Files.writeString(temp.resolve("panels"), "a file");
    assertThatThrownBy(() -> write(files("1"))).isInstanceOf(IOException.class);
    assertThat(sound(files("1"))).isFalse();
  }

  @Test
  void aWriteThatFailsLeavesNothing() throws IOException {
    WeightFiles f = files("1");
    assertThatThrownBy(
            () -> {
              try (Arena arena = Arena.ofShared()) {
                f.write(
                    "w",
                    5,
                    UNITS,
                    UNIT,
                    (first, n, to) -> {
                      if (first > 0) {
                        throw new UncheckedIOException(new IOException("No space left on device"));
                      }
                    },
                    arena);
              }
            })
        .isInstanceOf(IOException.class)
        .hasMessage("No space left on device");
    try (Stream<Path> left = Files.list(f.folder())) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void theModelsNotOpenedForLongestMakeRoom() throws IOException {
    List<WeightFiles> models = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      models.add(cache().model("m" + i, "/" + i, ""));
      write(models.get(i));
      Files.setLastModifiedTime(
          models.get(i).folder(), FileTime.from(Instant.now().minusSeconds(1000 - i)));
    }
    // Opened again, so now the last one used.
    WeightFiles first = cache().model("m0", "/0", "");
    assertThat(sound(first)).isTrue();
    long one = WeightFiles.HEADER + UNITS * UNIT;
    cache().makeRoom(one, models.get(1).folder(), 4 * one, 4 * one);
    assertThat(models).extracting(WeightFiles::present).containsExactly(true, true, false, true);
    assertThatThrownBy(() -> cache().makeRoom(one, first.folder(), 3 * one, one))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("room");
    assertThat(first.present()).isTrue();
  }

  @Test
  void aModelThatIsDeletedStaysMapped() throws IOException {
    WeightFiles f = files("1");
    try (Arena arena = Arena.ofShared()) {
      WeightFiles.Content content = f.write("w", 5, UNITS, UNIT, WeightFilesTest::fill, arena);
      WeightCache.delete(f.folder());
      WeightCache.delete(f.folder());
      check(content);
    }
  }

  @Test
  void manyWritersLeaveOneSoundFile() throws Exception {
    int writers = 4;
    CyclicBarrier start = new CyclicBarrier(writers);
    try (ExecutorService pool = Executors.newFixedThreadPool(writers)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        all.add(
            pool.submit(() -> {
              WeightFiles f = files("1");
              start.await();
              write(f);
              assertThat(sound(f)).isTrue();
              return null;
            }));
      }
      for (Future<?> f : all) {
        f.get();
      }
    }
    try (Stream<Path> left = Files.list(files("1").folder())) {
      assertThat(left.map(p -> p.getFileName().toString())).containsExactly("w");
    }
  }
}
