package org.deft4j.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.deft4j.mini.DeftMini;
import org.deft4j.tree.DeftException;

/** The models that come with DeFT, by name. */
public final class ModelCatalogue {
  /** The model that is used unless told otherwise. */
  public static final String DEFAULT = "deft-mini";

  private final Folders folders;

  /** A catalogue that keeps extracted models in the cache folder. */
  public ModelCatalogue(Folders folders) {
    this.folders = folders;
  }

  /** What is shipped; without opening it. */
  public List<ShippedModel> models() {
    URL mini = ModelCatalogue.class.getResource(DeftMini.RESOURCE);
    if (mini == null) {
      return List.of();
    }
    return List.of(
        new ShippedModel(
            DEFAULT, "the small model trained for the built-in tasks (sorting)", size(mini), mini));
  }

  /**
   * The file of a model. A shipped one is extracted to the cache folder at its first use (a second
   * for 18 MB), because engines map files.
   *
   * @param model a shipped model's name, or a path
   * @throws DeftException with exit code 3 if there is neither such a name nor such a file
   */
  public Path resolve(String model) {
    List<ShippedModel> models = models();
    for (ShippedModel m : models) {
      if (m.name().equals(model)) {
        return extract(m);
      }
    }
    Path path = Path.of(model);
    if (Files.exists(path)) {
      return path;
    }
    String names = models.stream().map(ShippedModel::name).collect(Collectors.joining(", "));
    throw new DeftException(
        DeftException.MODEL_NOT_FOUND,
        "no model '" + model + "': it is no file, and the models that come along are: " + names);
  }

  private Path extract(ShippedModel model) {
    try {
      if (model.resource().getProtocol().equals("file")) {
        return Path.of(model.resource().toURI());
      }
      return extract(model, folders.cache().resolve("models"));
    } catch (IOException | URISyntaxException e) {
      // A home that cannot be written to is no reason not to run.
      try {
        Path folder = Files.createTempDirectory("deft-model-");
        Path file = extract(model, folder);
        folder.toFile().deleteOnExit();
        file.toFile().deleteOnExit();
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

  private static Path extract(ShippedModel model, Path folder) throws IOException {
    JarURLConnection connection = (JarURLConnection) model.resource().openConnection();
    // The entry's own checksum names the file, so that another version is another file.
    long crc = connection.getJarEntry().getCrc();
    Path file = folder.resolve("%s-%08x.gguf".formatted(model.name(), crc));
    if (Files.isRegularFile(file) && crc(file) == crc) {
      return file;
    }
    Files.createDirectories(folder);
    Path part = Files.createTempFile(folder, model.name(), ".part");
    try {
      try (InputStream in = connection.getInputStream()) {
        Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      }
      // Whole or not at all, also for another process that starts now.
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(part);
    }
    return file;
  }

  /** A checksum of a model's file (CRC-32, hexadecimal), to tell whether two runs used the same. */
  public static String checksum(Path file) {
    try {
      return "%08x".formatted(crc(file));
    } catch (IOException e) {
      throw new DeftException(
          DeftException.MODEL_NOT_FOUND, "cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static long crc(Path file) throws IOException {
    CRC32 crc = new CRC32();
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        crc.update(buffer, 0, n);
      }
    }
    return crc.getValue();
  }

  private static long size(URL resource) {
    try {
      URLConnection connection = resource.openConnection();
      return connection.getContentLengthLong();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + resource, e);
    }
  }
}
