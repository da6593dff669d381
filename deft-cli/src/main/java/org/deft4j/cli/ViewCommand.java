package org.deft4j.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.deft4j.cli.report.HtmlReport;
import org.deft4j.cli.report.SearchLog;
import org.deft4j.cli.report.TraceLog;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deft view}. */
@Command(
    name = "view",
    description = "Write the search of a trace as an HTML page to look at.",
    mixinStandardHelpOptions = true)
final class ViewCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "TRACE", description = "A file that 'deft run --trace' wrote.")
  private Path trace = Path.of("");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE.html",
      description = "The page; without it, beside the trace with .html behind its name.")
  private @Nullable Path output;

  ViewCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    SearchLog log = TraceLog.read(trace);
    Path file =
        output != null ? output : trace.resolveSibling(trace.getFileName().toString() + ".html");
    HtmlReport.write(file, "DeFT: " + trace.getFileName(), List.of(log));
    context.terminal().out().println(file);
    return 0;
  }
}
