package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The images that ship were compiled from the sources that are here. */
final class SourceHashTest {
  private static final Path SOURCES = Path.of("src/main/cuda");
  private static final Path IMAGES = Path.of("src/main/resources/org/deft4j/kernels/cuda");
  private static final Pattern INCLUDE =
      Pattern.compile("^\\s*#\\s*include\\s*\"([^\"]*)\"", Pattern.MULTILINE);

  @Test
  void everyImageIsThatOfItsSources() throws Exception {
    Assumptions.assumeTrue(Files.isDirectory(SOURCES), "the sources are not here");
    List<String> expected = new ArrayList<>();
    try (Stream<Path> all = Files.list(SOURCES)) {
      for (Path p : all.filter(f -> f.toString().endsWith(".cu")).sorted().toList()) {
        String name = p.getFileName().toString().replace(".cu", "");
        expected.add(hash(name) + "  " + name);
        assertThat(IMAGES.resolve(name + ".fatbin")).isRegularFile();
      }
    }
    assertThat(Files.readAllLines(IMAGES.resolve("sources.sha256")))
        .as("sources.sha256; deft-kernels/src/main/cuda/build.sh compiles what changed")
        .containsExactlyInAnyOrderElementsOf(expected);
  }

  /** The launcher builds anew when a source is newer than its build. */
  @Test
  void aBuildOfNothingLeavesFilesAlone() throws Exception {
    Assumptions.assumeTrue(Files.isDirectory(SOURCES), "the sources are not here");
    Assumptions.assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "there is no bash here");
    Path sums = IMAGES.resolve("sources.sha256");
    java.nio.file.attribute.FileTime before = Files.getLastModifiedTime(sums);
    Process build =
        new ProcessBuilder("/bin/bash", SOURCES.resolve("build.sh").toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(build.waitFor()).as(said).isZero();
    assertThat(said).isEmpty();
    assertThat(Files.getLastModifiedTime(sums)).isEqualTo(before);
  }

  @Test
  void theImagesStaySmall() throws IOException {
    Assumptions.assumeTrue(Files.isDirectory(IMAGES), "the images are not here");
    long bytes = 0;
    try (Stream<Path> all = Files.list(IMAGES)) {
      for (Path p : all.toList()) {
        bytes += Files.size(p);
      }
    }
    assertThat(bytes).isLessThanOrEqualTo(8L << 20);
  }

  private static String hash(String name) throws IOException, NoSuchAlgorithmException {
    Set<String> files = new TreeSet<>();
    close(name + ".cu", files);
    StringBuilder lines = new StringBuilder(line("build.sh"));
    for (String f : files) {
      lines.append(line(f));
    }
    return sha256(lines.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static void close(String file, Set<String> found) throws IOException {
    if (found.add(file)) {
      String text = Files.readString(SOURCES.resolve(file));
      for (MatchResult m : INCLUDE.matcher(text).results().toList()) {
        close(m.group(1), found);
      }
    }
  }

  private static String line(String file) throws IOException, NoSuchAlgorithmException {
    return sha256(Files.readAllBytes(SOURCES.resolve(file))) + "  " + file + "\n";
  }

  private static String sha256(byte[] data) throws NoSuchAlgorithmException {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
  }
}
