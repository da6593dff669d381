package org.deft4j.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.deft4j.mini.DeftMini;
import org.deft4j.runtime.hub.Hub;
import org.deft4j.runtime.hub.HubListener;
import org.deft4j.runtime.hub.HubModel;
import org.deft4j.runtime.hub.HubSettings;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/** The models that come with DeFT, by name. */
public final class ModelCatalogue {
  /** The model that is used unless told otherwise. */
  public static final String DEFAULT = DeftMini.NAME;

  private final Folders folders;
  private final Function<HubModel, Path> hub;

  /**
   * A catalogue that keeps extracted models in the cache folder, and takes models of the Hugging
   * Face hub by the settings of this process.
   */
  public ModelCatalogue(Folders folders) {
    this(
        folders,
        m ->
            new Hub(
                    HubSettings.of(System.getenv(), Path.of(System.getProperty("user.home", "."))),
                    HubListener.NONE)
                .resolve(m));
  }

  /**
   * A catalogue.
   *
   * @param hub finds or brings models of the hub
   */
  public ModelCatalogue(Folders folders, Function<HubModel, Path> hub) {
    this.folders = folders;
    this.hub = hub;
  }

  /** What is shipped; without extracting it. */
  public List<ShippedModel> models() {
    return List.of(
        new ShippedModel(
            DeftMini.NAME,
            "the small model trained for the built-in tasks (version " + DeftMini.VERSION + ")",
            DeftMini.SIZE,
            DeftMini::extractTo));
  }

  /**
   * The file or folder of a model. A shipped one is extracted to the cache folder at its first use,
   * because engines map files.
   *
   * @param model a shipped model's name, a path, or {@code org/name[@revision]} of the hub
   * @throws DeftException with exit code 3 if there is neither such a name nor such a file
   */
  public Path resolve(String model) {
    List<ShippedModel> models = models();
    for (ShippedModel m : models) {
      if (m.name().equals(model)) {
        return extract(m);
      }
    }
    try {
      Path path = Path.of(model);
      if (!model.isEmpty() && Files.exists(path)) {
        return path;
      }
    } catch (InvalidPathException e) {
      throw missing(model, models, e);
    }
    // A path that is not there is no model of the hub.
    if (!model.endsWith(".gguf") || model.contains(":")) {
      Optional<HubModel> remote = HubModel.parse(model);
      if (remote.isPresent()) {
        return hub.apply(remote.get());
      }
    }
    throw missing(model, models, null);
  }

  private static DeftException missing(
      String model, List<ShippedModel> models, @Nullable Exception cause) {
    String names = models.stream().map(ShippedModel::name).collect(Collectors.joining(", "));
    String message =
        "no model '"
            + model
            + "': it is no file and no org/name of the hub, and the models that come along are: "
            + names;
    return cause == null
        ? new DeftException(DeftException.MODEL_NOT_FOUND, message)
        : new DeftException(DeftException.MODEL_NOT_FOUND, message, cause);
  }

  private Path extract(ShippedModel model) {
    try {
      return model.extractor().extractTo(folders.cache().resolve("models"));
    } catch (IOException e) {
      // A home that cannot be written to is no reason not to run.
      try {
        Path folder = Files.createTempDirectory("deft-model-");
        Path file = model.extractor().extractTo(folder);
        // Deleted in reverse order: the folder last.
        folder.toFile().deleteOnExit();
        try (var files = Files.newDirectoryStream(folder)) {
          files.forEach(f -> f.toFile().deleteOnExit());
        }
        return file;
      } catch (IOException again) {
        throw new DeftException(
            DeftException.RUNTIME,
            "cannot extract the model %s to %s (%s); set XDG_CACHE_HOME to a folder with room for it"
                .formatted(model.name(), folders.cache(), again.getMessage()),
            again);
      }
    }
  }

  /** A checksum of a model's file (CRC-32, hexadecimal), to tell whether two runs used the same. */
  public static String checksum(Path file) {
    CRC32 crc = new CRC32();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        crc.update(buffer, 0, n);
      }
    } catch (IOException e) {
      throw new DeftException(
          DeftException.MODEL_NOT_FOUND, "cannot read " + file + ": " + e.getMessage(), e);
    }
    return "%08x".formatted(crc.getValue());
  }
}
