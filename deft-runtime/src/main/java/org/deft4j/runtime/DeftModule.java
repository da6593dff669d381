package org.deft4j.runtime;

import com.google.inject.AbstractModule;
import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import com.google.inject.TypeLiteral;
import com.google.inject.multibindings.MapBinder;
import java.util.List;
import org.deft4j.kernels.BackendProvider;
import org.deft4j.kernels.Backends;
import org.deft4j.runtime.reward.RewardModels;
import org.deft4j.search.evaluate.RewardModel;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.tree.plan.AttentionMethod;

/**
 * Binds everything by name: tasks, strategies and evaluators of the plugins, backends and attention
 * methods; and a {@link Deft} for users who inject one, which opens its model when first asked for.
 */
public final class DeftModule extends AbstractModule {
  private final DeftOptions options;
  private final List<LoadedPlugin> plugins;

  /** With the plugins of the class path, of the usual folders, and those that the options name. */
  public DeftModule(DeftOptions options) {
    this(
        options,
        PluginLoader.load(PluginPath.of(Folders.here(), System.getenv(), options.plugins())));
  }

  /** With exactly these plugins. */
  public DeftModule(DeftOptions options, List<LoadedPlugin> plugins) {
    this.options = options;
    this.plugins = List.copyOf(plugins);
  }

  /**
   * Everything that can be chosen by name, without opening a model.
   *
   * @throws org.deft4j.tree.DeftException in one line, when plugins do not go together
   */
  public Registry registry() {
    try {
      return Guice.createInjector(this).getInstance(Registry.class);
    } catch (CreationException e) {
      throw PluginModules.explain(e, plugins);
    }
  }

  /** The plugins. */
  public List<LoadedPlugin> plugins() {
    return plugins;
  }

  @Override
  protected void configure() {
    install(new PluginModules(plugins));
    MapBinder.newMapBinder(binder(), String.class, EvaluatorFactory.class)
        .addBinding(RewardModel.NAME)
        .toInstance(new RewardModels(model -> Deft.decoder(options.withModel(model))));
    MapBinder<String, BackendProvider> backends =
        MapBinder.newMapBinder(binder(), String.class, BackendProvider.class);
    Backends.providers().forEach(p -> backends.addBinding(p.name()).toInstance(p));
    MapBinder<String, AttentionMethod> attention =
        MapBinder.newMapBinder(binder(), String.class, AttentionMethod.class);
    for (AttentionMethod method : AttentionMethod.values()) {
      attention.addBinding(method.label()).toInstance(method);
    }
    bind(new TypeLiteral<List<LoadedPlugin>>() {}).toInstance(plugins);
    bind(DeftOptions.class).toInstance(options);
    bind(Registry.class).in(Singleton.class);
  }

  @Provides
  @Singleton
  Deft deft(Registry registry) {
    return Deft.open(options, registry);
  }
}
