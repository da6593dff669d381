package org.deft4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.deft4j.bench.attention.Workload;
import org.deft4j.bench.attention.Workloads;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.cuda.CudaAttentionMeter;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;
import org.deft4j.tree.plan.IoLedger;
import org.deft4j.tree.plan.KvGeometry;
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
      description = "Only these workloads; may be repeated (default: all).")
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

  @Mixin private CommonOptions common = new CommonOptions();

  BenchAttentionCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    KvType type =
        switch (dtype) {
          case "bf16" -> KvType.BF16;
          case "f16" -> KvType.F16;
          default ->
              throw new IllegalArgumentException("--dtype must be bf16 or f16, was " + dtype);
        };
    List<AttentionMethod> chosen = methods.stream().map(AttentionMethod::of).distinct().toList();
    // All options are looked at before a device is.
    List<Supplier<Workload>> workloads = workloads();
    UnaryOperator<Workload> shape = shape();
    List<Map<String, Object>> rows = new ArrayList<>();
    try (CudaAttentionMeter meter = CudaAttentionMeter.open()) {
      if (!common.json()) {
        context.terminal().out().printf("%s, %s; microseconds a layer%n%n", meter.device(), dtype);
        context.terminal().out().print(header());
      }
      for (Supplier<Workload> each : workloads) {
        Workload w = shape.apply(each.get());
        for (AttentionMethod method : chosen) {
          Map<String, Object> row = measure(meter, w, method, type);
          rows.add(row);
          if (!common.json()) {
            context.terminal().out().print(line(row));
            context.terminal().out().flush();
          }
          if (context.interrupt().raised()) {
            return Interrupt.EXIT_CODE;
          }
        }
      }
      if (common.json()) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("device", meter.device());
        document.put("dtype", dtype);
        document.put("results", rows);
        context.terminal().out().print(JsonWriter.document(document) + "\n");
      }
    }
    return 0;
  }

  private List<Supplier<Workload>> workloads() {
    Map<String, Supplier<Workload>> known = Workloads.all(templates);
    List<Supplier<Workload>> chosen = new ArrayList<>();
    for (String name : names) {
      Supplier<Workload> w = known.get(name);
      if (w == null) {
        throw new IllegalArgumentException(
            "unknown workload '" + name + "'; known: " + String.join(", ", known.keySet()));
      }
      chosen.add(w);
    }
    for (String spec : trees) {
      Workload w = Workload.parse(spec);
      chosen.add(() -> w);
    }
    return chosen.isEmpty() ? List.copyOf(known.values()) : chosen;
  }

  private Map<String, Object> measure(
      CudaAttentionMeter meter, Workload w, AttentionMethod method, KvType type) {
    AttentionPlanner planner = new AttentionPlanner(method);
    AttentionPlan plan = planner.plan(w.layout());
    CudaAttentionMeter.Result r =
        meter.measure(plan, w.tokens(), w.heads(), w.kvHeads(), w.headDim(), type);
    IoLedger io = plan.ledger(new KvGeometry(w.heads(), w.kvHeads(), w.headDim(), 2, 2));
    planner.close();
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("workload", w.name());
    row.put("attention", method.label());
    row.put("heads", w.heads() + "/" + w.kvHeads() + " of " + w.headDim());
    row.put("rows", plan.rows());
    row.put("tokens", w.tokens());
    row.put("streamMicros", r.streamMicros());
    row.put("attentionMicros", r.attentionMicros());
    row.put("ratio", r.attentionMicros() / r.streamMicros());
    row.put("scheduleMicros", r.scheduleMicros());
    row.put("error", r.error());
    row.put("kvBytes", io.kv());
    row.put("totalBytes", io.total());
    return row;
  }

  private UnaryOperator<Workload> shape() {
    String spec = heads;
    if (spec == null) {
      return UnaryOperator.identity();
    }
    try {
      String[] parts = spec.split(",", -1);
      if (parts.length == 3) {
        int q = Integer.parseInt(parts[0]);
        int kv = Integer.parseInt(parts[1]);
        int dim = Integer.parseInt(parts[2]);
        if (q > 0
            && kv > 0
            && q % kv == 0
            && q / kv <= 16
            && dim > 0
            && dim <= 128
            && dim % 8 == 0) {
          return w -> w.withHeads(q, kv, dim);
        }
      }
    } catch (NumberFormatException e) {
      // The message below says it.
    }
    throw new IllegalArgumentException(
        "--heads must be query heads, KV heads, head dim, like 32,8,128 (at most 16 query heads a"
            + " KV head, a head dim of a multiple of 8 up to 128), was "
            + spec);
  }

  private static String header() {
    return """
    | workload | method | heads | rows | tokens | stream | attention | ratio | schedule | error |
    |---|---|---|--:|--:|--:|--:|--:|--:|--:|
    """;
  }

  private static String line(Map<String, Object> row) {
    StringBuilder line = new StringBuilder("|");
    for (String column :
        List.of(
            "workload",
            "attention",
            "heads",
            "rows",
            "tokens",
            "streamMicros",
            "attentionMicros",
            "ratio",
            "scheduleMicros",
            "error")) {
      Object value = row.get(column);
      String text =
          value instanceof Double d
              ? String.format(
                  Locale.ROOT, column.equals("error") ? "%.1e" : d < 10 ? "%.2f" : "%.1f", d)
              : String.valueOf(value);
      line.append(' ').append(text).append(" |");
    }
    return line.append('\n').toString();
  }
}
