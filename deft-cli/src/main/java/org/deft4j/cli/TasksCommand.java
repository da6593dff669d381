package org.deft4j.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.ModelCatalogue;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code deft tasks}. */
@Command(
    name = "tasks",
    description = "List the tasks and their options (set with -T name=value).",
    mixinStandardHelpOptions = true)
final class TasksCommand implements Callable<Integer> {
  private final Context context;
  @Mixin private PluginOptions plugins = new PluginOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  TasksCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    List<Listing> tasks =
        plugins
            .module(context, DeftOptions.of(ModelCatalogue.DEFAULT))
            .registry()
            .tasks()
            .entrySet()
            .stream()
            .map(e -> new Listing(e.getKey(), e.getValue().description(), e.getValue().options()))
            .toList();
    Listing.print(context, common.json(), Map.of("tasks", tasks));
    return 0;
  }
}
