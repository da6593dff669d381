package org.deft4j.kernels.cpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder of weights that were repacked for this machine, a folder a model: they are written when
 * a model is first loaded, and mapped from then on. All of it can be made again; whoever wants the
 * room back deletes the folder, at any time.
 *
 * <p>Together the models take at most half of the room that the file system would have without
 * them. To stay below it, those that were not opened for longest are deleted; processes that have
 * them mapped keep what they mapped.
 *
 * @param folder need not exist yet
 */
public record WeightCache(Path folder) {
  /** To be counted up whenever what a backend writes changes its meaning. */
  private static final int LAYOUT = 1;

  /**
   * The files of one model. Nothing is read or written before they are used.
   *
   * @param name of the model, for people
   * @param place what stays the same when the model's files change, for instance their paths
   * @param identity what changes when they do: sizes, times, the table of tensors. Files of the
   *     same name and place with another identity are deleted when these are first written
   */
  public WeightFiles model(String name, String place, String identity) {
    return new WeightFiles(this, name, place, LAYOUT + " " + identity);
  }

  /**
   * Bytes of all files in the folder, 0 if there is none. Costs a walk over some hundred files a
   * model.
   */
  public long bytes() {
    try {
      return bytes(folder);
    } catch (IOException e) {
      return 0;
    }
  }

  /** Deletes other models until {@code more} bytes can be added. */
  void makeRoom(long more, Path keep) throws IOException {
    long used = bytes(folder);
    makeRoom(more, keep, used, (used + Files.getFileStore(folder).getUsableSpace()) / 2);
  }

  void makeRoom(long more, Path keep, long used, long limit) throws IOException {
    if (used + more <= limit) {
      return;
    }
    for (Path old : models()) {
      if (!old.equals(keep)) {
        used -= bytes(old);
        delete(old);
        if (used + more <= limit) {
          return;
        }
      }
    }
    throw new IOException(
        "there is room for " + (limit >> 20) + " MiB of weights, half of what the disk has free");
  }

  /** Folders of models, the one that was not opened for longest first. */
  List<Path> models() throws IOException {
    record Entry(Path path, FileTime time) {}
    try (Stream<Path> list = Files.list(folder)) {
      return list.filter(Files::isDirectory)
          .map(p -> new Entry(p, time(p)))
          .sorted(Comparator.comparing(Entry::time))
          .map(Entry::path)
          .toList();
    }
  }

  private static FileTime time(Path p) {
    try {
      return Files.getLastModifiedTime(p);
    } catch (IOException e) {
      // Another process deletes it.
      return FileTime.fromMillis(0);
    }
  }

  static void delete(Path model) throws IOException {
    try (Stream<Path> list = Files.list(model)) {
      for (Path p : list.toList()) {
        Files.deleteIfExists(p);
      }
      Files.deleteIfExists(model);
    } catch (NoSuchFileException e) {
      // Another process was faster.
    }
  }

  private static long bytes(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.mapToLong(WeightCache::size).sum();
    } catch (UncheckedIOException e) {
      // Another process deletes while this walks.
      throw e.getCause();
    }
  }

  private static long size(Path p) {
    try {
      return Files.isRegularFile(p) ? Files.size(p) : 0;
    } catch (IOException e) {
      return 0;
    }
  }
}
