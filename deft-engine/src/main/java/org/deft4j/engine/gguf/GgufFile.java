package org.deft4j.engine.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF model file, mapped into memory and checked.
 *
 * <p>Opening costs one walk over the metadata; weights are read when they are used. Tensors and
 * metadata may be read from any thread until {@link #close}.
 */
public final class GgufFile implements AutoCloseable {
  private final String name;
  private final int version;
  private final long size;
  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors;
  private final @Nullable Arena arena;

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
    this.tensors = Collections.unmodifiableMap(all);
    this.arena = arena;
  }

  /**
   * Maps and checks a file.
   *
   * @throws DeftException {@code MODEL_NOT_FOUND} if there is no such file or it cannot be read,
   *     {@code UNSUPPORTED_MODEL} if it is no sound GGUF file
   */
  @SuppressWarnings("MustBeClosedChecker") // Owned by the file, or closed below.
  public static GgufFile open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new DeftException(
          DeftException.MODEL_NOT_FOUND,
          path + ": " + (Files.exists(path) ? "not a file" : "no such model file"));
    }
    Arena arena = Arena.ofShared();
    boolean done = false;
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      GgufFile file = new GgufFile(path.toString(), bytes, arena);
      done = true;
      return file;
    } catch (IOException e) {
      throw new DeftException(
          DeftException.MODEL_NOT_FOUND, path + ": cannot be read: " + e.getMessage(), e);
    } finally {
      if (!done) {
        arena.close();
      }
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

  /** The file's size in bytes. */
  public long size() {
    return size;
  }

  /** Its metadata. */
  public GgufMetadata metadata() {
    return metadata;
  }

  /** Its tensors, in the file's order. */
  public Collection<GgufTensor> tensors() {
    return tensors.values();
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
