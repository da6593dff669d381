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
    int code = 0;
    for (String[] command :
        new String[][] {
          {"--help"}, {"tasks", "--json"}, {"strategies"}, {"doctor"}, {"models"},
          {"run", "sorting", "--length", "16"}
        }) {
      code = Math.max(code, Cli.run(new Context(silent, new Interrupt()), command));
    }
    return code;
  }
}
