package org.deft4j.search.spi;

import com.google.inject.Module;
import java.util.List;

/**
 * A plugin, found by {@link java.util.ServiceLoader}.
 *
 * <p>Its modules contribute to {@code MapBinder<String, TaskFactory>}, {@code MapBinder<String,
 * StrategyFactory>} and {@code MapBinder<String, EvaluatorFactory>}; {@link PluginBinder} saves the
 * typing. Two plugins of one id, and two contributions of one name, are errors at start.
 */
public interface DeftPlugin {
  /** The API version of this host. */
  int API_VERSION = 1;

  /** Unique name in kebab-case, for instance {@code deft-tasks}. */
  String id();

  /** The API version that the plugin was written for; refused when newer than the host's. */
  default int apiVersion() {
    return 1;
  }

  /** Guice modules with the plugin's contributions. */
  default List<Module> modules() {
    return List.of();
  }
}
