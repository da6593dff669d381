package org.deft4j.search.spi;

import com.google.inject.Binding;
import com.google.inject.TypeLiteral;
import com.google.inject.multibindings.MapBinderBinding;
import com.google.inject.multibindings.MultibinderBinding;
import com.google.inject.multibindings.MultibindingsTargetVisitor;
import com.google.inject.multibindings.OptionalBinderBinding;
import com.google.inject.spi.DefaultBindingTargetVisitor;
import com.google.inject.spi.Element;
import com.google.inject.spi.Elements;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.deft4j.tree.DeftException;

/** Checks that plugins fit the host and each other, before Guice sees them. */
public final class Plugins {
  private static final Map<TypeLiteral<?>, String> KINDS =
      Map.of(
          TypeLiteral.get(TaskFactory.class), "task",
          TypeLiteral.get(StrategyFactory.class), "strategy",
          TypeLiteral.get(EvaluatorFactory.class), "evaluator");

  private Plugins() {}

  /**
   * Checks plugins that are to be loaded together.
   *
   * @throws DeftException with exit code 2, naming both plugins, if two have one id or contribute
   *     one name, or if a plugin was written for a newer host
   */
  public static void check(List<DeftPlugin> plugins) {
    Map<String, DeftPlugin> ids = new TreeMap<>();
    Map<String, String> owners = new TreeMap<>();
    for (DeftPlugin plugin : plugins) {
      if (plugin.apiVersion() > DeftPlugin.API_VERSION) {
        throw new DeftException(
            DeftException.USAGE,
            "plugin "
                + plugin.id()
                + " needs API version "
                + plugin.apiVersion()
                + ", this is "
                + DeftPlugin.API_VERSION
                + ": update DeFT or remove the plugin");
      }
      DeftPlugin other = ids.putIfAbsent(plugin.id(), plugin);
      if (other != null) {
        throw new DeftException(
            DeftException.USAGE,
            "two plugins are called "
                + plugin.id()
                + " ("
                + other.getClass().getName()
                + " and "
                + plugin.getClass().getName()
                + "): remove one");
      }
      for (String name : contributions(plugin)) {
        String owner = owners.putIfAbsent(name, plugin.id());
        if (owner != null) {
          throw new DeftException(
              DeftException.USAGE,
              "plugins " + owner + " and " + plugin.id() + " both have a " + name + ": remove one");
        }
      }
    }
  }

  /** What a plugin contributes, for instance {@code strategy beam}, in alphabetical order. */
  public static List<String> contributions(DeftPlugin plugin) {
    List<Element> elements = Elements.getElements(plugin.modules());
    TreeSet<String> names = new TreeSet<>();
    for (Element element : elements) {
      if (element instanceof Binding<?> binding) {
        binding.acceptTargetVisitor(new Names<>(elements, names));
      }
    }
    return List.copyOf(names);
  }

  /** Collects the keys of our map binders. */
  private static final class Names<T> extends DefaultBindingTargetVisitor<T, Void>
      implements MultibindingsTargetVisitor<T, Void> {
    private final List<Element> elements;
    private final TreeSet<String> names;

    Names(List<Element> elements, TreeSet<String> names) {
      this.elements = elements;
      this.names = names;
    }

    @Override
    public Void visit(MapBinderBinding<? extends T> map) {
      String kind = KINDS.get(map.getValueTypeLiteral());
      if (kind != null) {
        map.getEntries(elements).forEach(entry -> names.add(kind + " " + entry.getKey()));
      }
      return null;
    }

    @Override
    public Void visit(MultibinderBinding<? extends T> set) {
      return null;
    }

    @Override
    public Void visit(OptionalBinderBinding<? extends T> optional) {
      return null;
    }
  }
}
