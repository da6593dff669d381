package org.deft4j.mini;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeftMiniTest {
  /** What the version that is shipped should be. */
  static final int VOCABULARY = 4096;

  private static final int CONTEXT = 4096;
  private static final String PATTERN = "llama-bpe";

  /** Control tokens, at the end of the vocabulary: begin of sequence first, end of answer third. */
  private static final int CONTROLS = 32;

  @TempDir Path folder;

  private static byte[] resource() throws IOException {
    try (InputStream in = DeftMini.open()) {
      return in.readAllBytes();
    }
  }

  private static String sha256(byte[] data) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
  }

  @Test
  void theResourceIsTheOneTheConstantsDescribe() throws Exception {
    byte[] data = resource();
    assertThat(data.length).isEqualTo((int) DeftMini.SIZE).isLessThanOrEqualTo(18_000_000);
    assertThat(sha256(data)).isEqualTo(DeftMini.SHA256);
  }

  @Test
  void theHeaderNamesModelLicenceAndTokenizer() throws IOException {
    ByteBuffer in = ByteBuffer.wrap(resource()).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(in.getInt()).isEqualTo(0x46554747);
    assertThat(in.getInt()).isEqualTo(3);
    assertThat(in.getLong()).isEqualTo(2 + 9 * 8);
    long keys = in.getLong();
    Map<String, Object> metadata = new HashMap<>();
    for (long i = 0; i < keys; i++) {
      metadata.put(string(in), value(in, in.getInt()));
    }
    assertThat(metadata)
        .containsEntry("general.architecture", "llama")
        .containsEntry("general.name", DeftMini.NAME)
        .containsEntry("general.version", "v" + DeftMini.VERSION)
        .containsEntry("general.license", "Apache-2.0")
        .containsEntry("llama.context_length", CONTEXT)
        .containsEntry("tokenizer.ggml.pre", PATTERN)
        .containsEntry("tokenizer.ggml.tokens", VOCABULARY)
        .containsEntry("tokenizer.ggml.bos_token_id", VOCABULARY - CONTROLS)
        .containsEntry("tokenizer.ggml.eos_token_id", VOCABULARY - CONTROLS + 2);
  }

  private static String string(ByteBuffer in) {
    byte[] data = new byte[Math.toIntExact(in.getLong())];
    in.get(data);
    return new String(data, UTF_8);
  }

  /** A metadata value; of an array only its length. */
  private static Object value(ByteBuffer in, int type) {
    return switch (type) {
      case 4, 5 -> in.getInt();
      case 6 -> in.getFloat();
      case 7 -> in.get() != 0;
      case 8 -> string(in);
      case 9 -> {
        int element = in.getInt();
        int length = Math.toIntExact(in.getLong());
        for (int i = 0; i < length; i++) {
          value(in, element);
        }
        yield length;
      }
      default -> throw new IllegalStateException("metadata of type " + type);
    };
  }

  @Test
  void extractsOnceAndFindsItAgain() throws Exception {
    Path file = DeftMini.extractTo(folder.resolve("a/b"));
    assertThat(file).hasFileName(DeftMini.FILE_NAME).hasSize(DeftMini.SIZE);
    assertThat(sha256(Files.readAllBytes(file))).isEqualTo(DeftMini.SHA256);
    FileTime old = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(file, old);
    assertThat(DeftMini.extractTo(folder.resolve("a/b"))).isEqualTo(file);
    assertThat(DeftMini.extractTo(folder.resolve("a/b"))).isEqualTo(file);
    assertThat(Files.getLastModifiedTime(file)).as("not written again").isEqualTo(old);
    assertOnlyFileAndStamp(folder.resolve("a/b"));
  }

  @Test
  void replacesWhatIsDamaged() throws Exception {
    Path file = DeftMini.extractTo(folder);
    byte[] data = Files.readAllBytes(file);
    data[12_345_678] ^= 1;
    Files.write(file, data);
    Files.setLastModifiedTime(file, FileTime.fromMillis(2_000_000));
    assertThat(sha256(Files.readAllBytes(DeftMini.extractTo(folder)))).isEqualTo(DeftMini.SHA256);
    Files.write(file, new byte[100]);
    assertThat(DeftMini.extractTo(folder)).hasSize(DeftMini.SIZE);
    assertOnlyFileAndStamp(folder);
  }

  @Test
  void manyMayExtractAtOnce() throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
      Callable<Path> extract = () -> DeftMini.extractTo(folder);
      for (Future<Path> done : pool.invokeAll(List.of(extract, extract, extract, extract))) {
        assertThat(done.get()).hasSize(DeftMini.SIZE);
      }
    }
    assertThat(sha256(Files.readAllBytes(folder.resolve(DeftMini.FILE_NAME))))
        .isEqualTo(DeftMini.SHA256);
    assertOnlyFileAndStamp(folder);
  }

  private static void assertOnlyFileAndStamp(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder(DeftMini.FILE_NAME, DeftMini.FILE_NAME + ".ok");
    }
  }
}
