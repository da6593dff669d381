package org.deft4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.deft4j.bench.attention.BackendLayerTimer;
import org.deft4j.bench.attention.LayerTimer;
import org.deft4j.bench.model.ModelShape;
import org.deft4j.bench.model.WatchedEngine;
import org.deft4j.bench.replay.AttentionReplay;
import org.deft4j.bench.replay.DraftReplay;
import org.deft4j.bench.replay.EngineReplay;
import org.deft4j.bench.replay.MethodRun;
import org.deft4j.bench.replay.Recording;
import org.deft4j.bench.replay.ReplayReport;
import org.deft4j.bench.replay.ReplaySettings;
import org.deft4j.bench.report.Report;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.cuda.CudaProvider;
import org.deft4j.tree.plan.AttentionMethod;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code deft bench replay}. */
@Command(
    name = "replay",
    description = {
      "Decode recorded trees again under each attention method: time of steps and of attention,"
          + " what attention moves, and series for 'deft plot'.",
      "The recordings are those of the DeFT paper: github.com/LINs-lab/DeFT, dataset/generation"
          + " (Reasoning and Speculative_Decoding)."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BenchReplayCommand implements Callable<Integer> {
  private final Context context;

  @Option(
      names = "--templates",
      paramLabel = "PATH",
      required = true,
      description = "A file of recordings, or a folder with some (*.json); may be repeated.")
  private List<Path> templates = new ArrayList<>();

  @Option(
      names = "--record",
      paramLabel = "N",
      split = ",",
      description = "Which complete records of each file (default: 0, the first).")
  private List<Integer> records = new ArrayList<>(List.of(0));

  @Option(
      names = "--prompt",
      paramLabel = "TOKENS",
      split = ",",
      description = "Prompt lengths (default: the recorded one; 1000 for draft trees).")
  private List<Integer> prompts = new ArrayList<>();

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "0",
      description = "At most this many steps (default: 2000, and 240 of draft trees).")
  private int steps;

  @Option(
      names = "--attention",
      paramLabel = "METHOD",
      split = ",",
      description = "Only these methods (default: all).")
  private List<String> methods = new ArrayList<>();

  @Option(
      names = "--flat",
      description = "Draft trees with every token a child of the prompt, as in DeFT's benchmark.")
  private boolean flat;

  @Option(
      names = "--attention-only",
      description =
          "Time attention alone: one layer, inside a graph on CUDA, times the layers; no model is"
              + " loaded.")
  private boolean attentionOnly;

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Measure at N places spread evenly, each for its part; between them tokens are computed"
              + " as prompts are (default: every step; 16 with --attention-only).")
  private int samples;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0.8",
      description = "Of sampling thoughts, with top-k 50; 0 for greedy (default ${DEFAULT-VALUE}).")
  private float temperature;

  @Mixin private ShapeOptions model = new ShapeOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  BenchReplayCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    output.check();
    model.check();
    require(steps >= 0, "--steps must be at least 1", steps);
    require(samples >= 0, "--samples must be at least 1", samples);
    prompts.forEach(p -> require(p >= 1, "--prompt must be at least 1", p));
    List<AttentionMethod> chosen =
        methods.isEmpty()
            ? List.of(AttentionMethod.values())
            : methods.stream().map(AttentionMethod::of).distinct().toList();
    List<Recording> recordings = new ArrayList<>();
    for (Path file : DataFiles.find("--templates", templates, "*.json")) {
      recordings.addAll(Recording.read(file, records, flat));
    }
    Report report = new Report("replay");
    report.setting("templates", templates.stream().map(Path::toString).toList());
    int code =
        attentionOnly
            ? attentionOnly(report, recordings, chosen)
            : engine(report, recordings, chosen);
    if (code == 0) {
      output.finish(context, report);
    }
    return code;
  }

  private int attentionOnly(
      Report report, List<Recording> recordings, List<AttentionMethod> chosen) {
    int places = samples == 0 ? 16 : samples;
    Backend backend = TreeEngine.backend(model.engine());
    boolean cuda = backend.info().name().equals(CudaProvider.NAME);
    ModelShape shape = model.shape(cuda);
    if (shape == null) {
      backend.close();
      throw new IllegalArgumentException("--attention-only goes with --shape, not --model");
    }
    LayerTimer timer;
    if (cuda) {
      backend.close();
      timer = LayerTimer.cuda(KvType.BF16);
    } else {
      timer = new BackendLayerTimer(backend);
    }
    try (timer) {
      AttentionReplay replay =
          new AttentionReplay(
              timer, shape.layers(), shape.heads(), shape.kvHeads(), shape.headDim(), cuda ? 2 : 4);
      ReplayReport table = new ReplayReport(report);
      report.machine("device", timer.device());
      report.setting("shape", shape.name()).setting("attentionOnly", true);
      report.setting("samples", places);
      output.print(context, timer.device() + ", " + shape.name() + ", attention alone\n\n");
      output.print(context, Report.head(ReplayReport.COLUMNS));
      for (Recording r : recordings) {
        for (int prompt : promptsOf(r)) {
          List<MethodRun> runs = new ArrayList<>();
          for (AttentionMethod m : chosen) {
            runs.add(
                replay.run(r, prompt, stepsOf(r), places, m, () -> context.interrupt().raised()));
            if (context.interrupt().raised()) {
              return Interrupt.EXIT_CODE;
            }
          }
          table.add(runs).forEach(row -> output.print(context, ReplayReport.COLUMNS, row));
        }
      }
      table.addCharts();
    }
    return 0;
  }

  private int engine(Report report, List<Recording> recordings, List<AttentionMethod> chosen) {
    BooleanSupplier interrupted = () -> context.interrupt().raised();
    ReplaySettings settings = new ReplaySettings(chosen, samples, temperature, interrupted);
    ReplayReport table = new ReplayReport(report);
    report.setting("attentionOnly", false).setting("samples", samples);
    report.setting("temperature", temperature);
    for (boolean drafts : new boolean[] {false, true}) {
      List<Recording> some = recordings.stream().filter(r -> r.draft() == drafts).toList();
      if (some.isEmpty()) {
        continue;
      }
      Backend backend = TreeEngine.backend(model.engine());
      boolean cuda = backend.info().name().equals(CudaProvider.NAME);
      GgufFile file = model.open(cuda);
      report.machine("device", backend.info().description()).setting("model", file.name());
      output.print(context, backend.info().description() + "\n" + file.name() + "\n\n");
      output.print(context, Report.head(ReplayReport.COLUMNS));
      if (drafts) {
        try (DraftReplay replay = new DraftReplay(file, backend, settings)) {
          replay(table, some, replay::run);
        }
      } else {
        try (WatchedEngine engine = WatchedEngine.open(file, model.engine(), backend)) {
          replay(table, some, new EngineReplay(engine, settings)::run);
        }
      }
      output.print(context, "\n");
    }
    if (interrupted.getAsBoolean()) {
      return Interrupt.EXIT_CODE;
    }
    table.addCharts();
    return 0;
  }

  /** Decodes a recording with a prompt of some length for some steps. */
  @FunctionalInterface
  private interface Replayer {
    List<MethodRun> run(Recording recording, int prompt, int steps);
  }

  private void replay(ReplayReport table, List<Recording> recordings, Replayer replayer) {
    for (Recording r : recordings) {
      for (int prompt : promptsOf(r)) {
        List<MethodRun> runs = replayer.run(r, prompt, stepsOf(r));
        if (context.interrupt().raised()) {
          return;
        }
        table.add(runs).forEach(row -> output.print(context, ReplayReport.COLUMNS, row));
      }
    }
  }

  private List<Integer> promptsOf(Recording r) {
    return !prompts.isEmpty()
        ? prompts
        : List.of(r.draft() ? Recording.DRAFT_PROMPT : r.promptTokens());
  }

  private int stepsOf(Recording r) {
    int most = steps > 0 ? steps : r.draft() ? 240 : 2000;
    return Math.min(most, r.steps());
  }

  private static void require(boolean ok, String rule, int value) {
    if (!ok) {
      throw new IllegalArgumentException(rule + ", was " + value);
    }
  }
}
