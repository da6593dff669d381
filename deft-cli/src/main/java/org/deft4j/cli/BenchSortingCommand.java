package org.deft4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.deft4j.bench.accuracy.AccuracyBenchmark;
import org.deft4j.bench.accuracy.AccuracyTable;
import org.deft4j.bench.accuracy.Entrant;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.ModelCatalogue;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code deft bench sorting}. */
@Command(
    name = "sorting",
    description = {
      "How often greedy decoding, best-of-8 and tree of thoughts sort exactly, and at what cost.",
      "The lists are those of Graph of Thoughts: github.com/spcl/graph-of-thoughts,"
          + " examples/sorting."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BenchSortingCommand implements Callable<Integer> {
  private final Context context;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      required = true,
      description = "A CSV file of lists, or a folder with some (sorting_*.csv); may be repeated.")
  private List<Path> data = new ArrayList<>();

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N rows of each file.")
  private @Nullable Integer limit;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "bench-sorting.jsonl",
      description =
          "Where finished rows are kept (default ${DEFAULT-VALUE}); a run that was interrupted"
              + " goes on from there.")
  private Path out = Path.of("bench-sorting.jsonl");

  @Option(
      names = "--entrant",
      paramLabel = "NAME",
      split = ",",
      description =
          "Only these: greedy, best-of-8 or tot, or with their evaluator, as in tot/judge.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of all sampling (default 0).")
  private long seed;

  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private PluginOptions plugins = new PluginOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  BenchSortingCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (limit != null && limit < 1) {
      throw new IllegalArgumentException("--limit must be at least 1, was " + limit);
    }
    AccuracyBenchmark benchmark =
        new AccuracyBenchmark(
            "sorting",
            DataFiles.find("--data", data, "sorting_*.csv"),
            limit == null ? Integer.MAX_VALUE : limit,
            entrants(),
            seed);
    DeftOptions options = model.toDeftOptions();
    DeftModule module = plugins.module(context, options);
    LiveView view = LiveView.of(context, "");
    boolean live = context.terminal().canRedraw();
    AccuracyTable table;
    try (Deft deft = context.open(options, module.registry())) {
      table =
          benchmark.run(
              out,
              deft,
              setting(options, deft),
              p -> {
                if (live) {
                  view.show(
                      String.format(Locale.ROOT, "%d of %d: %s", p.done() + 1, p.all(), p.what()));
                }
              },
              context.interrupt()::raised);
    } finally {
      view.clear();
    }
    context
        .terminal()
        .out()
        .print(common.json() ? JsonWriter.document(table.toMap()) + "\n" : table.markdown());
    return context.interrupt().raised() ? Interrupt.EXIT_CODE : 0;
  }

  /** What decides the rows beside the entrants; a log of another setting is refused. */
  private Map<String, Object> setting(DeftOptions options, Deft deft) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("version", Version.text());
    map.put("model", options.model());
    map.put("modelChecksum", deft.engine().map(_ -> checksum(options.model())).orElse("none"));
    map.put("backend", deft.engine().map(e -> e.backend().name()).orElse("none"));
    map.put("threads", deft.engine().map(e -> e.backend().threads()).orElse(0));
    map.put("kvType", deft.engine().map(e -> e.kvType().name()).orElse("none"));
    map.put("attention", options.engine().attention().label());
    map.put("deterministic", options.engine().deterministic());
    return map;
  }

  private String checksum(String model) {
    return ModelCatalogue.checksum(new ModelCatalogue(context.folders()).resolve(model));
  }

  private List<Entrant> entrants() {
    List<Entrant> all = Entrant.standard();
    if (names.isEmpty()) {
      return all;
    }
    for (String name : names) {
      if (all.stream().noneMatch(e -> e.name().equals(name) || e.key().equals(name))) {
        throw new IllegalArgumentException(
            "unknown --entrant '"
                + name
                + "'; known: "
                + String.join(", ", all.stream().map(Entrant::key).toList()));
      }
    }
    return all.stream().filter(e -> names.contains(e.name()) || names.contains(e.key())).toList();
  }
}
