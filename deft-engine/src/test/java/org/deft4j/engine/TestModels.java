package org.deft4j.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Objects;

/** The model that ships with the tests. */
public final class TestModels {
  private TestModels() {}

  /** stories260K as F32 GGUF with its tokenizer. */
  public static Path stories260K() {
    try {
      URL url = Objects.requireNonNull(TestModels.class.getResource("stories260K-F32.gguf"));
      return Path.of(url.toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Its bytes. */
  public static byte[] stories260KBytes() {
    try (InputStream in =
        Objects.requireNonNull(TestModels.class.getResourceAsStream("stories260K-F32.gguf"))) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
