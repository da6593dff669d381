package org.deft4j.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.cpu.WeightCache;
import org.deft4j.kernels.cpu.WeightFiles;

/** Finds the files in which a model's repacked weights are kept. */
public final class MappedWeights {
  private MappedWeights() {}

  /**
   * The files; empty if the options or the size say memory, or if the model does not lie in files
   * of its own.
   */
  public static Optional<WeightFiles> of(ModelSource source, EngineOptions options) {
    Path folder = options.weightCache();
    List<Path> files = source.files();
    if (folder == null
        || files.isEmpty()
        || !options.weightMemory().mapped(ModelNeeds.panelBytes(source))) {
      return Optional.empty();
    }
    StringJoiner place = new StringJoiner("\n");
    StringJoiner identity = new StringJoiner("\n");
    try {
      for (Path f : files) {
        Path real = f.toRealPath();
        BasicFileAttributes a = Files.readAttributes(real, BasicFileAttributes.class);
        place.add(f.toAbsolutePath().normalize().toString());
        identity.add(real + " " + a.size() + " " + a.lastModifiedTime());
      }
    } catch (IOException e) {
      // What cannot be told apart is not kept.
      return Optional.empty();
    }
    for (GgufTensor t : source.tensors()) {
      identity.add(t.name() + " " + t.type() + " " + t.shape());
    }
    String name = files.getFirst().getFileName().toString();
    return Optional.of(new WeightCache(folder).model(name, place.toString(), identity.toString()));
  }
}
