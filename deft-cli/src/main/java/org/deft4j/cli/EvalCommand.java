package org.deft4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.deft4j.bench.eval.Entry;
import org.deft4j.bench.eval.EvalTable;
import org.deft4j.bench.eval.Evaluation;
import org.deft4j.bench.plot.ChartWriter;
import org.deft4j.bench.plot.Desktop;
import org.deft4j.bench.report.Chart;
import org.deft4j.bench.report.Report;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.Registry;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deft eval}. */
@Command(
    name = "eval",
    description = {
      "Compare strategies at equal budgets: accuracy and coverage against tokens, time and memory.",
      "Says for each search whether it beats the best cheap baseline of its budget. Rows are kept"
          + " as they come; the same command goes on where it was stopped."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class EvalCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "TASK", description = "The task; 'deft tasks' lists them.")
  private String task = "";

  @Option(
      names = "--strategies",
      paramLabel = "A,B,C",
      split = ",",
      required = true,
      description =
          "What is compared: NAME, NAME/EVALUATOR, NAME:option=value; among them some of greedy,"
              + " best-of-n, weighted-best-of-n, self-consistency, retry and warming as baselines.")
  private List<String> strategies = new ArrayList<>();

  @Option(
      names = "--budgets",
      paramLabel = "LIST",
      defaultValue = "2^0..2^5",
      description = "Budgets in samples, such as 2^0..2^6 or 1,4,16 (default ${DEFAULT-VALUE}).")
  private String budgets = "2^0..2^5";

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "5",
      description = "Seeds of sampling, 0 to N - 1 (default ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(
      names = "--problems",
      paramLabel = "N",
      defaultValue = "40",
      description = "Generated problems, where no --data is given (default ${DEFAULT-VALUE}).")
  private int generated;

  @Option(names = "--data", paramLabel = "FILE", description = "Problems in the task's format.")
  private @Nullable Path data;

  @Option(names = "--limit", paramLabel = "N", description = "Only the first N problems of --data.")
  private @Nullable Integer limit;

  @Option(
      names = "--unit",
      paramLabel = "TOKENS",
      description =
          "Sampled tokens that one sample of a budget stands for (default: what a greedy solution"
              + " takes on average).")
  private @Nullable Long unit;

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      defaultValue = "eval",
      description =
          "Where rows.jsonl, table.csv, table.md, table.json and charts (PNG) go (default"
              + " ${DEFAULT-VALUE}).")
  private Path out = Path.of("eval");

  @Option(names = "-T", paramLabel = "NAME=VALUE", description = "An option of the task.")
  private Map<String, String> taskOptions = new LinkedHashMap<>();

  @Option(
      names = "-E",
      paramLabel = "NAME=VALUE",
      description = "An option of the evaluators; each takes those that it has.")
  private Map<String, String> evaluatorOptions = new LinkedHashMap<>();

  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private PluginOptions plugins = new PluginOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  EvalCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    List<Entry> entries = strategies.stream().map(Entry::parse).toList();
    List<Integer> sizes = Evaluation.budgets(budgets);
    if (seeds < 1 || generated < 1 || unit != null && unit < 1 || limit != null && limit < 1) {
      throw new IllegalArgumentException("--seeds, --problems, --unit and --limit are at least 1");
    }
    DeftOptions options = model.toDeftOptions();
    Registry registry = plugins.module(context, options).registry();
    Task made = registry.task(task, Options.of(taskOptions));
    evaluation(entries, sizes, 1).check(registry, made.defaultEvaluator());
    List<Problem> problems = problems(made);
    LiveView view = LiveView.of(context, "");
    boolean live = context.terminal().canRedraw();
    Report report =
        new Report("eval")
            .setting("task", task)
            .setting("taskOptions", taskOptions)
            .setting("model", options.model())
            .setting("seeds", seeds);
    EvalTable table;
    try (Deft deft = context.open(options, registry)) {
      Path log = out.resolve("rows.jsonl");
      Files.createDirectories(out);
      OptionalLong before = Evaluation.unit(log);
      long tokens =
          unit != null
              ? unit
              : before.isPresent() ? before.getAsLong() : Evaluation.unit(deft, task, problems);
      report.setting("unit", tokens).setting("problems", problems.size());
      deft.engine().ifPresent(e -> report.machine("device", e.backend().description()));
      table =
          evaluation(entries, sizes, tokens)
              .run(
                  log,
                  deft,
                  problems,
                  setting(options, deft, problems),
                  p -> {
                    if (live) {
                      view.show(
                          String.format(
                              Locale.ROOT, "%d of %d: %s", p.done() + 1, p.all(), p.what()));
                    }
                  },
                  context.interrupt()::raised);
      Files.writeString(out.resolve("table.csv"), table.csv());
      Files.writeString(out.resolve("table.md"), table.markdown());
      table.addTo(report);
      Files.writeString(out.resolve("table.json"), JsonWriter.document(report.toMap()) + "\n");
      draw(table);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.USAGE, "--out: cannot write to " + out + ": " + e.getMessage(), e);
    } finally {
      view.clear();
    }
    context
        .terminal()
        .out()
        .print(common.json() ? JsonWriter.document(report.toMap()) + "\n" : table.markdown());
    return context.interrupt().raised() ? Interrupt.EXIT_CODE : 0;
  }

  private Evaluation evaluation(List<Entry> entries, List<Integer> sizes, long tokens) {
    return new Evaluation(task, taskOptions, evaluatorOptions, entries, sizes, seeds, tokens);
  }

  private void draw(EvalTable table) throws IOException {
    if (table.lines().isEmpty()) {
      return;
    }
    if (Desktop.present()) {
      for (Chart c : table.charts()) {
        ChartWriter.write(c, out);
      }
    } else {
      context
          .terminal()
          .err()
          .println(
              "deft: this small Java runtime cannot draw; 'deft plot "
                  + out.resolve("table.json")
                  + "' does where there is a JDK 25");
    }
  }

  private List<Problem> problems(Task made) {
    if (data != null) {
      List<Problem> read = made.read(data, limit == null ? Integer.MAX_VALUE : limit);
      if (read.isEmpty()) {
        throw new DeftException(DeftException.USAGE, "--data: " + data + " holds no problems");
      }
      return read;
    }
    List<Problem> all = new ArrayList<>();
    for (int i = 0; i < generated; i++) {
      all.add(made.generate(i));
    }
    return all;
  }

  private Map<String, Object> setting(DeftOptions options, Deft deft, List<Problem> problems) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("version", Version.text());
    map.put("model", options.model());
    map.put("fingerprint", Tracing.fingerprint(context, deft, options.model()));
    map.put("engine", Tracing.engine(deft, options, null));
    map.put("problems", data == null ? "generated" : data.getFileName().toString());
    map.put("first", problems.getFirst().text());
    return map;
  }
}
