package org.deft4j.mini;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The shipped model, as a resource and as a file.
 *
 * <p>A resource cannot be memory-mapped, so {@link #extractTo} copies it once to a folder of the
 * caller's choice and later finds it there.
 */
public final class DeftMini {
  /** Name of the model, as {@code general.name} of the file gives it. */
  public static final String NAME = "deft-mini";

  /** Version of the model. */
  public static final int VERSION = 2;

  /** File name under which the model is extracted. */
  public static final String FILE_NAME = NAME + "-v" + VERSION + ".gguf";

  /** Absolute resource name of the GGUF file. */
  public static final String RESOURCE = "/org/deft4j/mini/" + FILE_NAME;

  /** Size of the file in bytes. */
  public static final long SIZE = 16_866_624L;

  /** SHA-256 of the file, in lower-case hexadecimal digits. */
  public static final String SHA256 =
      "c0fffac92225125737e6d964485a08d64749575a00f6cdfce4d00c9ca67db02f";

  private static final int BUFFER = 1 << 16;

  private DeftMini() {}

  /**
   * The GGUF file as a stream, not buffered; the caller closes it.
   *
   * @throws UncheckedIOException if the resource is missing from the class path
   */
  public static InputStream open() {
    InputStream in = DeftMini.class.getResourceAsStream(RESOURCE);
    if (in == null) {
      throw new UncheckedIOException(new NoSuchFileException("resource " + RESOURCE));
    }
    return in;
  }

  /**
   * The GGUF file in {@code directory}, copied there if it is missing or damaged.
   *
   * <p>The file appears as a whole or not at all: it is written beside its place, checked, and
   * moved. Several processes may extract to one directory at once. A stamp file remembers size and
   * modification time of the file whose hash was last checked, so that a later call costs two small
   * reads; without a fitting stamp the file is hashed (about 17 MB).
   *
   * @param directory where the file belongs; created if absent
   * @return the file's path
   * @throws IOException if the directory cannot be made or written, or the resource is damaged
   */
  public static Path extractTo(Path directory) throws IOException {
    Files.createDirectories(directory);
    Path target = directory.resolve(FILE_NAME);
    Path stamp = directory.resolve(FILE_NAME + ".ok");
    if (Files.isRegularFile(target) && Files.size(target) == SIZE) {
      if (stampFits(stamp, target)) {
        return target;
      }
      if (SHA256.equals(hash(target))) {
        writeStamp(stamp, target);
        return target;
      }
    }
    Path part = Files.createTempFile(directory, FILE_NAME, ".part");
    try {
      copyChecked(part);
      move(part, target);
    } finally {
      Files.deleteIfExists(part);
    }
    writeStamp(stamp, target);
    return target;
  }

  private static void copyChecked(Path part) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = open();
        OutputStream out = new DigestOutputStream(Files.newOutputStream(part), digest)) {
      in.transferTo(out);
    }
    String found = HexFormat.of().formatHex(digest.digest());
    if (!SHA256.equals(found)) {
      throw new IOException(
          "resource " + RESOURCE + " is damaged: SHA-256 " + found + " instead of " + SHA256);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Hash, size and modification time: a file changed since does not match its stamp. */
  private static String stampOf(Path file) throws IOException {
    return SHA256 + " " + Files.size(file) + " " + Files.getLastModifiedTime(file).toMillis();
  }

  private static boolean stampFits(Path stamp, Path file) throws IOException {
    try {
      return Files.readString(stamp).equals(stampOf(file));
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static void writeStamp(Path stamp, Path file) throws IOException {
    Path part = Files.createTempFile(stamp.toAbsolutePath().getParent(), FILE_NAME, ".ok.part");
    try {
      Files.writeString(part, stampOf(file));
      move(part, stamp);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static String hash(Path file) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      byte[] buffer = new byte[BUFFER];
      while (in.read(buffer) >= 0) {
        // the stream updates the digest
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
