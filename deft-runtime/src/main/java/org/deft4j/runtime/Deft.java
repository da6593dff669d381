package org.deft4j.runtime;

import java.nio.file.Path;
import java.util.Optional;
import org.deft4j.engine.EngineInfo;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.tree.decode.TreeDecoder;

/**
 * A model that is open and everything that can be done with it.
 *
 * <pre>{@code
 * try (Deft deft = Deft.open("deft-mini")) {
 *   SearchResult result =
 *       deft.search("sorting").problem("[3, 1, 2]").strategy("beam").option("width", 4).run();
 *   System.out.println(result.answer().orElse("no answer"));
 * }
 * }</pre>
 *
 * <p>For one thread at a time. Several searches run side by side on one model by submitting their
 * {@linkplain DeftSearch#request requests} to the {@link #driver}.
 */
public final class Deft implements AutoCloseable {
  private final Registry registry;
  private final TreeDecoder decoder;
  private final SearchDriver driver;

  /**
   * Puts one together by hand.
   *
   * @param registry what can be chosen by name
   * @param decoder the model; closed with this
   */
  public Deft(Registry registry, TreeDecoder decoder) {
    this.registry = registry;
    this.decoder = decoder;
    this.driver = new SearchDriver(decoder);
  }

  /**
   * Opens a model with every default.
   *
   * @param model the name of a shipped model, or a path to a GGUF file
   * @throws org.deft4j.tree.DeftException if there is no such model, or it cannot be used here
   */
  public static Deft open(String model) {
    return open(DeftOptions.of(model));
  }

  /** Opens a model; plugins come from the class path, the usual folders, and the options. */
  public static Deft open(DeftOptions options) {
    return open(options, new DeftModule(options).registry());
  }

  /** Opens a model to be used with what was found before. */
  public static Deft open(DeftOptions options, Registry registry) {
    return new Deft(registry, decoder(options));
  }

  /** A model alone. */
  static TreeDecoder decoder(DeftOptions options) {
    Path file = new ModelCatalogue(Folders.here()).resolve(options.model());
    return TreeEngine.open(options.engine().withModel(file));
  }

  /** Begins a search for the named task. */
  public DeftSearch search(String task) {
    return new DeftSearch(driver, registry, task);
  }

  /** What can be chosen by name. */
  public Registry registry() {
    return registry;
  }

  /** The model. */
  public TreeDecoder decoder() {
    return decoder;
  }

  /** Runs searches on the model. */
  public SearchDriver driver() {
    return driver;
  }

  /** What runs, where the model runs on this machine. */
  public Optional<EngineInfo> engine() {
    return decoder instanceof TreeEngine engine ? Optional.of(engine.info()) : Optional.empty();
  }

  /** The model's own description, where it runs on this machine. */
  public Optional<GgufMetadata> metadata() {
    return decoder instanceof TreeEngine engine ? Optional.of(engine.metadata()) : Optional.empty();
  }

  /** Frees the model and all its memory, and what evaluators have opened beside it. */
  @Override
  public void close() {
    try {
      registry.release();
    } finally {
      decoder.close();
    }
  }
}
