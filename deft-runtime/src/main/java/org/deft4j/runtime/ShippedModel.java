package org.deft4j.runtime;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A model that comes with DeFT.
 *
 * @param name what {@code --model} calls it
 * @param description one line
 * @param bytes size of its file
 * @param extractor puts its file into a folder
 */
public record ShippedModel(String name, String description, long bytes, Extractor extractor) {
  /** Puts a model's file into a folder, unless it is there, whole and unchanged. */
  @FunctionalInterface
  public interface Extractor {
    /**
     * Extracts.
     *
     * @param folder is made if it is missing
     * @return the file
     */
    Path extractTo(Path folder) throws IOException;
  }
}
