package org.deft4j.engine;

import java.nio.file.Path;
import org.deft4j.kernels.Backends;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.plan.AttentionMethod;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link TreeEngine} is opened.
 *
 * @param model a GGUF file, or a folder with config.json and safetensors
 * @param backend name of a backend, or {@code auto} for the best that is usable
 * @param attention how tree attention groups keys and queries
 * @param threads worker threads, 0 for one a processor
 * @param kvMemory bytes for keys and values, 0 for a share of free memory bounded by need
 * @param kvType how keys and values are stored, null for what suits the backend and the weights
 * @param pageSize slots a page of keys and values: 1, 16, 32 or 64
 * @param contextLimit longest path in tokens, 0 for the model's own
 * @param deterministic whether a branch's bits must not depend on its batch, siblings or threads
 * @param chunk most rows a step while a prompt is computed; decoding branches come first
 * @param int8Activations whether activations may be rounded to 8 bits where that is faster; see
 *     {@link org.deft4j.kernels.BackendOptions}
 * @param weightMemory whether repacked weights are mapped from files
 * @param weightCache the folder for those files, of a {@link org.deft4j.kernels.cpu.WeightCache};
 *     null for none, which leaves weights in memory
 */
public record EngineOptions(
    Path model,
    String backend,
    AttentionMethod attention,
    int threads,
    long kvMemory,
    @Nullable KvType kvType,
    int pageSize,
    int contextLimit,
    boolean deterministic,
    int chunk,
    boolean int8Activations,
    WeightMemory weightMemory,
    @Nullable Path weightCache) {

  /** Rows a step by default. */
  public static final int DEFAULT_CHUNK = 512;

  /** Checks the ranges. */
  public EngineOptions {
    require(threads >= 0, "threads must be >= 0 (0 for one a processor)", threads);
    require(kvMemory >= 0, "KV memory must be >= 0 bytes (0 for automatic)", kvMemory);
    require(
        pageSize == 1 || pageSize == 16 || pageSize == 32 || pageSize == 64,
        "page size must be 1, 16, 32 or 64",
        pageSize);
    require(contextLimit >= 0, "context limit must be >= 0 (0 for the model's own)", contextLimit);
    require(chunk >= 1, "chunk must be at least 1 row", chunk);
  }

  private static void require(boolean ok, String rule, Object value) {
    if (!ok) {
      throw new IllegalArgumentException(rule + ", was " + value);
    }
  }

  /**
   * Defaults: best backend, {@code flatten}, all processors, keys and values as suits the backend
   * (F32 on a processor), 16-slot pages, repacked weights in memory.
   */
  public static EngineOptions of(Path model) {
    return new EngineOptions(
        model,
        Backends.AUTO,
        AttentionMethod.FLATTEN,
        0,
        0,
        null,
        16,
        0,
        false,
        DEFAULT_CHUNK,
        false,
        WeightMemory.AUTO,
        null);
  }

  /** These options with another {@link #model()}. */
  public EngineOptions withModel(Path v) {
    return new EngineOptions(
        v,
        backend,
        attention,
        threads,
        kvMemory,
        kvType,
        pageSize,
        contextLimit,
        deterministic,
        chunk,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options with another {@link #backend()}. */
  public EngineOptions withBackend(String v) {
    return new EngineOptions(
        model,
        v,
        attention,
        threads,
        kvMemory,
        kvType,
        pageSize,
        contextLimit,
        deterministic,
        chunk,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options with another {@link #attention()}. */
  public EngineOptions withAttention(AttentionMethod v) {
    return new EngineOptions(
        model,
        backend,
        v,
        threads,
        kvMemory,
        kvType,
        pageSize,
        contextLimit,
        deterministic,
        chunk,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options with other {@link #threads()}. */
  public EngineOptions withThreads(int v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        v,
        kvMemory,
        kvType,
        pageSize,
        contextLimit,
        deterministic,
        chunk,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options with other {@link #kvMemory()}. */
  public EngineOptions withKvMemory(long v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        threads,
        v,
        kvType,
        pageSize,
        contextLimit,
        deterministic,
        chunk,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options with another {@link #kvType()}. */
  public EngineOptions withKvType(@Nullable KvType v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        threads,
        kvMemory,
        v,
        pageSize,
        contextLimit,
        deterministic,
        chunk,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options with another {@link #pageSize()}. */
  public EngineOptions withPageSize(int v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        threads,
        kvMemory,
        kvType,
        v,
        contextLimit,
        deterministic,
        chunk,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options with another {@link #contextLimit()}. */
  public EngineOptions withContextLimit(int v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        threads,
        kvMemory,
        kvType,
        pageSize,
        v,
        deterministic,
        chunk,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options, {@link #deterministic()} or not. */
  public EngineOptions withDeterministic(boolean v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        threads,
        kvMemory,
        kvType,
        pageSize,
        contextLimit,
        v,
        chunk,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options with another {@link #chunk()}. */
  public EngineOptions withChunk(int v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        threads,
        kvMemory,
        kvType,
        pageSize,
        contextLimit,
        deterministic,
        v,
        int8Activations,
        weightMemory,
        weightCache);
  }

  /** These options, with {@link #int8Activations()} or exact ones. */
  public EngineOptions withInt8Activations(boolean v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        threads,
        kvMemory,
        kvType,
        pageSize,
        contextLimit,
        deterministic,
        chunk,
        v,
        weightMemory,
        weightCache);
  }

  /** These options with another {@link #weightMemory()}. */
  public EngineOptions withWeightMemory(WeightMemory v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        threads,
        kvMemory,
        kvType,
        pageSize,
        contextLimit,
        deterministic,
        chunk,
        int8Activations,
        v,
        weightCache);
  }

  /** These options with another {@link #weightCache()}. */
  public EngineOptions withWeightCache(@Nullable Path v) {
    return new EngineOptions(
        model,
        backend,
        attention,
        threads,
        kvMemory,
        kvType,
        pageSize,
        contextLimit,
        deterministic,
        chunk,
        int8Activations,
        weightMemory,
        v);
  }
}
