package org.deft4j.cli;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/**
 * Runs what commands usually run, silently: the launcher archives the classes that it loads (class
 * data sharing), which shortens every later start.
 */
@Command(name = "warm-up", hidden = true, description = "Load what commands usually load.")
final class WarmUpCommand implements Callable<Integer> {
  private final Context context;

  WarmUpCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    Terminal silent =
        new Terminal(
            InputStream.nullInputStream(),
            new PrintWriter(Writer.nullWriter()),
            new PrintWriter(Writer.nullWriter()),
            false,
            true,
            Map.of());
    Context quiet = new Context(silent, new Interrupt(), context.folders(), context.opener());
    int code = 0;
    for (String[] command :
        new String[][] {
          {"--help"},
          {"tasks", "--json"},
          {"strategies"},
          {"doctor"},
          {"models"},
          {"run", "sorting", "--length", "16"}
        }) {
      code = Math.max(code, Cli.run(quiet, command));
    }
    return code;
  }
}
