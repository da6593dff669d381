package org.deft4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.deft4j.bench.decode.DecodeBenchmark;
import org.deft4j.bench.model.WatchedEngine;
import org.deft4j.bench.report.Report;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.cuda.CudaProvider;
import org.deft4j.tree.plan.AttentionMethod;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code deft bench decode}. */
@Command(
    name = "decode",
    description = {
      "Time whole decode steps of branches below a shared context, sampling and the host's work"
          + " included, and their parts: products, attention, other kernels, host.",
      "A named shape has random weights, made in memory."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BenchDecodeCommand implements Callable<Integer> {
  private final Context context;

  @Option(
      names = "--leaves",
      paramLabel = "N",
      split = ",",
      description = "Branches that decode (default: 1,4,16,50,64).")
  private List<Integer> leaves = new ArrayList<>(List.of(1, 4, 16, 50, 64));

  @Option(
      names = "--context",
      paramLabel = "TOKENS",
      defaultValue = "4000",
      description = "Tokens that all share (default ${DEFAULT-VALUE}).")
  private int shared;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      defaultValue = "200",
      description =
          "Tokens of each branch half-way through the timed steps (default ${DEFAULT-VALUE}).")
  private int tokens;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "20",
      description = "Steps to time; the median counts (default ${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0.8",
      description = "Of sampling, with top-k 50; 0 for greedy (default ${DEFAULT-VALUE}).")
  private float temperature;

  @Option(
      names = "--attention",
      paramLabel = "METHOD",
      split = ",",
      description = "These methods, over the same tree (default: flatten,sequence).")
  private List<String> methods = new ArrayList<>(List.of("flatten", "sequence"));

  @Mixin private ShapeOptions model = new ShapeOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  BenchDecodeCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    output.check();
    model.check();
    leaves.forEach(n -> require(n >= 1 && n <= 512, "--leaves must be 1 to 512", n));
    require(shared >= 1, "--context must be at least 1", shared);
    require(tokens >= 0, "--tokens must be at least 0", tokens);
    require(steps >= 1, "--steps must be at least 1", steps);
    if (!(temperature >= 0 && Float.isFinite(temperature))) {
      throw new IllegalArgumentException("--temperature must be 0 or more, was " + temperature);
    }
    List<AttentionMethod> chosen = methods.stream().map(AttentionMethod::of).distinct().toList();
    EngineOptions options = model.engine().withAttention(chosen.getFirst());
    Report report = new Report("decode");
    Backend backend = TreeEngine.backend(options);
    boolean cuda = backend.info().name().equals(CudaProvider.NAME);
    report.machine("device", backend.info().description());
    try (WatchedEngine engine = WatchedEngine.open(model.open(cuda), options, backend)) {
      String name = engine.engine().info().file();
      report.setting("model", name).setting("context", shared).setting("tokensOfEach", tokens);
      report.setting("steps", steps).setting("temperature", temperature);
      output.print(
          context,
          backend.info().description()
              + "\n"
              + name
              + ", "
              + shared
              + " shared tokens, "
              + tokens
              + " of each branch; milliseconds a step\n\n");
      output.print(context, Report.head(DecodeBenchmark.COLUMNS));
      DecodeBenchmark benchmark = new DecodeBenchmark(engine, shared, tokens, steps, temperature);
      engine.warmUp(4, temperature);
      for (int n : leaves) {
        for (Map<String, Object> row : benchmark.measure(n, chosen)) {
          report.add(row);
          output.print(context, DecodeBenchmark.COLUMNS, row);
        }
        if (context.interrupt().raised()) {
          return Interrupt.EXIT_CODE;
        }
      }
    }
    output.finish(context, report);
    return 0;
  }

  private static void require(boolean ok, String rule, int value) {
    if (!ok) {
      throw new IllegalArgumentException(rule + ", was " + value);
    }
  }
}
