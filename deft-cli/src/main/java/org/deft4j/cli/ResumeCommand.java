package org.deft4j.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.deft4j.kernels.KvType;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.DeftSearch;
import org.deft4j.runtime.Registry;
import org.deft4j.runtime.trace.Retrace;
import org.deft4j.runtime.trace.Trace;
import org.deft4j.runtime.trace.TraceHeader;
import org.deft4j.runtime.trace.TraceWriter;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.Recording;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.driver.StrategyReplay;
import org.deft4j.search.event.SearchListener;
import org.deft4j.search.spi.Problem;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.plan.AttentionMethod;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deft resume}. */
@Command(
    name = "resume",
    description = {
      "Go on with a search from its trace: one that was killed or interrupted, or one that has"
          + " ended, with a larger budget.",
      "What the trace holds is not computed again; the rest is added to it."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ResumeCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "TRACE", description = "A file that 'deft run --trace' has written.")
  private Path file = Path.of("");

  @Option(
      names = "--replay",
      description =
          "Only play the trace again, without its model: checks that it is whole, and shows what"
              + " was found.")
  private boolean replay;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "The same model in another place (default: as in the trace).")
  private @Nullable String model;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Threads that compute (default: one a processor).")
  private int threads;

  @Mixin private BudgetOptions budget = new BudgetOptions();
  @Mixin private PluginOptions plugins = new PluginOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the answer alone, and no progress.")
  private boolean quiet;

  ResumeCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (!Files.isRegularFile(file)) {
      throw new DeftException(DeftException.USAGE, "there is no trace " + file);
    }
    Trace trace = Trace.read(file);
    TraceHeader header = trace.header();
    DeftOptions options = options(header);
    Registry registry = plugins.module(context, options).registry();
    if (replay) {
      return replay(trace, registry);
    }
    SearchBudget limits = budget.toBudget(trace.budget());
    boolean more = !limits.equals(trace.budget());
    Recording recording = recording(trace, more);
    Problem problem = Retrace.problem(header, registry);
    PrintWriter err = context.terminal().err();
    try (Deft deft = context.open(options, registry)) {
      checkModel(header, Tracing.fingerprint(context, deft, options.model()));
      RunReport report =
          new RunReport(
              header.task(),
              header.strategy(),
              header.evaluator(),
              header.oracle(),
              header.seed(),
              options.model(),
              deft.engine().map(e -> e.backend().name()).orElse("none"),
              options.engine().attention().label());
      if (!quiet) {
        err.println("deft: " + RunCommand.describe(report, deft));
        err.println("deft: " + summary(recording));
      }
      SearchResult result;
      try (TraceWriter writer = TraceWriter.append(file, trace)) {
        if (more) {
          writer.rewind(recording.events().size(), limits);
        }
        SearchListener view =
            !quiet && context.terminal().canRedraw()
                ? LiveView.of(context, "", limits)
                : SearchListener.NONE;
        // What has ended and does not go on is told again, and needs no second end in its trace.
        SearchListener listener = recording.stopped().isPresent() ? view : view.andThen(writer);
        DeftSearch search =
            deft.search(header.task())
                .problem(problem)
                .strategy(Retrace.strategy(header, registry))
                .evaluator(Retrace.evaluator(header, registry))
                .budget(limits)
                .ordered(header.epoch())
                .constraint(Tracing.constraint(header))
                .seed(header.seed())
                .after(recording)
                .listener(listener);
        result = RunCommand.run(context, deft.driver(), search);
      }
      print(report, result);
      return switch (result.stopped()) {
        case CANCELLED -> Interrupt.EXIT_CODE;
        case MEMORY -> DeftException.OUT_OF_MEMORY;
        default -> 0;
      };
    }
  }

  private static Recording recording(Trace trace, boolean more) {
    Recording r = trace.recording();
    boolean interrupted =
        r.stopped().map(s -> s == StopReason.CANCELLED || s == StopReason.MEMORY).orElse(false);
    if (more) {
      return r.beforeLimits();
    }
    return interrupted ? new Recording(r.events(), r.spare(), Optional.empty(), r.nanos()) : r;
  }

  private static String summary(Recording r) {
    long thoughts =
        r.events().stream()
            .filter(e -> e instanceof org.deft4j.search.event.SearchEvent.ThoughtAdded)
            .count();
    return r.stopped()
        .map(s -> "the search has ended (%s); give it a larger budget to go on".formatted(s.id()))
        .orElse("going on after %s".formatted(Format.plural((int) thoughts, "thought")));
  }

  private static void checkModel(TraceHeader header, String fingerprint) {
    if (!header.fingerprint().equals(fingerprint)) {
      throw new DeftException(
          DeftException.USAGE,
          "the model %s is not the one of the trace (its file differs); --model says where that is"
              .formatted(header.model()));
    }
  }

  private DeftOptions options(TraceHeader header) {
    KvType kvType =
        header.engine().containsKey("kvType")
            ? KvType.valueOf(header.engine().get("kvType"))
            : null;
    return DeftOptions.of(model == null ? header.model() : model)
        .withEngine(e ->
            e.withBackend(header.engine().getOrDefault("backend", "auto"))
                .withAttention(
                    AttentionMethod.of(header.engine().getOrDefault("attention", "flatten")))
                .withThreads(threads)
                .withKvType(kvType)
                .withDeterministic(
                    Boolean.parseBoolean(header.engine().getOrDefault("deterministic", "false")))
                .withInt8Activations(
                    Boolean.parseBoolean(
                        header.engine().getOrDefault("int8Activations", "false"))));
  }

  private int replay(Trace trace, Registry registry) {
    StrategyReplay played = Retrace.replay(trace, registry);
    PrintWriter out = context.terminal().out();
    String hash = played.treeHash();
    boolean same = trace.treeHash().isEmpty() || trace.treeHash().equals(hash);
    out.printf(
        "%s, asked %d times%n",
        Format.plural(played.thoughts().size() - 1, "thought"), played.rounds());
    out.println(
        "answer   " + played.best().flatMap(t -> t.answer()).map(Cli::oneLine).orElse("none"));
    out.println("tree     " + hash + (same ? "" : ", but the trace says " + trace.treeHash()));
    out.flush();
    return same ? 0 : DeftException.RUNTIME;
  }

  private void print(RunReport report, SearchResult result) {
    PrintWriter out = context.terminal().out();
    if (common.json()) {
      out.println(report.json(List.of(result)));
    } else if (quiet) {
      out.println(result.answer().map(Cli::oneLine).orElse(""));
    } else {
      RunReport.print(out, result, context.terminal().colour());
    }
    out.flush();
  }
}
