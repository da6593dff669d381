package org.deft4j.runtime;

import java.nio.file.Path;
import java.util.List;
import org.deft4j.tree.plan.AttentionMethod;

/**
 * What a {@code Deft} opens and how it runs.
 *
 * @param model the name of a shipped model, or a path to a GGUF file
 * @param backend a backend's name, or {@code auto} for the best usable one
 * @param attention how attention is grouped
 * @param threads threads that compute, 0 for one a processor
 * @param deterministic a branch's results must not depend on what else is in its batch or on the
 *     number of threads
 * @param plugins jars or folders with plugins, besides the usual places
 */
public record DeftOptions(
    String model,
    String backend,
    AttentionMethod attention,
    int threads,
    boolean deterministic,
    List<Path> plugins) {

  /** Checks and copies. */
  public DeftOptions {
    plugins = List.copyOf(plugins);
    if (threads < 0) {
      throw new IllegalArgumentException("threads must not be negative, was " + threads);
    }
  }

  /** A model with every default. */
  public static DeftOptions of(String model) {
    return new DeftOptions(model, "auto", AttentionMethod.FLATTEN, 0, false, List.of());
  }

  /** These options with another model. */
  public DeftOptions withModel(String value) {
    return new DeftOptions(value, backend, attention, threads, deterministic, plugins);
  }

  /** These options with another backend. */
  public DeftOptions withBackend(String value) {
    return new DeftOptions(model, value, attention, threads, deterministic, plugins);
  }

  /** These options with another attention method. */
  public DeftOptions withAttention(AttentionMethod value) {
    return new DeftOptions(model, backend, value, threads, deterministic, plugins);
  }

  /** These options with another number of threads. */
  public DeftOptions withThreads(int value) {
    return new DeftOptions(model, backend, attention, value, deterministic, plugins);
  }

  /** These options, deterministic or not. */
  public DeftOptions withDeterministic(boolean value) {
    return new DeftOptions(model, backend, attention, threads, value, plugins);
  }

  /** These options with plugins of these jars and folders. */
  public DeftOptions withPlugins(List<Path> value) {
    return new DeftOptions(model, backend, attention, threads, deterministic, value);
  }
}
