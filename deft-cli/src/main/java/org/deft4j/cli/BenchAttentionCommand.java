package org.deft4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.deft4j.bench.attention.AttentionBenchmark;
import org.deft4j.bench.attention.Bound;
import org.deft4j.bench.attention.Workload;
import org.deft4j.bench.attention.Workloads;
import org.deft4j.bench.report.Report;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.cuda.CudaAttentionMeter;
import org.deft4j.tree.plan.AttentionMethod;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code deft bench attention}. */
@Command(
    name = "attention",
    description = {
      "Time tree attention alone on a CUDA device: one layer inside a graph, keys and values"
          + " rotated past the cache, beside a plain read of the same bytes.",
      "bound: the larger of that read and of the products at --peak; bar: twice the bound, or 9 us"
          + " above it.",
      "The recordings are those of the DeFT paper: github.com/LINs-lab/DeFT, dataset/generation."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BenchAttentionCommand implements Callable<Integer> {
  private final Context context;

  @Option(
      names = "--workload",
      paramLabel = "NAME",
      split = ";",
      description =
          "Only these workloads, or a group of them: deft (the paper's sizes), fasttree, pat; may"
              + " be repeated (default: all).")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--tree",
      paramLabel = "SPEC",
      description = "A tree by levels: nodes of each / tokens of each, like 1,10/4000,400.")
  private List<String> trees = new ArrayList<>();

  @Option(
      names = "--templates",
      paramLabel = "DIR",
      description = "Folder with reasoning/ and speculative_decoding/, for the recorded workloads.")
  private @Nullable Path templates;

  @Option(
      names = "--attention",
      paramLabel = "METHOD",
      split = ",",
      description = "These methods (default: flatten).")
  private List<String> methods = new ArrayList<>(List.of("flatten"));

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      defaultValue = "bf16",
      description = "bf16 or f16 (default ${DEFAULT-VALUE}).")
  private String dtype = "bf16";

  @Option(
      names = "--heads",
      paramLabel = "Q,KV,DIM",
      description = "Query heads, KV heads, values a head (default: the workload's, 32,8,128).")
  private @Nullable String heads;

  @Option(
      names = "--peak",
      paramLabel = "TFLOPS",
      description = "Rate of the matrix unit for the bound (default 790, an H200's).")
  private double peak = Bound.H200_TERAFLOPS;

  @Mixin private OutputOptions output = new OutputOptions();

  BenchAttentionCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    output.check();
    KvType type = HeadOptions.type(dtype);
    if (!(peak > 0)) {
      throw new IllegalArgumentException("--peak must be above 0, was " + peak);
    }
    List<AttentionMethod> chosen = methods.stream().map(AttentionMethod::of).distinct().toList();
    // All options are looked at before a device is.
    List<Supplier<Workload>> workloads = workloads();
    UnaryOperator<Workload> shape = shape();
    Report report = new Report("attention");
    try (CudaAttentionMeter meter = CudaAttentionMeter.open()) {
      report.machine("device", meter.device());
      report.setting("dtype", dtype).setting("unit", "microseconds a layer");
      report.setting("peakTeraflops", peak);
      AttentionBenchmark benchmark = new AttentionBenchmark(meter, type, peak);
      output.print(context, meter.device() + ", " + dtype + "; microseconds a layer\n\n");
      output.print(context, Report.head(AttentionBenchmark.COLUMNS));
      for (Supplier<Workload> each : workloads) {
        Workload w = shape.apply(each.get());
        for (AttentionMethod method : chosen) {
          Map<String, Object> row = benchmark.measure(w, method);
          report.add(row);
          output.print(context, AttentionBenchmark.COLUMNS, row);
          if (context.interrupt().raised()) {
            return Interrupt.EXIT_CODE;
          }
        }
      }
    }
    output.finish(context, report);
    return 0;
  }

  private List<Supplier<Workload>> workloads() {
    Map<String, Supplier<Workload>> known = Workloads.all(templates);
    List<Supplier<Workload>> chosen = new ArrayList<>();
    for (String name : names) {
      List<String> members = Workloads.group(name, templates);
      for (String member : members.isEmpty() ? List.of(name) : members) {
        Supplier<Workload> w = known.get(member);
        if (w == null) {
          throw new IllegalArgumentException(
              "unknown workload '"
                  + name
                  + "'; known: deft, fasttree, pat, "
                  + String.join(", ", known.keySet()));
        }
        chosen.add(w);
      }
    }
    for (String spec : trees) {
      Workload w = Workload.parse(spec);
      chosen.add(() -> w);
    }
    return chosen.isEmpty() ? List.copyOf(known.values()) : chosen;
  }

  private UnaryOperator<Workload> shape() {
    String spec = heads;
    if (spec == null) {
      return UnaryOperator.identity();
    }
    HeadOptions h = HeadOptions.parse(spec);
    return w -> w.withHeads(h.queryHeads(), h.kvHeads(), h.headDim());
  }
}
