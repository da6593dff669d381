package org.deft4j.runtime;

import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.deft4j.engine.EngineOptions;

/**
 * What a {@link Deft} opens and how it runs.
 *
 * @param model the name of a shipped model, a path to a GGUF file or a folder of safetensors, or
 *     {@code org/name[@revision]} of the Hugging Face hub
 * @param engine how the model runs; its own {@link EngineOptions#model} is not looked at
 * @param plugins jars or folders with plugins, besides the usual places
 */
public record DeftOptions(String model, EngineOptions engine, List<Path> plugins) {
  /** Copies the list. */
  public DeftOptions {
    plugins = List.copyOf(plugins);
  }

  /** A model with every default; repacked weights of large ones are kept in the cache folder. */
  public static DeftOptions of(String model) {
    EngineOptions engine =
        EngineOptions.of(Path.of("")).withWeightCache(Folders.here().weights().folder());
    return new DeftOptions(model, engine, List.of());
  }

  /** These options with another model. */
  public DeftOptions withModel(String value) {
    return new DeftOptions(value, engine, plugins);
  }

  /** These options with changes to how the model runs. */
  public DeftOptions withEngine(UnaryOperator<EngineOptions> change) {
    return new DeftOptions(model, change.apply(engine), plugins);
  }

  /** These options with plugins of these jars and folders. */
  public DeftOptions withPlugins(List<Path> value) {
    return new DeftOptions(model, engine, value);
  }
}
