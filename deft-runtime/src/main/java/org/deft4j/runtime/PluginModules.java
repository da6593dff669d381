package org.deft4j.runtime;

import com.google.inject.AbstractModule;
import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.TypeLiteral;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.deft4j.search.spi.DeftPlugin;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.PluginBinder;
import org.deft4j.search.spi.StrategyFactory;
import org.deft4j.search.spi.TaskFactory;
import org.deft4j.tree.DeftException;

/** Installs plugins' modules, and finds out who is to blame when they do not go together. */
final class PluginModules extends AbstractModule {
  private final List<LoadedPlugin> plugins;

  PluginModules(List<LoadedPlugin> plugins) {
    this.plugins = plugins;
  }

  @Override
  protected void configure() {
    // Declares the maps, so that no plugin at all is legal.
    var _ = new PluginBinder(binder());
    plugins.forEach(p -> p.plugin().modules().forEach(this::install));
  }

  /**
   * What went wrong, in one line that names the plugins. Guice reports two contributions of one
   * name with their source lines; users know plugins, so each is asked again by itself.
   */
  static DeftException explain(CreationException e, List<LoadedPlugin> plugins) {
    Map<String, LoadedPlugin> owners = new HashMap<>();
    for (LoadedPlugin p : plugins) {
      Set<String> names;
      try {
        names = contributions(p.plugin());
      } catch (CreationException alone) {
        return new DeftException(
            DeftException.RUNTIME, p + " cannot be used: " + firstLine(alone), e);
      }
      for (String name : names) {
        LoadedPlugin other = owners.putIfAbsent(name, p);
        if (other != null) {
          return new DeftException(
              DeftException.RUNTIME,
              other + " and " + p + " both contribute the " + name + "; remove one of them",
              e);
        }
      }
    }
    return new DeftException(
        DeftException.RUNTIME, "the plugins cannot be used together: " + firstLine(e), e);
  }

  private static Set<String> contributions(DeftPlugin plugin) {
    Injector injector =
        Guice.createInjector(new PluginModules(List.of(new LoadedPlugin(plugin, ""))));
    Set<String> names = new TreeSet<>();
    names(injector, new TypeLiteral<Map<String, TaskFactory>>() {})
        .forEach(n -> names.add("task '" + n + "'"));
    names(injector, new TypeLiteral<Map<String, StrategyFactory>>() {})
        .forEach(n -> names.add("strategy '" + n + "'"));
    names(injector, new TypeLiteral<Map<String, EvaluatorFactory>>() {})
        .forEach(n -> names.add("evaluator '" + n + "'"));
    return names;
  }

  private static <T> Set<String> names(Injector injector, TypeLiteral<Map<String, T>> type) {
    return injector.getInstance(Key.get(type)).keySet();
  }

  private static String firstLine(CreationException e) {
    return e.getErrorMessages().iterator().next().getMessage().lines().findFirst().orElse("");
  }
}
