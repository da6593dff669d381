package org.deft4j.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.runtime.ModelCatalogue;
import org.deft4j.runtime.ShippedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code deft models}. */
@Command(
    name = "models",
    description = "List the models that come with DeFT; any GGUF file works with --model.",
    mixinStandardHelpOptions = true)
final class ModelsCommand implements Callable<Integer> {
  private final Context context;
  @Mixin private CommonOptions common = new CommonOptions();

  ModelsCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    List<ShippedModel> models = new ModelCatalogue(context.folders()).models();
    if (common.json()) {
      context
          .terminal()
          .out()
          .println(
              JsonWriter.document(
                  Map.of("models", models.stream().map(ModelsCommand::map).toList())));
    } else {
      for (ShippedModel m : models) {
        context
            .terminal()
            .out()
            .printf("  %-12s %5.1f MB  %s%n", m.name(), m.bytes() / 1e6, m.description());
      }
    }
    return 0;
  }

  private static Map<String, Object> map(ShippedModel m) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", m.name());
    map.put("description", m.description());
    map.put("bytes", m.bytes());
    map.put("default", m.name().equals(ModelCatalogue.DEFAULT));
    return map;
  }
}
