package org.deft4j.runtime;

import org.deft4j.search.spi.DeftPlugin;

/**
 * A plugin and where it came from.
 *
 * @param plugin the plugin
 * @param source {@code class path}, or the jar or folder that holds it
 */
public record LoadedPlugin(DeftPlugin plugin, String source) {
  /** The plugin's id. */
  public String id() {
    return plugin.id();
  }

  @Override
  public String toString() {
    return "plugin " + id() + " (" + source + ")";
  }
}
