package org.deft4j.engine.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/** The tokenizers library of Hugging Face, through DJL: what ours must agree with. */
final class Original implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;

  private Original(HuggingFaceTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Opens a tokenizer.json's text; skips the test, saying why, where the library has no natives.
   */
  static Original of(String json) {
    // Nothing is to be downloaded, and nothing written to the home folder.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("RUST_FLAVOR", "cpu");
    if (System.getProperty("DJL_CACHE_DIR") == null) {
      try {
        Path cache = Files.createTempDirectory("djl");
        System.setProperty("DJL_CACHE_DIR", cache.toString());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(cache)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    try {
      return new Original(
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
              Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (UnsatisfiedLinkError | IllegalStateException e) {
      Assumptions.abort("DJL's tokenizers have no natives here: " + e.getMessage());
      throw e;
    }
  }

  private static void delete(Path folder) {
    try (var files = Files.walk(folder)) {
      files.sorted(java.util.Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
    } catch (IOException e) {
      // A temporary folder stays behind.
      System.err.println("cannot delete " + folder + ": " + e.getMessage());
    }
  }

  int[] encode(String text) {
    Encoding e = tokenizer.encode(text, false, false);
    long[] ids = e.getIds();
    int[] out = new int[ids.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (int) ids[i];
    }
    return out;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
