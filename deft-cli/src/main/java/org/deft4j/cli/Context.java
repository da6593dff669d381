package org.deft4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.Folders;
import org.deft4j.runtime.ModelCatalogue;
import org.deft4j.runtime.Registry;
import org.deft4j.runtime.hub.Hub;
import org.deft4j.runtime.hub.HubListener;
import org.deft4j.runtime.hub.HubModel;
import org.deft4j.runtime.hub.HubSettings;

/**
 * What commands are given.
 *
 * @param terminal streams and environment
 * @param interrupt Ctrl-C
 * @param folders where things lie
 * @param opener opens models
 */
record Context(Terminal terminal, Interrupt interrupt, Folders folders, Opener opener) {
  Context(Terminal terminal, Interrupt interrupt) {
    this(terminal, interrupt, Folders.here(), Deft::open);
  }

  /** Opens a model. */
  interface Opener {
    /** As {@link Deft#open(DeftOptions, Registry)}. */
    Deft open(DeftOptions options, Registry registry);
  }

  Deft open(DeftOptions options, Registry registry) {
    // Models of the hub are brought here, where a terminal can show how that goes.
    boolean remote =
        !Files.exists(Path.of(options.model())) && HubModel.parse(options.model()).isPresent();
    return opener.open(
        remote ? options.withModel(resolve(options.model()).toString()) : options, registry);
  }

  /** The file or folder of a model; one of the hub is downloaded if need be. */
  Path resolve(String model) {
    LiveView view = LiveView.of(this, "");
    HubListener progress =
        (file, done, total) -> {
          if (terminal.canRedraw()) {
            view.show(bar(file, done, total));
          }
        };
    HubSettings settings =
        HubSettings.of(terminal.env(), Path.of(System.getProperty("user.home", ".")));
    try {
      return new ModelCatalogue(folders, m -> new Hub(settings, progress).resolve(m))
          .resolve(model);
    } finally {
      view.clear();
    }
  }

  /** A file's name, a bar of 20 characters, and the share. */
  static String bar(String file, long done, long total) {
    int filled = total == 0 ? 20 : (int) (20 * done / total);
    return "%s [%s%s] %s of %s"
        .formatted(
            file,
            "#".repeat(filled),
            ".".repeat(20 - filled),
            Format.bytes(done),
            Format.bytes(total));
  }
}
