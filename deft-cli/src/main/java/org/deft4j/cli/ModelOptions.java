package org.deft4j.cli;

import org.deft4j.engine.WeightMemory;
import org.deft4j.kernels.KvType;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.ModelCatalogue;
import org.deft4j.tree.plan.AttentionMethod;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model runs, and how. */
final class ModelOptions {
  @Option(
      names = "--model",
      paramLabel = "MODEL",
      defaultValue = ModelCatalogue.DEFAULT,
      description =
          "A GGUF file, a folder of safetensors, org/name[@revision] of the Hugging Face hub, or"
              + " the name of a shipped model (default ${DEFAULT-VALUE}).")
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

  @Option(
      names = "--int8-activations",
      description =
          "Round activations to 8 bits where weights are Q4_K or Q6_K: faster on a processor, and"
              + " logits move by some hundredths.")
  private boolean int8Activations;

  @Option(
      names = "--weights",
      paramLabel = "WHERE",
      defaultValue = "auto",
      description =
          "Where a processor has the weights it repacked: mapped (files in the cache folder),"
              + " memory, or auto (mapped from 128 MB on; default).")
  private WeightMemory weights = WeightMemory.AUTO;

  @Option(
      names = "--kv-type",
      paramLabel = "TYPE",
      description =
          "How keys and values are stored: f32, f16 or bf16 (default: f32 on a processor; bf16 on"
              + " CUDA for weights in bf16, else f16).")
  private @Nullable KvType kvType;

  @Option(
      names = "--kv-memory",
      paramLabel = "MB",
      defaultValue = "0",
      description = "Memory for keys and values in MB (default: a share of what is free).")
  private long kvMegabytes;

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
    if (kvMegabytes < 0 || kvMegabytes > 1 << 30) {
      throw new IllegalArgumentException(
          "--kv-memory must be 0 (automatic) or megabytes, was " + kvMegabytes);
    }
    AttentionMethod method = AttentionMethod.of(attention);
    return DeftOptions.of(model)
        .withEngine(e ->
            e.withBackend(backend)
                .withAttention(method)
                .withThreads(threads)
                .withKvType(kvType)
                .withKvMemory(kvMegabytes << 20)
                .withDeterministic(deterministic)
                .withInt8Activations(int8Activations)
                .withWeightMemory(weights));
  }
}
