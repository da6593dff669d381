package org.deft4j.engine;

import java.util.Locale;

/** Where the Vector API has the weights that it repacked; other backends take no notice. */
public enum WeightMemory {
  /** As {@link #MAPPED} from {@value #LEAST_MAPPED} bytes on, else as {@link #MEMORY}. */
  AUTO,
  /** In files of a cache folder, which are mapped: written once, shared by processes. */
  MAPPED,
  /** In memory of the process, outside the Java heap. */
  MEMORY;

  /**
   * Repacked bytes below which files gain nothing: they are packed within about 0.1 s, and nobody
   * misses the memory.
   */
  public static final long LEAST_MAPPED = 128L << 20;

  /** Whether so many repacked bytes are to be mapped. */
  public boolean mapped(long bytes) {
    return this == MAPPED || this == AUTO && bytes >= LEAST_MAPPED;
  }

  /** The name on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
