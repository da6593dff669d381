package org.deft4j.kernels.cpu.panama;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.deft4j.kernels.Weights;
import org.deft4j.kernels.cpu.WeightFiles;
import org.deft4j.kernels.cpu.WorkerPool;

/**
 * Panels in mapped files: the second time a model is loaded nothing is packed, and of its own file
 * 16 KB a tensor are read. Where no file can be written the panels are {@link #ANONYMOUS}, which is
 * logged once.
 *
 * <p>A file's name says what is in it: how many pieces the backend made before, vector width,
 * types, shapes, and a digest of samples of the weights. So a model's matrices have to be made in
 * the same order each time, or are packed anew.
 */
final class PanelFiles implements PanelMemory {
  private static final System.Logger LOG = System.getLogger(PanelFiles.class.getName());
  private static final int SAMPLES = 4;
  private static final int SAMPLE_BYTES = 4096;

  private final WeightFiles files;
  private int pieces;

  PanelFiles(WeightFiles files) {
    this.files = files;
  }

  @Override
  @SuppressWarnings("MustBeClosedChecker") // Owned by the panels, or closed below.
  public Panels panels(Weights[] parts, WorkerPool pool) {
    String name = "%04d-%d-%s.panels".formatted(pieces++, Lanes.BITS, fingerprint(parts));
    Arena arena = Arena.ofShared();
    try {
      Optional<Panels> found = map(name, parts, pool, arena);
      if (found.isPresent()) {
        return found.get();
      }
      if (!files.refused()) {
        return write(name, parts, pool, arena);
      }
    } catch (IOException e) {
      files.refuse();
      LOG.log(
          System.Logger.Level.WARNING,
          () -> "weights stay in memory, since " + files.folder() + " cannot be written: " + e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
    arena.close();
    return ANONYMOUS.panels(parts, pool);
  }

  private Optional<Panels> map(String name, Weights[] parts, WorkerPool pool, Arena arena) {
    Optional<WeightFiles.Content> content = files.map(name, arena);
    if (content.isEmpty()) {
      return Optional.empty();
    }
    PanelFormat[] formats = PanelFormat.values();
    PanelFormat format = formats[Objects.checkIndex(content.get().tag(), formats.length)];
    MemorySegment data = content.get().data();
    long bytes = new PanelPacker(parts, format, pool).bytes();
    return data.byteSize() == bytes
        ? Optional.of(new Panels(format, NativeMemory.mapped(data, arena), arena))
        : Optional.empty();
  }

  private Panels write(String name, Weights[] parts, WorkerPool pool, Arena arena)
      throws IOException {
    PanelPacker packer = new PanelPacker(parts, PanelFormat.of(parts, pool), pool);
    MemorySegment data =
        files
            .write(
                name,
                packer.format().ordinal(),
                packer.panels(),
                packer.panelBytes(),
                packer::pack,
                arena)
            .data();
    return new Panels(packer.format(), NativeMemory.mapped(data, arena), arena);
  }

  private static String fingerprint(Weights[] parts) {
    List<MemorySegment> samples = new ArrayList<>();
    for (Weights w : parts) {
      String shape = w.type() + " " + w.rows() + " " + w.cols() + ";";
      samples.add(MemorySegment.ofArray(shape.getBytes(StandardCharsets.UTF_8)));
      long bytes = w.data().byteSize();
      long n = Math.min(SAMPLE_BYTES, bytes);
      for (int i = 0; i < SAMPLES; i++) {
        samples.add(w.data().asSlice((bytes - n) / (SAMPLES - 1) * i, n));
      }
    }
    return WeightFiles.digest(samples);
  }
}
