package org.deft4j.cli;

import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.ModelCatalogue;
import org.deft4j.tree.plan.AttentionMethod;
import picocli.CommandLine.Option;

/** Which model runs, and how. */
final class EngineOptions {
  @Option(
      names = "--model",
      paramLabel = "MODEL",
      defaultValue = ModelCatalogue.DEFAULT,
      description = "A GGUF file, or the name of a shipped model (default ${DEFAULT-VALUE}).")
  private String model = ModelCatalogue.DEFAULT;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      defaultValue = "auto",
      description = "What computes: auto, or a name that 'deft doctor' lists.")
  private String backend = "auto";

  @Option(
      names = "--attention",
      paramLabel = "METHOD",
      defaultValue = "flatten",
      description =
          "How attention is grouped: flatten, node, node-chunk, sequence, radix, tree-mask or"
              + " tree-mask-bits (default ${DEFAULT-VALUE}).")
  private String attention = "flatten";

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads that compute (default: one a processor).")
  private int threads;

  @Option(
      names = "--deterministic",
      description =
          "Make a branch's bits independent of what else runs beside it and of the threads.")
  private boolean deterministic;

  /**
   * The options, checked as far as that needs no model.
   *
   * @throws IllegalArgumentException for a bad value, naming the option
   */
  DeftOptions toDeftOptions() {
    if (threads < 0) {
      throw new IllegalArgumentException(
          "--threads must be 0 (one a processor) or more, was " + threads);
    }
    return DeftOptions.of(model)
        .withBackend(backend)
        .withAttention(AttentionMethod.of(attention))
        .withThreads(threads)
        .withDeterministic(deterministic);
  }
}
