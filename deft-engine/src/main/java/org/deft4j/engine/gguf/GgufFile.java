package org.deft4j.engine.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF model file, mapped into memory and checked. A model that is split ({@code
 * NAME-00001-of-00003.gguf}) is opened by its first file, which brings the others along.
 *
 * <p>Opening costs one walk over the metadata; weights are read when they are used. Tensors and
 * metadata may be read from any thread until {@link #close}.
 */
public final class GgufFile implements AutoCloseable {
  private static final int MAX_PARTS = 1000;
  private static final Pattern SPLIT = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.gguf");

  private final String name;
  private final int version;
  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors;
  private final @Nullable Arena arena;
  private final List<Path> paths = new ArrayList<>();
  private long size;

  private GgufFile(String name, MemorySegment bytes, @Nullable Arena arena) {
    this(name, bytes, List.of(), arena);
  }

  private GgufFile(
      String name, MemorySegment bytes, List<GgufTensor> further, @Nullable Arena arena) {
    GgufParser parser = new GgufParser(name, bytes);
    parser.parse();
    Map<String, GgufTensor> all = new LinkedHashMap<>(parser.tensors);
    further.forEach(t -> all.put(t.name(), t));
    this.name = name;
    this.version = parser.version;
    this.size = bytes.byteSize();
    this.metadata = new GgufMetadata(name, bytes, parser.entries);
    this.tensors = all;
    this.arena = arena;
  }

  /**
   * Maps and checks a file, and the further ones of a split model.
   *
   * @throws DeftException {@code MODEL_NOT_FOUND} if there is no such file or it cannot be read,
   *     {@code UNSUPPORTED_MODEL} if it is no sound GGUF file
   */
  @SuppressWarnings("MustBeClosedChecker") // Owned by the file, or closed below.
  public static GgufFile open(Path path) {
    Arena arena = Arena.ofShared();
    boolean done = false;
    try {
      GgufFile file = new GgufFile(path.toString(), map(path, arena), arena);
      file.paths.add(path);
      file.takeFurtherParts(path, arena);
      done = true;
      return file;
    } finally {
      if (!done) {
        arena.close();
      }
    }
  }

  private static MemorySegment map(Path path, Arena arena) {
    if (!Files.isRegularFile(path)) {
      throw new DeftException(
          DeftException.MODEL_NOT_FOUND,
          path + ": " + (Files.exists(path) ? "not a file" : "no such model file"));
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.MODEL_NOT_FOUND, path + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private void takeFurtherParts(Path first, Arena arena) {
    int count = metadata.integer("split.count", 0, MAX_PARTS, 0);
    if (count < 2) {
      return;
    }
    if (metadata.integer("split.no", 0, MAX_PARTS, 0) != 0) {
      throw metadata.unsupported("is not the first file of a split model; open the first");
    }
    Matcher m = SPLIT.matcher(first.getFileName().toString());
    if (!m.matches()
        || Integer.parseInt(m.group(2)) != 1
        || Integer.parseInt(m.group(3)) != count) {
      throw metadata.unsupported(
          "is the first of "
              + count
              + " files, so its name must end in -00001-of-%05d.gguf".formatted(count));
    }
    for (int i = 1; i < count; i++) {
      Path path = first.resolveSibling("%s-%05d-of-%05d.gguf".formatted(m.group(1), i + 1, count));
      MemorySegment bytes = map(path, arena);
      GgufParser part = new GgufParser(path.toString(), bytes);
      part.parse();
      GgufMetadata meta = new GgufMetadata(path.toString(), bytes, part.entries);
      if (meta.integer("split.no", 0, MAX_PARTS) != i
          || meta.integer("split.count", 0, MAX_PARTS) != count) {
        throw meta.unsupported("is not file " + (i + 1) + " of " + count + " by its own metadata");
      }
      part.tensors.forEach((key, tensor) -> {
        if (tensors.put(key, tensor) != null) {
          throw meta.unsupported("tensor '" + key + "' is in an earlier file too");
        }
      });
      size += bytes.byteSize();
      paths.add(path);
    }
    int wanted = metadata.integer("split.tensors.count", 0, Integer.MAX_VALUE, tensors.size());
    if (wanted != tensors.size()) {
      throw metadata.unsupported(
          "its files have " + tensors.size() + " tensors together, not " + wanted);
    }
  }

  /**
   * Checks a file that is in memory already, for instance a resource.
   *
   * @param name what messages call it
   * @param bytes its content, which must stay alive and unchanged
   */
  public static GgufFile of(String name, MemorySegment bytes) {
    return new GgufFile(name, bytes.asReadOnly(), null);
  }

  /**
   * A model whose weights lie elsewhere than behind its metadata, and may share memory: one of
   * random weights for measurements needs no memory of its full size.
   *
   * @param metadata a file without tensors, which must stay alive and unchanged
   * @param tensors its tensors
   * @param owner is closed with the file: what the tensors' memory belongs to
   */
  public static GgufFile of(
      String name, MemorySegment metadata, List<GgufTensor> tensors, Arena owner) {
    return new GgufFile(name, metadata.asReadOnly(), tensors, owner);
  }

  /** The path, or the name given. */
  public String name() {
    return name;
  }

  /** The format's version, 2 or 3. */
  public int version() {
    return version;
  }

  /** The size in bytes, of all files of a split model. */
  public long size() {
    return size;
  }

  /** The files on disk, in order; none if it was made in memory. */
  public List<Path> paths() {
    return Collections.unmodifiableList(paths);
  }

  /** Its metadata. */
  public GgufMetadata metadata() {
    return metadata;
  }

  /** Its tensors, in the file's order. */
  public Collection<GgufTensor> tensors() {
    return Collections.unmodifiableCollection(tensors.values());
  }

  /** The tensor of this name, or null. */
  public @Nullable GgufTensor tensor(String name) {
    return tensors.get(name);
  }

  /** Unmaps the file; idempotent. Nothing got from it may be used any more. */
  @Override
  public void close() {
    if (arena != null && arena.scope().isAlive()) {
      arena.close();
    }
  }
}
