package org.deft4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.deft4j.bench.plot.ChartWriter;
import org.deft4j.bench.plot.Desktop;
import org.deft4j.bench.report.Chart;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.tree.DeftException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deft plot}. */
@Command(
    name = "plot",
    description = "Draw the charts of a benchmark's results (--json, --out) as PNG files.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class PlotCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(
      paramLabel = "FILE",
      arity = "1",
      description = "Results of 'deft bench replay', table.json of 'deft eval'.")
  private Path file = Path.of("");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = ".",
      description = "Folder for the PNG files (default: the current one).")
  private Path out = Path.of(".");

  PlotCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (!Desktop.present()) {
      throw new DeftException(
          DeftException.RUNTIME,
          "this Java runtime is a small one without java.desktop and cannot draw; take "
              + file
              + " to a machine with a JDK 25 and run 'deft plot' there");
    }
    List<Chart> charts;
    try {
      charts = Chart.read(JsonReader.read(Files.readString(file)));
    } catch (IOException e) {
      throw new DeftException(
          DeftException.USAGE, "cannot read " + file + ": " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new DeftException(DeftException.USAGE, file + ": " + e.getMessage(), e);
    }
    if (charts.isEmpty()) {
      throw new DeftException(
          DeftException.USAGE,
          file + " has no charts; those of 'deft bench replay' and 'deft eval' have");
    }
    try {
      Files.createDirectories(out);
      for (Chart c : charts) {
        context.terminal().out().println(ChartWriter.write(c, out));
      }
    } catch (IOException e) {
      throw new DeftException(
          DeftException.RUNTIME, "cannot write to " + out + ": " + e.getMessage(), e);
    }
    return 0;
  }
}
