package org.deft4j.kernels.cpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The repacked weights of one model in a {@link WeightCache}, a file for each run of weights of one
 * type. A file is written under another name, forced to the disk and renamed, so that it is whole
 * wherever it is found under its own, and two processes that write the same leave one of them.
 *
 * <p>Files that are cut short, or whose header is damaged, are as good as absent and written anew.
 * What lies behind the header is not read to check it, no more than a model's file is.
 *
 * <p>For one thread at a time.
 */
public final class WeightFiles {
  /** Bytes before the data: a page, so that vectors in it do not straddle lines. */
  public static final int HEADER = 4096;

  // "DEFTPAN1", which another byte order does not read as such.
  private static final long MAGIC = 0x44454654_50414E31L;
  private static final int CHECKED = 24;
  // Pieces that end at their multiples let the system keep the file in huge pages.
  private static final int PIECE = 8 << 20;
  private static final long STALE_HOURS = 1;

  private final WeightCache cache;
  private final String prefix;
  private final Path folder;
  private boolean prepared;
  private boolean refused;

  WeightFiles(WeightCache cache, String name, String place, String identity) {
    this.cache = cache;
    String label = name.replaceAll("[^A-Za-z0-9_-]+", "_");
    prefix = label.substring(0, Math.min(40, label.length())) + "-" + digest(place) + "-";
    folder = cache.folder().resolve(prefix + digest(identity));
  }

  /**
   * What a file holds.
   *
   * @param tag as it was given to {@link #write}
   * @param data read-only
   */
  public record Content(int tag, MemorySegment data) {}

  /** Writes bytes of a file in order. */
  @FunctionalInterface
  public interface Filler {
    /** Puts the {@code n} units from {@code first} on to where {@code to} begins. */
    void fill(int first, int n, MemorySegment to);
  }

  /** Where the files lie, whether or not there are any. */
  public Path folder() {
    return folder;
  }

  /** Whether there are files to map, by their names alone. */
  public boolean present() {
    return Files.isDirectory(folder);
  }

  /** Whether nothing is written any more, since that failed once. */
  public boolean refused() {
    return refused;
  }

  /** Takes no more files: what cannot be written now will not be a moment later. */
  public void refuse() {
    refused = true;
  }

  /** Maps a file for the lifetime of the arena; empty if there is none that is sound. */
  public Optional<Content> map(String name, Arena arena) {
    Path path = folder.resolve(name);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer header = ByteBuffer.allocate(HEADER);
      while (header.hasRemaining() && channel.read(header, header.position()) > 0) {}
      MemorySegment h = MemorySegment.ofArray(header.array());
      if (header.hasRemaining()
          || h.get(ValueLayout.JAVA_LONG_UNALIGNED, 0) != MAGIC
          || h.get(ValueLayout.JAVA_LONG_UNALIGNED, 8) != channel.size()
          || h.get(ValueLayout.JAVA_INT_UNALIGNED, CHECKED) != check(h)) {
        return Optional.empty();
      }
      touch();
      int tag = h.get(ValueLayout.JAVA_INT_UNALIGNED, 16);
      return Optional.of(new Content(tag, map(channel, arena)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Writes a file of {@code units} times {@code unit} bytes, in place of one that there may be, and
   * maps it for the lifetime of the arena. Costs a buffer of 8 MiB and one unit, and waits for the
   * disk.
   *
   * @throws IOException if the folder cannot be written or has no room; nothing is left behind
   */
  public Content write(String name, int tag, int units, long unit, Filler filler, Arena arena)
      throws IOException {
    long size = HEADER + units * unit;
    prepare();
    cache.makeRoom(size, folder);
    Path temporary = Files.createTempFile(folder, name + ".", ".tmp");
    boolean done = false;
    try (FileChannel channel =
        FileChannel.open(temporary, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      fill(channel, tag, size, units, unit, filler);
      channel.force(true);
      Files.move(temporary, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
      done = true;
      return new Content(tag, map(channel, arena));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      if (!done) {
        Files.deleteIfExists(temporary);
      }
    }
  }

  private static void fill(
      FileChannel channel, int tag, long size, int units, long unit, Filler filler)
      throws IOException {
    int step = (int) Math.max(1, PIECE / unit);
    // Workers fill it, so it is no confined one.
    try (Arena arena = Arena.ofShared()) {
      MemorySegment buffer = arena.allocate(PIECE + Math.max(HEADER, step * unit), 64);
      header(buffer, tag, size);
      long held = HEADER;
      long at = 0;
      for (int first = 0; first < units; first += step) {
        int n = Math.min(step, units - first);
        filler.fill(first, n, buffer.asSlice(held, n * unit));
        held += n * unit;
        long full = held / PIECE * PIECE;
        put(channel, buffer.asSlice(0, full), at);
        at += full;
        held -= full;
        MemorySegment.copy(buffer, full, buffer, 0, held);
      }
      put(channel, buffer.asSlice(0, held), at);
    }
  }

  private static void put(FileChannel channel, MemorySegment from, long at) throws IOException {
    ByteBuffer bytes = from.asByteBuffer();
    while (bytes.hasRemaining()) {
      channel.write(bytes, at + bytes.position());
    }
  }

  private static void header(MemorySegment h, int tag, long size) {
    h.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, MAGIC);
    h.set(ValueLayout.JAVA_LONG_UNALIGNED, 8, size);
    h.set(ValueLayout.JAVA_INT_UNALIGNED, 16, tag);
    h.set(ValueLayout.JAVA_INT_UNALIGNED, CHECKED, check(h));
  }

  private static int check(MemorySegment header) {
    CRC32C crc = new CRC32C();
    crc.update(header.asSlice(0, CHECKED).toArray(ValueLayout.JAVA_BYTE));
    return (int) crc.getValue();
  }

  private static MemorySegment map(FileChannel channel, Arena arena) throws IOException {
    return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena).asSlice(HEADER);
  }

  /**
   * Once: makes the folder, and deletes what the model's files before had left and what crashed.
   */
  private void prepare() throws IOException {
    if (prepared) {
      return;
    }
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(cache.folder());
      FileStore store = Files.getFileStore(cache.folder());
      if (store.supportsFileAttributeView("posix")) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } else {
        Files.createDirectories(folder);
      }
    }
    for (Path model : cache.models()) {
      if (model.getFileName().toString().startsWith(prefix) && !model.equals(folder)) {
        WeightCache.delete(model);
      }
    }
    Instant stale = Instant.now().minusSeconds(STALE_HOURS * 3600);
    try (Stream<Path> files = Files.list(folder)) {
      for (Path p : files.filter(f -> f.toString().endsWith(".tmp")).toList()) {
        if (Files.getLastModifiedTime(p).toInstant().isBefore(stale)) {
          Files.deleteIfExists(p);
        }
      }
    }
    prepared = true;
  }

  // What was opened last is deleted last. A cache that cannot be written still serves.
  private void touch() {
    if (!prepared) {
      try {
        Files.setLastModifiedTime(folder, FileTime.from(Instant.now()));
      } catch (IOException e) {
        return;
      }
    }
  }

  /** 16 hexadecimal digits of a text's SHA-256. */
  public static String digest(String text) {
    return digest(List.of(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8))));
  }

  /** The same of bytes behind each other. */
  public static String digest(List<MemorySegment> parts) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      parts.forEach(p -> sha.update(p.toArray(ValueLayout.JAVA_BYTE)));
      return HexFormat.of().formatHex(sha.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
