package org.deft4j.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.deft4j.cli.report.EventLog;
import org.deft4j.cli.report.HtmlReport;
import org.deft4j.cli.report.SearchLog;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.DeftSearch;
import org.deft4j.runtime.Registry;
import org.deft4j.runtime.trace.TraceHeader;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.Search;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.event.SearchListener;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.constrain.Grammar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deft run}. */
@Command(
    name = "run",
    description = "Solve problems of a task by searching over thoughts of a model.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class RunCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "TASK", description = "The task; 'deft tasks' lists them.")
  private String task = "";

  @Mixin private ProblemOptions problems = new ProblemOptions();

  @Option(
      names = "--length",
      paramLabel = "N",
      description = "Size of the generated problem, where the task has one: short for -T length=N.")
  private @Nullable String length;

  @Option(
      names = "--prompts",
      paramLabel = "DIR",
      description =
          "Prompts of your own: DIR/TASK/STAGE.txt instead of the built-in ones; short for -T"
              + " prompts=DIR.")
  private @Nullable String prompts;

  @Option(
      names = "--strategy",
      paramLabel = "NAME",
      defaultValue = DeftSearch.DEFAULT_STRATEGY,
      description = "How to search; 'deft strategies' lists them (default ${DEFAULT-VALUE}).")
  private String strategy = DeftSearch.DEFAULT_STRATEGY;

  @Option(
      names = "--width",
      paramLabel = "N",
      description = "Width of the search: short for -S width=N.")
  private @Nullable String width;

  @Option(
      names = "--depth",
      paramLabel = "N",
      description = "Depth of the search: short for -S depth=N.")
  private @Nullable String depth;

  @Option(
      names = "--evaluator",
      paramLabel = "NAME",
      description = "What scores thoughts (default: the task's own).")
  private @Nullable String evaluator;

  @Option(names = "-S", paramLabel = "NAME=VALUE", description = "An option of the strategy.")
  private Map<String, String> strategyOptions = new LinkedHashMap<>();

  @Option(names = "-E", paramLabel = "NAME=VALUE", description = "An option of the evaluator.")
  private Map<String, String> evaluatorOptions = new LinkedHashMap<>();

  @Option(names = "-T", paramLabel = "NAME=VALUE", description = "An option of the task.")
  private Map<String, String> taskOptions = new LinkedHashMap<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of the generated problem and of all sampling (default 0).")
  private long seed;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description =
          "Write down what the search does, as JSON lines; 'deft resume FILE' goes on from it. With"
              + " several problems each has a file of its own: FILE-1, FILE-2 ...")
  private @Nullable Path trace;

  @Option(
      names = "--ordered",
      paramLabel = "N",
      arity = "0..1",
      fallbackValue = "16",
      defaultValue = "0",
      description =
          "Search in epochs of N branches (16 unless given): with --deterministic the tree is then"
              + " the same whatever runs at once.")
  private int ordered;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Let at most N branches run at once (default: what the model can take).")
  private @Nullable Integer batch;

  @Mixin private ConstraintOptions constraint = new ConstraintOptions();
  @Mixin private BudgetOptions budget = new BudgetOptions();
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private PluginOptions plugins = new PluginOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  @Option(
      names = "--report",
      paramLabel = "FILE.html",
      description = "Write the searches as an HTML page to look at.")
  private @Nullable Path report;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the answers alone, and no progress.")
  private boolean quiet;

  @Option(names = "--require-solved", description = "Exit with 1 unless every problem was solved.")
  private boolean requireSolved;

  RunCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    // Everything that can be wrong without the model is found before the model is opened.
    problems.check();
    DeftOptions options = model.toDeftOptions();
    Registry registry = plugins.module(context, options).registry();
    Registry.find("backend", options.engine().backend(), backends(registry));
    Task made = registry.task(task, taskOptions());
    String evaluatorName = evaluator != null ? evaluator : made.defaultEvaluator();
    boolean oracle = registry.evaluator(evaluatorName, Options.of(evaluatorOptions)).oracle();
    registry.strategy(strategy, strategyOptions());
    var limits = budget.toBudget();
    Grammar grammar = constraint.grammar();
    if (ordered < 0 || batch != null && batch < 1) {
      throw new IllegalArgumentException(
          ordered < 0
              ? "--ordered must be at least 1, was " + ordered
              : "--batch must be at least 1, was " + batch);
    }
    List<Problem> list = problems.read(made, seed, context.terminal().in());

    PrintWriter err = context.terminal().err();
    LiveView opening = LiveView.of(context, "", limits);
    if (!quiet) {
      opening.show("opening " + options.model() + " ...");
    }
    List<SearchResult> results = new ArrayList<>();
    List<EventLog> logs = new ArrayList<>();
    RunReport about;
    try (Deft deft = context.open(options, registry)) {
      opening.clear();
      about =
          new RunReport(
              task,
              strategy,
              evaluatorName,
              oracle,
              seed,
              options.model(),
              deft.engine().map(e -> e.backend().name()).orElse("none"),
              options.engine().attention().label());
      if (!quiet) {
        err.println("deft: " + describe(about, deft));
      }
      SearchDriver driver =
          batch == null ? deft.driver() : new SearchDriver(deft.decoder(), batch, System::nanoTime);
      for (Problem problem : list) {
        if (context.interrupt().raised()) {
          break;
        }
        DeftSearch search =
            deft.search(task)
                .problem(problem)
                .strategy(registry.strategy(strategy, strategyOptions(problem)))
                .evaluator(registry.evaluator(evaluatorName, Options.of(evaluatorOptions)))
                .budget(limits)
                .ordered(ordered)
                .constraint(grammar)
                .seed(seed);
        SearchListener heard = SearchListener.NONE;
        if (report != null) {
          EventLog log = new EventLog(System::nanoTime);
          logs.add(log);
          heard = log;
        }
        if (!quiet) {
          String label = list.size() == 1 ? "" : (results.size() + 1) + "/" + list.size();
          heard = heard.andThen(LiveView.of(context, label, limits));
        }
        int number = list.size() == 1 ? 0 : results.size() + 1;
        TraceHeader.Source source = problems.source(problem, results.size(), seed);
        SearchResult result;
        try (Tracing tracing =
            Tracing.of(
                trace, number, () -> header(deft, options, evaluatorName, problem, source))) {
          search.listener(heard.andThen(tracing.listener()));
          result = run(context, driver, search);
        }
        results.add(result);
        if (!common.json()) {
          print(result, list.size() > 1);
        }
      }
    }
    finish(about, results);
    if (report != null && !logs.isEmpty()) {
      logs.forEach(log -> describe(log.log(), about, limits));
      HtmlReport.write(report, "DeFT: " + task, logs.stream().map(EventLog::log).toList());
      if (!quiet) {
        err.println("deft: the report is " + report);
      }
    }
    return exitCode(results);
  }

  private static void describe(SearchLog log, RunReport about, SearchBudget limits) {
    log.title(about.task() + " by " + about.strategy());
    log.fact("evaluator", about.evaluator());
    log.fact("seed", about.seed());
    log.fact("model", about.model());
    log.fact("backend", about.backend());
    log.fact("attention", about.attention());
    log.limits(limits);
  }

  private TraceHeader header(
      Deft deft,
      DeftOptions options,
      String evaluatorName,
      Problem problem,
      TraceHeader.Source source) {
    return new TraceHeader(
        task,
        taskOptions().asMap(),
        source,
        strategy,
        strategyOptions(problem).asMap(),
        evaluatorName,
        evaluatorOptions,
        deft.registry().evaluator(evaluatorName, Options.of(evaluatorOptions)).oracle(),
        seed,
        ordered,
        budget.toBudget(),
        options.model(),
        Tracing.fingerprint(context, deft, options.model()),
        Tracing.engine(deft, options, constraint.grammar()));
  }

  /** Runs a search to its end or to an interrupt. */
  static SearchResult run(Context context, SearchDriver driver, DeftSearch search) {
    Search running = driver.submit(search.request());
    context.interrupt().onRaise(running::cancel);
    while (!running.done()) {
      driver.step();
    }
    running
        .cause()
        .ifPresent(e ->
            context
                .terminal()
                .err()
                .println(
                    "deft: the search ended with its best so far: " + Cli.oneLine(e.getMessage())));
    return running.result().orElseThrow();
  }

  static String describe(RunReport r, Deft deft) {
    String how =
        deft.engine()
            .map(e ->
                " (%s of %s parameters), %s, KV %s"
                    .formatted(
                        e.weightType(),
                        Format.scaled(e.parameters()),
                        e.backend().description(),
                        e.kvType().name().toLowerCase(Locale.ROOT)))
            .orElse("");
    return "model %s%s, attention %s, strategy %s, evaluator %s%s"
        .formatted(
            r.model(),
            how,
            r.attention(),
            r.strategy(),
            r.evaluator(),
            r.oracle() ? ", which uses the reference answer" : "");
  }

  private void print(SearchResult result, boolean several) {
    PrintWriter out = context.terminal().out();
    if (quiet) {
      out.println(result.answer().map(Cli::oneLine).orElse(""));
    } else if (several) {
      RunReport.printShort(out, result);
    } else {
      RunReport.print(out, result, context.terminal().colour());
    }
    out.flush();
  }

  private void finish(RunReport report, List<SearchResult> results) {
    PrintWriter out = context.terminal().out();
    if (common.json()) {
      out.println(report.json(results));
    } else if (!quiet && results.size() > 1) {
      RunReport.printSummary(out, results);
    }
    out.flush();
  }

  private int exitCode(List<SearchResult> results) {
    if (results.stream().anyMatch(r -> r.stopped() == StopReason.CANCELLED)) {
      return Interrupt.EXIT_CODE;
    }
    if (results.stream().anyMatch(r -> r.stopped() == StopReason.MEMORY)) {
      return DeftException.OUT_OF_MEMORY;
    }
    boolean all = results.stream().allMatch(SearchResult::solved);
    return requireSolved && !all ? DeftException.RUNTIME : 0;
  }

  private static Map<String, Boolean> backends(Registry registry) {
    Map<String, Boolean> names = new TreeMap<>();
    names.put("auto", true);
    registry.backends().keySet().forEach(n -> names.put(n, true));
    return names;
  }

  private Options strategyOptions() {
    Map<String, String> all = new LinkedHashMap<>(strategyOptions);
    put(all, "width", width);
    put(all, "depth", depth);
    return Options.of(all);
  }

  private Options strategyOptions(Problem problem) {
    return strategyOptions().orElse(problem.settings(strategy));
  }

  private Options taskOptions() {
    Map<String, String> all = new LinkedHashMap<>(taskOptions);
    put(all, "length", length);
    put(all, "prompts", prompts);
    return Options.of(all);
  }

  private static void put(Map<String, String> options, String name, @Nullable String value) {
    if (value != null) {
      options.put(name, value);
    }
  }
}
