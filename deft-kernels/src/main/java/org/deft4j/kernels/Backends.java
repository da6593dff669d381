package org.deft4j.kernels;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Collectors;
import org.deft4j.tree.DeftException;

/** Finds backends and picks one. */
public final class Backends {
  /** The name that stands for the best usable backend. */
  public static final String AUTO = "auto";

  private static final System.Logger LOG = System.getLogger(Backends.class.getName());

  private Backends() {}

  /** All providers of the class path, the highest priority first. */
  public static List<BackendProvider> providers() {
    List<BackendProvider> found = new ArrayList<>();
    ServiceLoader.load(BackendProvider.class, Backends.class.getClassLoader()).forEach(found::add);
    found.sort(Comparator.comparingInt(BackendProvider::priority).reversed());
    return List.copyOf(found);
  }

  /**
   * Opens the named backend, or with {@link #AUTO} the usable one of the highest priority; logs the
   * choice in one line.
   *
   * @throws IllegalArgumentException for an unknown name; the message lists the known ones
   * @throws DeftException ({@link DeftException#BACKEND_UNAVAILABLE}) if the named one cannot run
   *     here; the message says why and what to do
   */
  public static Backend select(String name, BackendOptions options) {
    return select(name, options, providers());
  }

  /** As {@link #select(String, BackendOptions)} among the given providers, best first. */
  public static Backend select(
      String name, BackendOptions options, List<BackendProvider> providers) {
    return select(name, options, Set.of(), providers);
  }

  /**
   * As {@link #select(String, BackendOptions, List)}, of those that have {@code needs}: {@link
   * #AUTO} passes over others, and an explicit choice of one is refused.
   */
  public static Backend select(
      String name, BackendOptions options, Set<ModelPart> needs, List<BackendProvider> providers) {
    Backend chosen =
        name.equals(AUTO)
            ? best(options, needs, providers)
            : named(name, options, needs, providers);
    LOG.log(System.Logger.Level.INFO, () -> "backend " + chosen.info().description());
    return chosen;
  }

  private static Backend named(
      String name, BackendOptions options, Set<ModelPart> needs, List<BackendProvider> providers) {
    for (BackendProvider p : providers) {
      if (p.name().equals(name)) {
        Optional<String> why = p.unusable(options);
        if (why.isPresent()) {
          throw new DeftException(
              DeftException.BACKEND_UNAVAILABLE,
              "backend " + name + " cannot be used here: " + why.get());
        }
        return fit(p.open(options), needs);
      }
    }
    throw new IllegalArgumentException(
        "unknown backend '"
            + name
            + "'; known: "
            + AUTO
            + providers.stream().map(p -> ", " + p.name()).collect(Collectors.joining()));
  }

  /** The backend, unless it lacks something; then it is closed. */
  private static Backend fit(Backend backend, Set<ModelPart> needs) {
    if (backend.parts().containsAll(needs)) {
      return backend;
    }
    String missing =
        needs.stream()
            .filter(part -> !backend.parts().contains(part))
            .map(ModelPart::toString)
            .collect(Collectors.joining(", "));
    String name = backend.info().name();
    backend.close();
    throw new DeftException(
        DeftException.BACKEND_UNAVAILABLE,
        "the backend "
            + name
            + " has no "
            + missing
            + ", which this model needs; use --backend panama");
  }

  private static Backend best(
      BackendOptions options, Set<ModelPart> needs, List<BackendProvider> providers) {
    List<String> reasons = new ArrayList<>();
    boolean warn = false;
    for (BackendProvider p : providers) {
      Optional<String> why = p.unusable(options);
      if (why.isPresent()) {
        reasons.add(p.name() + ": " + why.get());
        warn |= !p.absent();
        continue;
      }
      try {
        Backend backend = fit(p.open(options), needs);
        System.Logger.Level level = warn ? System.Logger.Level.WARNING : System.Logger.Level.INFO;
        reasons.forEach(r -> LOG.log(level, () -> "backend passed over, " + r));
        return backend;
      } catch (DeftException e) {
        reasons.add(p.name() + ": " + e.getMessage());
        warn = true;
      }
    }
    throw new DeftException(
        DeftException.BACKEND_UNAVAILABLE,
        "no backend can be used here (" + String.join("; ", reasons) + ")");
  }
}
