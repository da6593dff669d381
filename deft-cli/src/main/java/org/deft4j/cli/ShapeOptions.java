package org.deft4j.cli;

import java.nio.file.Path;
import org.deft4j.bench.model.ModelShape;
import org.deft4j.bench.model.RandomModel;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.gguf.GgufFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model a benchmark measures: a named shape with random weights, or a file. */
final class ShapeOptions {
  @Option(
      names = "--shape",
      paramLabel = "NAME",
      description =
          "A shape with random weights: tiny, small, llama-3.2-1b or llama-3-8b (default:"
              + " llama-3-8b on CUDA, small on a processor).")
  private @Nullable String shape;

  @Option(names = "--model", paramLabel = "FILE", description = "A GGUF file in place of a shape.")
  private @Nullable Path model;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "What computes: auto, or a name that 'deft doctor' lists.")
  private String backend = "auto";

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads that compute (default: one a processor).")
  private int threads;

  @Option(
      names = "--kv-memory",
      paramLabel = "MB",
      defaultValue = "0",
      description = "Memory for keys and values in MB (default: a share of what is free).")
  private long kvMegabytes;

  /**
   * Checks what needs no device.
   *
   * @throws IllegalArgumentException for bad values, naming the option
   */
  void check() {
    if (shape != null && model != null) {
      throw new IllegalArgumentException("--shape or --model, not both");
    }
    String name = shape;
    if (name != null) {
      ModelShape unused = ModelShape.of(name);
    }
    if (kvMegabytes < 0 || kvMegabytes > 1 << 30) {
      throw new IllegalArgumentException(
          "--kv-memory must be 0 (automatic) or megabytes, was " + kvMegabytes);
    }
    EngineOptions unused = engine();
  }

  /** How an engine is to be opened. */
  EngineOptions engine() {
    if (threads < 0) {
      throw new IllegalArgumentException(
          "--threads must be 0 (one a processor) or more, was " + threads);
    }
    Path file = model;
    return EngineOptions.of(file == null ? Path.of("random") : file)
        .withBackend(backend)
        .withThreads(threads)
        .withKvMemory(kvMegabytes << 20);
  }

  /**
   * The shape, if no file was named.
   *
   * @param cuda whether a CUDA device computes
   */
  @Nullable ModelShape shape(boolean cuda) {
    String name = shape;
    if (model != null) {
      return null;
    }
    return ModelShape.of(name != null ? name : cuda ? "llama-3-8b" : "small");
  }

  /** Opens the file, or makes a model of the shape. */
  GgufFile open(boolean cuda) {
    ModelShape named = shape(cuda);
    Path file = model;
    return named != null || file == null
        ? RandomModel.of(named != null ? named : ModelShape.of("small"))
        : GgufFile.open(file);
  }
}
