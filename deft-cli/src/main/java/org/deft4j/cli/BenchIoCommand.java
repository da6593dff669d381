package org.deft4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.deft4j.bench.io.IoTable;
import org.deft4j.bench.io.TemplateFile;
import org.deft4j.bench.report.Report;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.KvGeometry;
import org.deft4j.tree.plan.PlanOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code deft bench io}. */
@Command(
    name = "io",
    description = {
      "Count what attention moves over recorded trees, method by method.",
      "The recordings are those of the DeFT paper: github.com/LINs-lab/DeFT,"
          + " dataset/generation/Reasoning."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class BenchIoCommand implements Callable<Integer> {
  private final Context context;

  @Option(
      names = "--templates",
      paramLabel = "PATH",
      required = true,
      description = "A template file, or a folder with some (*.json); may be repeated.")
  private List<Path> templates = new ArrayList<>();

  @Option(
      names = "--attention",
      paramLabel = "METHOD",
      split = ",",
      description = "Only these methods (default: all).")
  private List<String> methods = new ArrayList<>();

  @Option(
      names = "--block-tokens",
      paramLabel = "N",
      defaultValue = "128",
      description = "Tokens a block of flatten and node-chunk (default ${DEFAULT-VALUE}).")
  private int blockTokens;

  @Option(
      names = "--query-heads",
      paramLabel = "N",
      defaultValue = "32",
      description = "Query heads that bytes are counted for (default ${DEFAULT-VALUE}).")
  private int queryHeads;

  @Option(
      names = "--kv-heads",
      paramLabel = "N",
      defaultValue = "8",
      description = "KV heads (default ${DEFAULT-VALUE}).")
  private int kvHeads;

  @Option(
      names = "--head-dim",
      paramLabel = "N",
      defaultValue = "128",
      description = "Elements a head (default ${DEFAULT-VALUE}).")
  private int headDim;

  @Mixin private OutputOptions output = new OutputOptions();

  BenchIoCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    output.check();
    List<AttentionMethod> chosen =
        methods.isEmpty()
            ? List.of(AttentionMethod.values())
            : methods.stream().map(AttentionMethod::of).distinct().toList();
    if (blockTokens < 1) {
      throw new IllegalArgumentException("--block-tokens must be at least 1, was " + blockTokens);
    }
    // Half precision, as in the paper.
    KvGeometry geometry = new KvGeometry(queryHeads, kvHeads, headDim, 2, 2);
    List<TemplateFile> files =
        DataFiles.find("--templates", templates, "*.json").stream()
            .map(TemplateFile::read)
            .toList();
    PlanOptions plans =
        PlanOptions.DEFAULT.withBlocks(blockTokens, PlanOptions.DEFAULT.targetBlocks());
    boolean live = context.terminal().canRedraw();
    LiveView view = LiveView.of(context, "");
    IoTable table =
        IoTable.of(
            files,
            chosen,
            plans,
            geometry,
            (file, tree) -> {
              if (live) {
                view.show(file.name() + ": tree " + (tree + 1) + " of " + file.trees().size());
              }
              return !context.interrupt().raised();
            });
    view.clear();
    if (context.interrupt().raised()) {
      return Interrupt.EXIT_CODE;
    }
    Report report = new Report("io");
    report
        .setting("queryHeads", queryHeads)
        .setting("kvHeads", kvHeads)
        .setting("headDim", headDim)
        .setting("elementBytes", geometry.kvElementBytes())
        .setting("blockTokens", blockTokens)
        .setting("layers", 1);
    table.rows().forEach(report::add);
    output.print(context, table.markdown());
    output.finish(context, report);
    return 0;
  }
}
