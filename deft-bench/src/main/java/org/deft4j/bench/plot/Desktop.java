package org.deft4j.bench.plot;

/**
 * Whether this runtime can draw; a class of its own, for {@link ChartWriter} needs java.awt to
 * load.
 */
public final class Desktop {
  private Desktop() {}

  /** False on a small runtime without the module java.desktop. */
  public static boolean present() {
    return ModuleLayer.boot().findModule("java.desktop").isPresent();
  }
}
