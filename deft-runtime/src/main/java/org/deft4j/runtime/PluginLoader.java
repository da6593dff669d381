package org.deft4j.runtime;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.jar.JarFile;
import org.deft4j.search.spi.DeftPlugin;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Finds plugins with {@link ServiceLoader}: those of the class path (the built-in ones among them),
 * then those of each entry of a {@link PluginPath}, which gets a class loader of its own below the
 * application's. These loaders live as long as the process: tasks and strategies run from them.
 */
public final class PluginLoader {
  private static final String CLASS_PATH = "class path";

  private PluginLoader() {}

  /**
   * Loads and checks plugins.
   *
   * @throws DeftException with exit code 1, in one line that names the plugins and where they are:
   *     for two plugins of one id, for one written for a newer API, for a jar that is broken or
   *     holds no plugin
   */
  public static List<LoadedPlugin> load(PluginPath path) {
    ClassLoader parent = PluginLoader.class.getClassLoader();
    List<LoadedPlugin> plugins = new ArrayList<>();
    collect(parent, CLASS_PATH, plugins);
    for (Path entry : path.entries()) {
      int before = plugins.size();
      collect(new URLClassLoader(entry.toString(), urls(entry), parent), entry.toString(), plugins);
      if (plugins.size() == before) {
        throw broken(entry, "it declares no " + DeftPlugin.class.getName(), null);
      }
    }
    Map<String, LoadedPlugin> byId = new HashMap<>();
    for (LoadedPlugin p : plugins) {
      LoadedPlugin other = byId.putIfAbsent(p.id(), p);
      if (other != null) {
        throw new DeftException(
            DeftException.RUNTIME,
            "two plugins are called '%s': one from %s, one from %s; remove one of them"
                .formatted(p.id(), other.source(), p.source()));
      }
    }
    return List.copyOf(plugins);
  }

  private static void collect(ClassLoader loader, String source, List<LoadedPlugin> plugins) {
    try {
      Iterator<DeftPlugin> found = ServiceLoader.load(DeftPlugin.class, loader).iterator();
      while (found.hasNext()) {
        DeftPlugin plugin = found.next();
        // A child loader also lists what its parent has.
        if (source.equals(CLASS_PATH) || plugin.getClass().getClassLoader() == loader) {
          plugins.add(check(new LoadedPlugin(plugin, source)));
        }
      }
    } catch (ServiceConfigurationError | LinkageError e) {
      throw new DeftException(
          DeftException.RUNTIME, "cannot load a plugin from " + source + ": " + e.getMessage(), e);
    }
  }

  private static LoadedPlugin check(LoadedPlugin loaded) {
    int version = loaded.plugin().apiVersion();
    if (version > DeftPlugin.API_VERSION) {
      throw new DeftException(
          DeftException.RUNTIME,
          "%s was written for plugin API %d, this DeFT has %d; update DeFT or the plugin"
              .formatted(loaded, version, DeftPlugin.API_VERSION));
    }
    return loaded;
  }

  private static URL[] urls(Path entry) {
    try {
      List<URL> urls = new ArrayList<>();
      if (Files.isDirectory(entry)) {
        urls.add(entry.toUri().toURL());
        for (Path jar : PluginPath.jars(entry)) {
          urls.add(openable(jar));
        }
      } else {
        urls.add(openable(entry));
      }
      return urls.toArray(URL[]::new);
    } catch (MalformedURLException e) {
      throw broken(entry, String.valueOf(e.getMessage()), e);
    }
  }

  /** A class loader would silently pass over a file that is no jar. */
  private static URL openable(Path jar) throws MalformedURLException {
    try (JarFile _ = new JarFile(jar.toFile())) {
      return jar.toUri().toURL();
    } catch (MalformedURLException e) {
      throw e;
    } catch (IOException e) {
      throw broken(jar, String.valueOf(e.getMessage()), e);
    }
  }

  private static DeftException broken(Path entry, String why, @Nullable Exception cause) {
    String message = "cannot load plugins from " + entry + ": " + why;
    return cause == null
        ? new DeftException(DeftException.RUNTIME, message)
        : new DeftException(DeftException.RUNTIME, message, cause);
  }
}
