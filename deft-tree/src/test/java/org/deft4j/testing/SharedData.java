package org.deft4j.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Finds public test data through {@code -Ddeft.data}; a test that needs it skips without it. */
public final class SharedData {
  private SharedData() {}

  /**
   * A file or folder of the test data; skips the calling test, saying so, where it is absent.
   *
   * @param relative for instance {@code models/weights/stories260K-F32.gguf}
   */
  public static Path require(String relative) {
    Path path = Path.of(System.getProperty("deft.data", "../shared")).resolve(relative);
    Assumptions.assumeTrue(
        Files.exists(path), () -> "test data " + path + " is absent (set -Ddeft.data)");
    return path;
  }
}
