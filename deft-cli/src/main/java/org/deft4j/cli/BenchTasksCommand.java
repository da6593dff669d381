package org.deft4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.deft4j.bench.accuracy.AccuracyBenchmark;
import org.deft4j.bench.accuracy.AccuracyTable;
import org.deft4j.bench.accuracy.DataFile;
import org.deft4j.bench.accuracy.Entrant;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.ModelCatalogue;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code deft bench tasks}. */
@Command(
    name = "tasks",
    description = {
      "How well greedy decoding, best-of-8 and tree of thoughts solve the problems of Graph of"
          + " Thoughts, and at what cost.",
      "The files are those of github.com/spcl/graph-of-thoughts: sorting_*.csv,"
          + " set_intersection_*.csv, countries.csv and documents.csv, in examples/ there. Rows are"
          + " kept as they come; the same command goes on where it was stopped."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BenchTasksCommand implements Callable<Integer> {
  private final Context context;

  @Option(
      names = "--data",
      paramLabel = "PATH",
      required = true,
      description = "A CSV file of one of these tasks, or a folder with some; may be repeated.")
  private List<Path> data = new ArrayList<>();

  @Option(
      names = "--task",
      paramLabel = "NAME",
      split = ",",
      description = "Only files of these tasks; they are told by their columns.")
  private List<String> tasks = new ArrayList<>();

  @Option(
      names = "--limit",
      paramLabel = "N",
      description =
          "Only the first N rows of each file (default: all, of documents to merge the first 50).")
  private @Nullable Integer limit;

  @Option(
      names = "--show",
      paramLabel = "N",
      defaultValue = "0",
      description = "Print the first N merges of documents by the last method too.")
  private int show;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "bench-tasks.jsonl",
      description =
          "Where finished rows are kept (default ${DEFAULT-VALUE}); a run that was interrupted"
              + " goes on from there.")
  private Path out = Path.of("bench-tasks.jsonl");

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

  BenchTasksCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (limit != null && limit < 1) {
      throw new IllegalArgumentException("--limit must be at least 1, was " + limit);
    }
    if (show < 0) {
      throw new IllegalArgumentException("--show must be at least 0, was " + show);
    }
    AccuracyBenchmark benchmark = new AccuracyBenchmark(entries(), seed);
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
    print(table);
    return context.interrupt().raised() ? Interrupt.EXIT_CODE : 0;
  }

  private void print(AccuracyTable table) {
    PrintWriter out = context.terminal().out();
    if (common.json()) {
      out.println(JsonWriter.document(table.toMap()));
      return;
    }
    out.print(table.markdown());
    table.texts().stream().limit(show).forEach(t -> out.print(t.markdown()));
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
    if (options.engine().int8Activations()) {
      map.put("int8Activations", true);
    }
    return map;
  }

  private String checksum(String model) {
    return ModelCatalogue.checksum(new ModelCatalogue(context.folders()).resolve(model));
  }

  private List<AccuracyBenchmark.Entry> entries() {
    List<AccuracyBenchmark.Entry> entries = new ArrayList<>();
    Set<String> known = new LinkedHashSet<>();
    for (Path path : DataFiles.find("--data", data, "*.csv")) {
      Optional<DataFile> file = DataFile.of(path, limit == null ? 0 : limit);
      if (file.isEmpty() || !tasks.isEmpty() && !tasks.contains(file.get().task())) {
        continue;
      }
      file.get().entrants().forEach(e -> known.add(e.label()));
      List<Entrant> chosen =
          file.get().entrants().stream()
              .filter(e -> names.isEmpty() || names.contains(e.name()) || names.contains(e.label()))
              .toList();
      if (!chosen.isEmpty()) {
        entries.add(new AccuracyBenchmark.Entry(file.get(), chosen));
      }
    }
    if (known.isEmpty()) {
      throw new DeftException(
          DeftException.USAGE,
          "--data: no file of "
              + (tasks.isEmpty()
                  ? "sorting, set-intersection, keyword-counting or document-merging"
                  : String.join(", ", tasks))
              + " in "
              + data);
    }
    for (String name : names) {
      if (known.stream().noneMatch(l -> l.equals(name) || l.startsWith(name + "/"))) {
        throw new IllegalArgumentException(
            "unknown --entrant '" + name + "'; known: " + String.join(", ", known));
      }
    }
    return entries;
  }
}
