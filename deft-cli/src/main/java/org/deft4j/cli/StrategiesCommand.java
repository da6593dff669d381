package org.deft4j.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.ModelCatalogue;
import org.deft4j.runtime.Registry;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code deft strategies}. */
@Command(
    name = "strategies",
    description =
        "List the search strategies and evaluators and their options (set with -S and -E"
            + " name=value).",
    mixinStandardHelpOptions = true)
final class StrategiesCommand implements Callable<Integer> {
  private final Context context;
  @Mixin private PluginOptions plugins = new PluginOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  StrategiesCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Registry registry = plugins.module(context, DeftOptions.of(ModelCatalogue.DEFAULT)).registry();
    Map<String, List<Listing>> kinds = new LinkedHashMap<>();
    kinds.put(
        "strategies",
        registry.strategies().entrySet().stream()
            .map(e -> new Listing(e.getKey(), e.getValue().description(), e.getValue().options()))
            .toList());
    kinds.put(
        "evaluators",
        registry.evaluators().entrySet().stream()
            .map(e -> new Listing(e.getKey(), e.getValue().description(), e.getValue().options()))
            .toList());
    Listing.print(context, common.json(), kinds);
    return 0;
  }
}
