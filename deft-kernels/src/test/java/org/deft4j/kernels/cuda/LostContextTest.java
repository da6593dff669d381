package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;

/**
 * A kernel that reads where nothing is: the error ends the context, so it has a process of its own.
 */
@EnabledIfCuda
final class LostContextTest {
  @Test
  void aLostContextIsToldOnceAndClosesWithoutHanging() throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName())
            .redirectErrorStream(true)
            .start();
    assertThat(child.waitFor(2, TimeUnit.MINUTES)).as("it ended by itself").isTrue();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.exitValue()).as(said).isEqualTo(DeftException.RUNTIME);
    assertThat(said).contains("context is lost").contains("closed");
  }

  /** What the other process runs. */
  static final class Child {
    private Child() {}

    /** Breaks its context. */
    public static void main(String[] args) {
      int code = 0;
      try (TroubledDevice trouble = new TroubledDevice()) {
        DeftException e = trouble.lose();
        System.out.println(e.getMessage());
        code = e.exitCode();
        if (!trouble.lost()) {
          code = 99;
        }
      }
      System.out.println("closed");
      System.exit(code);
    }
  }
}
