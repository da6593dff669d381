package org.deft4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.PluginLoader;
import org.deft4j.runtime.PluginPath;
import picocli.CommandLine.Option;

/** Where plugins come from. */
final class PluginOptions {
  @Option(
      names = "--plugin",
      paramLabel = "JAR",
      description =
          "A jar or folder with plugins, besides those of the plugins folders and $DEFT_PLUGINS;"
              + " may be repeated.")
  private List<Path> plugins = new ArrayList<>();

  /** Everything that these plugins and the built-in ones offer. */
  DeftModule module(Context context, DeftOptions options) {
    PluginPath path = PluginPath.of(context.folders(), context.terminal().env(), plugins);
    return new DeftModule(options.withPlugins(plugins), PluginLoader.load(path));
  }
}
